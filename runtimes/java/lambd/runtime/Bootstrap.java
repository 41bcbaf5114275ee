// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import com.amazonaws.services.lambda.runtime.LambdaRuntimeInternal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOError;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.HashMap;
import java.util.Map;

/**
 * Start-up of the runtime and the loop that runs one invocation after the other. Everything on the
 * way to the first answer is written without lambdas, streams and formatters: each costs the JVM
 * milliseconds when it is first used.
 */
public final class Bootstrap {
    private static final int CHANNEL_FD = 3, EXIT_INIT_FAILED = 1;
    /**
     * Where AWS's X-Ray SDK looks since Java 17; the variable _X_AMZN_TRACE_ID is of older ones.
     */
    private static final String TRACE_PROPERTY = "com.amazonaws.xray.traceHeader";

    private final Channel channel;
    private final FunctionLogger logger;
    private final Handler handler;

    private Bootstrap(Channel channel) {
        this.channel = channel;
        boolean waits = System.getenv("_HANDLER") == null;
        if (waits)
            Rehearsal.run();
        applyEnvironment(channel.receive());
        // Where we are, the function's folder has been mounted since.
        if (waits)
            Jdk.enterAgain();
        takeConsole();
        setLookUpMemory(System.getenv("AWS_LAMBDA_JAVA_NETWORKADDRESS_CACHE_NEGATIVE_TTL"));
        logger = new FunctionLogger(channel);
        handler = loadHandler();
    }

    public static void main(String[] arguments) {
        new Bootstrap(new Channel(Jdk.descriptor(CHANNEL_FD))).serve();
    }

    /**
     * Make the process environment equal to a block of KEY=VALUE entries, each ended by NUL. An
     * empty block leaves it as it is: as a wrapper has made it.
     */
    private static void applyEnvironment(Frame init) {
        Map<String, String> wanted = new HashMap<>();
        for (int at = init.payloadAt; at < init.body.length;) {
            int end = at;
            while (init.body[end] != 0)
                end++;
            String entry = init.text(at, end);
            int equals = entry.indexOf('=');
            wanted.put(entry.substring(0, equals), entry.substring(equals + 1));
            at = end + 1;
        }
        if (wanted.isEmpty() || wanted.equals(System.getenv()))
            return;
        if (!Jdk.takeEnvironment(init.body, init.payloadAt, init.body.length - init.payloadAt))
            throw new OutOfMemoryError();
        Map<String, String> environment = Jdk.environment();
        environment.clear();
        environment.putAll(wanted);
    }

    /**
     * For how many seconds names that were not found are not looked up again. Without the variable
     * it stays at the JDK's 10, where AWS has 1: setting it takes as long as half of the JVM's
     * start.
     */
    private static void setLookUpMemory(String seconds) {
        if (seconds != null)
            Security.setProperty("networkaddress.cache.negative.ttl", seconds);
    }

    /** The console writes UTF-8 whatever the host's locale is, and at once. */
    private static void takeConsole() {
        System.setOut(console(FileDescriptor.out));
        System.setErr(console(FileDescriptor.err));
    }

    private static PrintStream console(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    private Handler loadHandler() {
        FunctionLoader loader = FunctionLoader.of(System.getenv("LAMBDA_TASK_ROOT"), "/opt/java");
        Thread.currentThread().setContextClassLoader(loader);
        try {
            return new HandlerLoader(loader).load(System.getenv("_HANDLER"));
        } catch (Fault fault) {
            logger.logError(fault.report());
            channel.failInit(fault.metadata(), fault.body());
            Runtime.getRuntime().halt(EXIT_INIT_FAILED);
            throw fault;
        }
    }

    private void serve() {
        channel.askNext();
        while (true) {
            Frame frame = channel.receive();
            if (frame.type == Channel.INVOKE)
                invoke(frame);
        }
    }

    private void invoke(Frame frame) {
        setTrace(frame.header("Trace-Id"));
        Channel.Output answer;
        try {
            InvocationContext context = new InvocationContext(frame, logger);
            logger.setContext(context);
            if (LambdaRuntimeInternal.getUseLog4jAppender())
                nameInLog4j(context.getAwsRequestId());
            answer = handler.call(frame, context);
        } catch (Throwable error) {
            fail(error);
            return;
        }
        // A function that was interrupted does not hand that on.
        Thread.interrupted();
        channel.respond(answer);
    }

    /**
     * For patterns with %X{AWSRequestId}. The library is the function's; without it, nothing is
     * named.
     */
    private static void nameInLog4j(String requestId) {
        try {
            Class
                .forName("org.apache.logging.log4j.ThreadContext", true,
                    Thread.currentThread().getContextClassLoader())
                .getMethod("put", String.class, String.class)
                .invoke(null, "AWSRequestId", requestId);
        } catch (ReflectiveOperationException error) {
            System.err.println("the request id cannot be told to Log4j: " + error);
        }
    }

    private static void setTrace(String traceId) {
        if (traceId == null)
            System.clearProperty(TRACE_PROPERTY);
        else
            System.setProperty(TRACE_PROPERTY, traceId);
    }

    private void fail(Throwable error) {
        Fault fault = error instanceof Fault known ? known : Fault.of(error);
        boolean livesOn = !(error instanceof VirtualMachineError || error instanceof IOError);
        logger.logError(fault.report());
        channel.fail(fault.metadata(), fault.body(), livesOn);
        if (!livesOn)
            Runtime.getRuntime().halt(0);
    }
}
