// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.security.CodeSource;
import java.security.PermissionCollection;
import java.security.Permissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The function's classes: its folder, the jars of its lib folder, then those of layers, each in the
 * order of their names. Our classes come first, so that handler interfaces are ours whatever the
 * function brings.
 */
final class FunctionLoader extends URLClassLoader {
    private FunctionLoader(URL[] places) {
        super(places, FunctionLoader.class.getClassLoader());
    }

    static FunctionLoader of(String taskRoot, String layers) {
        List<URL> places = new ArrayList<>();
        try {
            places.add(new URL("file", null, -1, taskRoot + "/"));
            addJars(places, taskRoot + "/lib/");
            addJars(places, layers + "/lib/");
        } catch (MalformedURLException error) {
            throw new IllegalStateException(error);
        }
        return new FunctionLoader(places.toArray(new URL[0]));
    }

    /**
     * None: nobody asks for permissions, and finding out those of a folder loads a dozen classes.
     */
    @Override
    protected PermissionCollection getPermissions(CodeSource source) {
        return new Permissions();
    }

    private static void addJars(List<URL> places, String folder) throws MalformedURLException {
        String[] names = new File(folder).list();
        if (names == null)
            return;
        Arrays.sort(names);
        for (String name : names)
            if (name.endsWith(".jar"))
                places.add(new URL("file", null, -1, folder + name));
    }
}
