// SPDX-License-Identifier: Apache-2.0

package cases;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The Java half of the cases that every language's client must pass. */
public class Cases {
    private int count;

    public static class CustomError extends RuntimeException {
        CustomError(String message) {
            super(message);
        }
    }

    public static class Node {
        public Node getSelf() {
            return this;
        }
    }

    public Object echo(Object value) {
        return value;
    }

    public void nothing() {}

    public int counter() {
        return ++count;
    }

    public String big(int length) {
        return "x".repeat(length);
    }

    public Map<String, String> environment() {
        return System.getenv();
    }

    public String directory() throws IOException {
        return new java.io.File(".").getCanonicalPath();
    }

    public Map<String, Object> describe(Object value, Context context) {
        Map<String, Object> described = new HashMap<>();
        var identity = context.getIdentity();
        var client = context.getClientContext();
        described.put("functionName", context.getFunctionName());
        described.put("functionVersion", context.getFunctionVersion());
        described.put("invokedFunctionArn", context.getInvokedFunctionArn());
        described.put("memoryLimitInMB", context.getMemoryLimitInMB());
        described.put("awsRequestId", context.getAwsRequestId());
        described.put("logGroupName", context.getLogGroupName());
        described.put("logStreamName", context.getLogStreamName());
        described.put("tenantId", context.getTenantId());
        described.put("identityId", identity == null ? null : identity.getIdentityId());
        described.put("identityPoolId", identity == null ? null : identity.getIdentityPoolId());
        described.put("custom", client == null ? null : client.getCustom());
        described.put("env", client == null ? null : client.getEnvironment());
        described.put("appTitle", client == null ? null : client.getClient().getAppTitle());
        described.put("remaining", context.getRemainingTimeInMillis());
        return described;
    }

    public void fail(String message) {
        throw new CustomError(message);
    }

    public void fail_long() {
        throw new CustomError("m".repeat(300000));
    }

    public String say(String text) {
        System.out.println(text);
        return "said";
    }

    public String say_part(String text) {
        System.out.print(text);
        return "said";
    }

    public Node unserialisable() {
        return new Node();
    }

    public void leave(int status) {
        System.exit(status);
    }

    public void kill() throws IOException, InterruptedException {
        new ProcessBuilder("/bin/sh", "-c", "kill -9 " + ProcessHandle.current().pid()).start();
        Thread.sleep(Long.MAX_VALUE);
    }

    public void log(String text, Context context) {
        context.getLogger().log(text + "\n");
    }

    public void log_warning(Object value, Context context) {
        context.getLogger().log("too low", LogLevel.INFO);
        context.getLogger().log("high enough", LogLevel.WARN);
    }

    public List<String> children() throws IOException {
        Process child = new ProcessBuilder("/bin/sh", "-c", "readlink /proc/self/fd/*").start();
        String links = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return List.of(links.trim().split("\n"));
    }

    public String pause(boolean forever) throws InterruptedException {
        if (forever)
            Thread.sleep(Long.MAX_VALUE);
        return "awake";
    }

    public int leave_or_count(Integer status) {
        if (status != null)
            System.exit(status);
        return counter();
    }
}
