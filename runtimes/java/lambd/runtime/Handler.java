// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;

/** The function as the loop sees it. */
interface Handler {
    /** The answer in its final form. Throws what the function throws. */
    Channel.Output call(Frame event, Context context) throws Throwable;

    /** A handler that cannot be used: AWS tells the caller so, not the init. */
    record Broken(Fault fault) implements Handler {
        @Override
        public Channel.Output call(Frame event, Context context) {
            throw fault;
        }
    }

    /** From bytes to bytes. */
    record Streams(RequestStreamHandler function, boolean answers) implements Handler {
        @Override
        public Channel.Output call(Frame event, Context context) throws Throwable {
            Channel.Output answer = new Channel.Output();
            function.handleRequest(input(event), answer, context);
            if (!answers)
                answer.writeBytes("null".getBytes(StandardCharsets.US_ASCII));
            return answer;
        }

        static InputStream input(Frame event) {
            return new ByteArrayInputStream(
                event.body, event.payloadAt, event.body.length - event.payloadAt);
        }
    }

    /** From values to values; input or output null: the function has none. */
    record Values(RequestHandler<Object, Object> function, Shape input, Shape output,
        Serializer serializer) implements Handler {
        @Override
        public Channel.Output call(Frame event, Context context) {
            Object result = function.handleRequest(input == null ? null : read(event), context);
            if (output == null)
                return Channel.Output.of("null");
            try {
                return serializer.write(result, output);
            } catch (RuntimeException | StackOverflowError error) {
                throw new RuntimeException(
                    "An error occurred during JSON serialization of response", error);
            }
        }

        private Object read(Frame event) {
            try {
                return serializer.read(event, input);
            } catch (RuntimeException | StackOverflowError error) {
                throw new RuntimeException("An error occurred during JSON parsing", error);
            }
        }
    }

    /** A method of any name in the place of an interface's. */
    record Named(Method method, Object instance)
        implements RequestHandler<Object, Object>, RequestStreamHandler {
        @Override
        public Object handleRequest(Object input, Context context) {
            return invoke(input, null, context);
        }

        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) {
            invoke(input, output, context);
        }

        private Object invoke(Object input, OutputStream output, Context context) {
            Class<?>[] types = method.getParameterTypes();
            Object[] arguments = new Object[types.length];
            for (int i = 0; i < types.length; i++)
                arguments[i] = types[i] == Context.class ? context
                    : types[i] == OutputStream.class     ? output
                                                         : input;
            try {
                return method.invoke(instance, arguments);
            } catch (InvocationTargetException error) {
                throw Named.<RuntimeException>unchecked(error.getCause());
            } catch (IllegalAccessException error) {
                throw Named.<RuntimeException>unchecked(error);
            }
        }

        /** Throw it as it is: callers of the interface cannot be told of checked ones. */
        @SuppressWarnings("unchecked")
        private static <E extends Throwable> E unchecked(Throwable error) throws E {
            throw(E) error;
        }
    }
}
