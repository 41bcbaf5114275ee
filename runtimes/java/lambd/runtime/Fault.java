// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An error as callers, the log and X-Ray see it: of the function's code, or of a handler that
 * cannot be used. The texts of the latter are AWS's.
 */
final class Fault extends RuntimeException {
    private static final int CAUSE_MESSAGE_MAX = 4096, CAUSE_FRAMES_MAX = 64;
    private static final String OWN_PACKAGE = "lambd.runtime.";

    private final String text;
    private final String type; // null: AWS names none
    private final Throwable thrown; // null: there was none
    private final boolean isOfCode;

    private Fault(String text, Throwable thrown, boolean isOfCode) {
        super(text, null, false, false);
        this.text = text;
        this.type = thrown == null ? null : thrown.getClass().getName();
        this.thrown = thrown;
        this.isOfCode = isOfCode;
        if (thrown != null)
            cutOwnFrames(thrown, new IdentityHashMap<>());
    }

    /** What the function's code has thrown. */
    static Fault of(Throwable thrown) {
        return new Fault(messageOf(thrown), thrown, true);
    }

    /** A handler that cannot be used. */
    static Fault of(String text) {
        return new Fault(text, null, false);
    }

    /** Likewise, because of an error that is not worded for callers. */
    static Fault of(String text, Throwable thrown) {
        return new Fault(text, thrown, false);
    }

    static String messageOf(Throwable thrown) {
        String message = thrown.getLocalizedMessage();
        return message == null ? thrown.getClass().getName() : message;
    }

    /** Callers see their own frames: everything from our first one on goes. */
    private static void cutOwnFrames(Throwable thrown, IdentityHashMap<Throwable, Boolean> seen) {
        if (thrown == null || seen.put(thrown, true) != null)
            return;
        StackTraceElement[] trace = thrown.getStackTrace();
        for (int i = 0; i < trace.length; i++) {
            if (trace[i].getClassName().startsWith(OWN_PACKAGE)) {
                thrown.setStackTrace(java.util.Arrays.copyOf(trace, i));
                break;
            }
        }
        cutOwnFrames(thrown.getCause(), seen);
        for (Throwable suppressed : thrown.getSuppressed())
            cutOwnFrames(suppressed, seen);
    }

    /** What goes to the log. */
    String report() {
        if (thrown == null)
            return text + "\n";
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace));
        return text + ": " + type + "\n" + trace + "\n";
    }

    /** What the caller of Invoke receives, in AWS's key order. */
    Channel.Output body() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("errorMessage", text);
        if (type != null)
            fields.put("errorType", type);
        if (isOfCode)
            fields.put("stackTrace", lines());
        return JsonWriter.write(fields);
    }

    private List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (StackTraceElement frame : thrown.getStackTrace())
            lines.add(frame.toString());
        return lines;
    }

    Map<String, String> metadata() {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("Lambda-Runtime-Function-Error-Type",
            isOfCode ? "Runtime.UserException" : "Runtime.BadFunctionCode");
        if (isOfCode)
            metadata.put("Lambda-Runtime-Function-XRay-Error-Cause", JsonWriter.text(cause()));
        return metadata;
    }

    private Map<String, Object> cause() {
        List<Object> stack = new ArrayList<>();
        List<String> paths = new ArrayList<>();
        for (StackTraceElement frame : thrown.getStackTrace()) {
            String path = fileOf(frame);
            if (!paths.contains(path))
                paths.add(path);
            if (stack.size() < CAUSE_FRAMES_MAX)
                stack.add(fields(
                    "label", frame.getMethodName(), "path", path, "line", frame.getLineNumber()));
        }
        String message =
            text.length() > CAUSE_MESSAGE_MAX ? text.substring(0, CAUSE_MESSAGE_MAX) + "..." : text;
        return fields("working_directory", System.getProperty("user.dir"), "exceptions",
            List.of(fields("message", message, "type", type, "stack", stack)), "paths",
            paths.size() > CAUSE_FRAMES_MAX ? paths.subList(0, CAUSE_FRAMES_MAX) : paths);
    }

    private static String fileOf(StackTraceElement frame) {
        String name = frame.getClassName();
        return frame.getFileName() != null ? frame.getFileName()
                                           : name.substring(name.lastIndexOf('.') + 1) + ".java";
    }

    private static Map<String, Object> fields(Object... namesAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
        return fields;
    }
}
