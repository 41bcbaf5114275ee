// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.io.FileDescriptor;
import java.util.Map;

/** What only native code can do: jdk.c. */
final class Jdk {
    static {
        String jar = System.getProperty("java.class.path");
        System.load(jar.substring(0, jar.lastIndexOf('/') + 1) + "libjdk.so");
    }

    private Jdk() {}

    /** An inherited descriptor. */
    static native FileDescriptor descriptor(int number);

    /** KEY=VALUE entries, each ended by NUL, become the process's environment. */
    static native boolean takeEnvironment(byte[] block, int from, int length);

    /** The copy of the environment that the JVM has made for System.getenv(); it can be changed. */
    static native Map<String, String> environment();

    /** Go where the path of the current folder leads now. False: nowhere. */
    static native boolean enterAgain();
}
