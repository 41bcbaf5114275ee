/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the Java runtime client needs and Java cannot do. The JVM knows neither how to take over an
 * inherited descriptor nor how to change its directory or environment; JNI may look where Java code
 * may not. The names are the same from Java 17 to 25.
 */

#include <jni.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

JNIEXPORT jobject JNICALL Java_lambd_runtime_Jdk_descriptor(JNIEnv *jni, jclass type, jint number)
{
    jclass descriptor = (*jni)->FindClass(jni, "java/io/FileDescriptor");
    jmethodID make = (*jni)->GetMethodID(jni, descriptor, "<init>", "(I)V");

    (void)type;
    return make ? (*jni)->NewObject(jni, descriptor, make, number) : NULL;
}

/*
 * KEY=VALUE entries, each ended by NUL, become the process's environment: what programs that Java
 * starts get, and what native code sees. False: out of memory.
 */
JNIEXPORT jboolean JNICALL Java_lambd_runtime_Jdk_takeEnvironment(JNIEnv *jni, jclass type,
                                                                  jbyteArray block, jint from,
                                                                  jint length)
{
    char *kept = malloc((size_t)length + 1); /* for good: the environment points into it */

    (void)type;
    if (!kept)
        return JNI_FALSE;
    (*jni)->GetByteArrayRegion(jni, block, from, length, (jbyte *)kept);
    kept[length] = '\0';
    (void)clearenv();
    for (char *at = kept; at < kept + length; at += strlen(at) + 1)
        (void)putenv(at);
    return JNI_TRUE;
}

/* The map that System.getenv() looks into, as a map of texts. NULL: an exception is on its way. */
JNIEXPORT jobject JNICALL Java_lambd_runtime_Jdk_environment(JNIEnv *jni, jclass type)
{
    jclass owner = (*jni)->FindClass(jni, "java/lang/ProcessEnvironment");
    jclass view = (*jni)->FindClass(jni, "java/lang/ProcessEnvironment$StringEnvironment");
    jfieldID held;
    jmethodID make;

    (void)type;
    if (!owner || !view)
        return NULL;
    held = (*jni)->GetStaticFieldID(jni, owner, "theEnvironment", "Ljava/util/HashMap;");
    make = held ? (*jni)->GetMethodID(jni, view, "<init>", "(Ljava/util/Map;)V") : NULL;
    if (!make)
        return NULL;
    return (*jni)->NewObject(jni, view, make, (*jni)->GetStaticObjectField(jni, owner, held));
}

/* A process that waited for its function is in the folder over which the function's was mounted:
 * its path leads to that one. */
JNIEXPORT jboolean JNICALL Java_lambd_runtime_Jdk_enterAgain(JNIEnv *jni, jclass type)
{
    char path[PATH_MAX];

    (void)jni;
    (void)type;
    return getcwd(path, sizeof(path)) && chdir(path) == 0;
}
