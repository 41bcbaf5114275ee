/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the Java runtime client needs and Java cannot do. The JVM knows neither how to take over an
 * inherited descriptor nor how to change its directory or environment; JNI may look where Java code
 * may not. The names are the same from Java 17 to 25.
 */

#include <jni.h>
#include <limits.h>
#include <unistd.h>

JNIEXPORT jobject JNICALL Java_lambd_runtime_Jdk_descriptor(JNIEnv *jni, jclass type, jint number)
{
    jclass descriptor = (*jni)->FindClass(jni, "java/io/FileDescriptor");
    jmethodID make = (*jni)->GetMethodID(jni, descriptor, "<init>", "(I)V");

    (void)type;
    return make ? (*jni)->NewObject(jni, descriptor, make, number) : NULL;
}

/*
 * The map that System.getenv() and the environment of programs started later come from, as a map of
 * texts. NULL: an exception is on its way.
 */
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
