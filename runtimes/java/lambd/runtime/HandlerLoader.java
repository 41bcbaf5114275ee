// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.TypeVariable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Finds what a handler string names: "package.Class::method", or "package.Class" that implements
 * one of the two interfaces. What is wrong with the string, the class or the method is told to the
 * caller of each invocation; what the class itself throws while it is loaded is an error of the
 * init.
 */
final class HandlerLoader {
    /** Longest first, where a context at the end counts for two; never a compiler's bridge. */
    private static final Comparator<Method> PREFERENCE = new Comparator<>() {
        @Override
        public int compare(Method one, Method other) {
            if (one.isBridge() != other.isBridge())
                return one.isBridge() ? 1 : -1;
            return weight(other.getParameterTypes()) - weight(one.getParameterTypes());
        }

        private int weight(Class<?>[] types) {
            return types.length +
                (types.length > 0 && types[types.length - 1] == Context.class ? 1 : 0);
        }
    };

    private final FunctionLoader loader;

    HandlerLoader(FunctionLoader loader) {
        this.loader = loader;
    }

    /** Throws Fault when the init has failed. */
    Handler load(String name) {
        int colons = name.lastIndexOf("::");
        String className = colons < 0 ? name : name.substring(0, colons);
        String methodName = colons < 0 ? null : name.substring(colons + 2);
        if (className.isEmpty() || methodName != null && methodName.isEmpty())
            return new Handler.Broken(Fault.of("Invalid handler: `" + name + "'"));
        try {
            Class<?> type = Class.forName(className, true, loader);
            return methodName == null ? ofInterface(type) : ofMethod(type, methodName);
        } catch (Fault fault) {
            throw fault;
        } catch (ClassNotFoundException error) {
            return new Handler.Broken(Fault.of("Class not found: " + className, error));
        } catch (NoClassDefFoundError error) {
            return new Handler.Broken(notLoaded(className, error));
        } catch (Throwable error) {
            throw notLoaded(className, error);
        }
    }

    private static Fault notLoaded(String className, Throwable error) {
        String message = error.getMessage() == null ? "" : ": " + error.getMessage();
        return Fault.of("Error loading class " + className + message, error);
    }

    private Handler ofInterface(Class<?> type) {
        if (!RequestStreamHandler.class.isAssignableFrom(type) &&
            !RequestHandler.class.isAssignableFrom(type))
            return broken(
                "Class does not implement an appropriate handler interface: " + type.getName());
        try {
            if (RequestStreamHandler.class.isAssignableFrom(type))
                return new Handler.Streams((RequestStreamHandler) create(type), true);
            return ofRequestHandler(type);
        } catch (UnusableException error) {
            return error.handler();
        }
    }

    @SuppressWarnings("unchecked")
    private Handler ofRequestHandler(Class<?> type) throws UnusableException {
        TypeVariable<?>[] names = RequestHandler.class.getTypeParameters();
        Shape input = Shape.of(type).variables().get(names[0]);
        Shape output = Shape.of(type).variables().get(names[1]);
        String lacks = "Class " + type.getName() +
            " does not implement RequestHandler with concrete type parameters";
        if (input == null || output == null)
            return broken(lacks);
        for (Shape shape : List.of(input, output))
            if (shape.isOpen())
                return broken(lacks + ": parameter " + shape.type + " has no upper bound.");
        return values((RequestHandler<Object, Object>) create(type), input, output);
    }

    private Handler ofMethod(Class<?> type, String name) {
        List<Method> candidates = new ArrayList<>();
        try {
            for (Method method : type.getMethods())
                if (method.getName().equals(name) && isUsable(method.getParameterTypes()))
                    candidates.add(method);
        } catch (NoClassDefFoundError error) {
            String text = "Error loading method " + name + " on class " + type.getName();
            return new Handler.Broken(Fault.of(text, error));
        }
        if (candidates.isEmpty())
            return broken("No public method named " + name +
                " with appropriate method signature found on class " + type.getName());
        candidates.sort(PREFERENCE);
        try {
            return ofMethod(type, candidates.get(0));
        } catch (UnusableException error) {
            return error.handler();
        }
    }

    private Handler ofMethod(Class<?> type, Method method) throws UnusableException {
        Object instance = Modifier.isStatic(method.getModifiers()) ? null : create(type);
        Handler.Named function = new Handler.Named(method, instance);
        Class<?>[] types = method.getParameterTypes();
        // A public method of a class that is not public is callable on AWS, too.
        method.trySetAccessible();
        if (types.length > 0 && (types[0] == InputStream.class || types[0] == OutputStream.class))
            return new Handler.Streams(function, List.of(types).contains(OutputStream.class));
        Shape owner = Shape.of(type);
        Shape input =
            types.length == 0 || types[0] == Context.class ? null
                                                           : owner.inside(
                                                                 method.getGenericParameterTypes()
                                                                     [0]);
        return values(function, input, owner.inside(method.getGenericReturnType()));
    }

    /**
     * (value), (value, Context), (InputStream, OutputStream, Context) and what is shorter than
     * these.
     */
    private static boolean isUsable(Class<?>[] types) {
        if (types.length < 2)
            return true;
        boolean areStreams = types[0] == InputStream.class && types[1] == OutputStream.class;
        if (types.length == 2)
            return areStreams || types[1] == Context.class && types[0] != Context.class;
        return types.length == 3 && areStreams && types[2] == Context.class;
    }

    private Handler values(RequestHandler<Object, Object> function, Shape input, Shape output) {
        boolean isVoid = output.raw == void.class || output.raw == Void.class;
        return new Handler.Values(function, input, isVoid ? null : output, Serializer.of(loader));
    }

    private static Handler broken(String text) {
        return new Handler.Broken(Fault.of(text));
    }

    private static Object create(Class<?> type) throws UnusableException {
        try {
            return constructorOf(type).newInstance();
        } catch (InvocationTargetException error) {
            throw Fault.of(Fault.messageOf(error.getCause()), error.getCause());
        } catch (Exception error) {
            throw new UnusableException(error);
        }
    }

    private static Constructor<?> constructorOf(Class<?> type) throws Exception {
        try {
            return type.getConstructor();
        } catch (NoSuchMethodException error) {
            if (type.getEnclosingClass() != null && !Modifier.isStatic(type.getModifiers()))
                throw new Exception("Class " + type.getName() +
                    " cannot be instantiated because it is a non-static inner class");
            throw new Exception(
                "Class " + type.getName() + " has no public zero-argument constructor", error);
        }
    }

    /** There can be no instance of a class. */
    private static final class UnusableException extends Exception {
        UnusableException(Exception error) {
            super(error);
        }

        Handler handler() {
            return new Handler.Broken(Fault.of(Fault.messageOf(getCause()), getCause()));
        }
    }
}
