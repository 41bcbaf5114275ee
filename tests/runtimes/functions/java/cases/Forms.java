// SPDX-License-Identifier: Apache-2.0

package cases;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.LambdaRuntime;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The forms that a handler may have, and those that it may not. */
public class Forms {
    public static class Upper implements RequestHandler<String, String> {
        @Override
        public String handleRequest(String text, Context context) {
            return text.toUpperCase();
        }
    }

    public abstract static class First<T> implements RequestHandler<List<T>, T> {
        @Override
        public T handleRequest(List<T> items, Context context) {
            return items.get(0);
        }
    }

    /** Its type is two classes away. */
    public static class FirstOrder extends First<Values.Order> {
        @Override
        public Values.Order handleRequest(List<Values.Order> orders, Context context) {
            orders.get(0).setCustomer(orders.get(0).getCustomer() + "!");
            return super.handleRequest(orders, context);
        }
    }

    public static class Copy implements RequestStreamHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            output.write('<');
            input.transferTo(output);
            output.write('>');
        }
    }

    public static class Nothing implements RequestHandler<Object, Void> {
        @Override
        public Void handleRequest(Object event, Context context) {
            return null;
        }
    }

    @SuppressWarnings("rawtypes")
    public static class Raw implements RequestHandler {
        @Override
        public Object handleRequest(Object event, Context context) {
            return event;
        }
    }

    public static class Open<T> implements RequestHandler<T, String> {
        @Override
        public String handleRequest(T event, Context context) {
            return "open";
        }
    }

    public static class Throwing implements RequestHandler<String, String> {
        @Override
        public String handleRequest(String text, Context context) {
            try {
                throw new IOException("inner");
            } catch (IOException error) {
                throw new IllegalStateException(error);
            }
        }
    }

    public static class WithArgument {
        public WithArgument(int number) {}

        public void handler() {}
    }

    public class Inner {
        public void handler() {}
    }

    public static class BadConstructor {
        public BadConstructor() {
            throw new IllegalStateException("startup");
        }

        public void handler() {}
    }

    public static class BadStatic {
        static {
            if (true)
                throw new IllegalStateException("static");
        }

        public void handler() {}
    }

    static class NotPublic {
        public NotPublic() {}

        public static String handler() {
            return "called";
        }
    }

    /* Overloads */

    public String pick(String event) {
        return "one";
    }

    public String pick(String event, Context context) {
        return "two";
    }

    public String pick() {
        return "none";
    }

    public String pick(String event, String other) {
        return "never";
    }

    public String odd(int one, int two) {
        return "never";
    }

    private void secret() {}

    public String none() {
        return "called";
    }

    public String context(Context context) {
        return context.getAwsRequestId();
    }

    public static int twice(int number) {
        return 2 * number;
    }

    public boolean not(boolean value) {
        return !value;
    }

    public double half(double number) {
        return number / 2;
    }

    public void copy(InputStream input, OutputStream output) throws IOException {
        input.transferTo(output);
    }

    public void copyWithContext(InputStream input, OutputStream output, Context context) throws IOException {
        output.write(context.getFunctionName().getBytes(StandardCharsets.UTF_8));
    }

    public void write(OutputStream output, Context context) throws IOException {
        output.write("\"written\"".getBytes(StandardCharsets.UTF_8));
    }

    public String read(InputStream input) throws IOException {
        System.out.println(new String(input.readAllBytes(), StandardCharsets.UTF_8));
        return "ignored";
    }

    /* What happens */

    public void nested() {
        IllegalStateException error = new IllegalStateException("outer", new IllegalArgumentException("inner"));
        error.addSuppressed(new IOException("suppressed"));
        throw error;
    }

    public void checked() throws IOException {
        throw new IOException("checked");
    }

    public void silent() {
        throw new NullPointerException();
    }

    public void overflow() {
        overflow();
    }

    public int exhaust() {
        return new byte[Integer.MAX_VALUE].length;
    }

    /** Was it before? */
    public boolean interrupt() {
        boolean wasInterrupted = Thread.currentThread().isInterrupted();
        Thread.currentThread().interrupt();
        return wasInterrupted;
    }

    public String trace(Object event, Context context) {
        String property = System.getProperty("com.amazonaws.xray.traceHeader");
        return property + " " + context.getXrayTraceId();
    }

    public void log(String text, Context context) {
        LambdaLogger logger = LambdaRuntime.getLogger();
        logger.log("plain");
        logger.log("bytes".getBytes(StandardCharsets.UTF_8));
        logger.log("leveled", LogLevel.ERROR);
        logger.log("leveled bytes".getBytes(StandardCharsets.UTF_8), LogLevel.DEBUG);
    }

    public String property(String name) {
        return System.getProperty(name);
    }

    public String security(String name) {
        return java.security.Security.getProperty(name);
    }

    public long heap() {
        return Runtime.getRuntime().maxMemory() >> 20;
    }

    /** Relative names lead into the function's folder, for us and for programs that we start. */
    public Map<String, Object> folder() throws IOException {
        String started = Files.readString(Path.of("/proc/self/environ"), StandardCharsets.ISO_8859_1);
        Process pwd = new ProcessBuilder("/bin/sh", "-c", "ls -d cases/Forms.class; echo $MINE").start();
        return Map.of("was stem", !started.contains("AWS_LAMBDA_FUNCTION_NAME="),
            "own", String.valueOf(System.getenv("MINE")),
            "is there", new File("cases/Forms.class").isFile() && Files.exists(Path.of("cases/Forms.class")),
            "absolute", new File("x").getAbsolutePath(),
            "child", new String(pwd.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    public Map<String, String> names(Object event, Context context) {
        return Map.of("logger", String.valueOf(context.getLogger() == LambdaRuntime.getLogger()),
            "loader", String.valueOf(Thread.currentThread().getContextClassLoader() == Forms.class.getClassLoader()),
            "encoding", System.getProperty("file.encoding"), "zone", java.util.TimeZone.getDefault().getID());
    }
}
