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

    /**
     * The environment of this process as Java sees it and hands it on; it can be changed. The JVM
     * copies the process's own when it is first asked, and has no way to set a variable.
     */
    static native Map<String, String> environment();

    /** Go where the path of the current folder leads now. False: nowhere. */
    static native boolean enterAgain();
}
