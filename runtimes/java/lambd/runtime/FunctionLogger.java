// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatterBuilder;
import java.util.LinkedHashMap;
import java.util.Map;

/** The logger of the context: text as it is, or JSON records; each call is one event. */
public final class FunctionLogger implements LambdaLogger {
    private static volatile FunctionLogger current;

    private final Channel channel;
    private final boolean isJson;
    private final LogLevel lowest;
    private volatile InvocationContext context; // null: during init

    FunctionLogger(Channel channel) {
        this.channel = channel;
        isJson = "JSON".equalsIgnoreCase(System.getenv("AWS_LAMBDA_LOG_FORMAT"));
        lowest = levelNamed(System.getenv("AWS_LAMBDA_LOG_LEVEL"));
        current = this;
    }

    public static LambdaLogger get() {
        return current;
    }

    void setContext(InvocationContext context) {
        this.context = context;
    }

    private static LogLevel levelNamed(String name) {
        try {
            return LogLevel.fromString(name);
        } catch (IllegalArgumentException error) {
            return LogLevel.UNDEFINED;
        }
    }

    @Override
    public void log(String message) {
        log(message, LogLevel.UNDEFINED);
    }

    @Override
    public void log(byte[] message) {
        log(message, LogLevel.UNDEFINED);
    }

    @Override
    public void log(String message, LogLevel level) {
        if (isEnabled(level))
            write((isJson ? record(message, level) : line(message, level))
                      .getBytes(StandardCharsets.UTF_8),
                level);
    }

    /** Bytes have their form already. */
    @Override
    public void log(byte[] message, LogLevel level) {
        if (isEnabled(level))
            write(message, level);
    }

    /** An error that callers are told of: a record has a level, text has none. */
    void logError(String report) {
        log(report, isJson ? LogLevel.ERROR : LogLevel.UNDEFINED);
    }

    private boolean isEnabled(LogLevel level) {
        return level == LogLevel.UNDEFINED || level.compareTo(lowest) >= 0;
    }

    private void write(byte[] bytes, LogLevel level) {
        channel.writeLog(bytes, isJson, level.ordinal());
    }

    private static String line(String message, LogLevel level) {
        return level == LogLevel.UNDEFINED ? String.valueOf(message) : "[" + level + "] " + message;
    }

    private String record(String message, LogLevel level) {
        Map<String, Object> fields = new LinkedHashMap<>();
        InvocationContext known = context;
        fields.put("timestamp", Clock.now());
        fields.put("message", message);
        fields.put("level", level.name());
        if (known != null)
            fields.put("AWSRequestId", known.getAwsRequestId());
        if (known != null && known.getTenantId() != null)
            fields.put("tenantId", known.getTenantId());
        return JsonWriter.text(fields) + "\n";
    }

    /** Loaded with the first record only. */
    private static final class Clock {
        private static final java.time.format.DateTimeFormatter FORMAT =
            new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

        static String now() {
            return FORMAT.format(Instant.now());
        }
    }
}
