// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.nio.charset.StandardCharsets;

/**
 * A process that waits for its function uses the time: what happens from INIT to the first answer
 * happens once before, with a class of ours in the place of the function, so that the JVM has
 * loaded and linked all of it. Nothing of it can be seen later.
 */
public final class Rehearsal {
    private static final int ROUNDS = 20;
    private static final String EVENT = "{\"text\":\"\\u00e4\",\"list\":[1,2.5,true,null]}";

    /** What a function might take and give. */
    public static final class Order {
        private String text;

        public String getText() {
            return text;
        }

        public void setText(String text) {
            this.text = text;
        }

        public Object same(Object value) {
            return value;
        }

        public Order part(Order order) {
            return order;
        }
    }

    private Rehearsal() {}

    static void run() {
        HandlerLoader loader = new HandlerLoader(FunctionLoader.of("/var/task", "/opt/java"));
        Frame frame =
            new Frame(Channel.INVOKE, 0, ("\0\0" + EVENT).getBytes(StandardCharsets.UTF_8));
        Jdk.environment();
        Fault.of(new IllegalStateException()).body();
        loader.load("absent.Function::handler");
        try {
            for (String method : new String[] {"same", "part"}) {
                Handler handler = loader.load(Order.class.getName() + "::" + method);
                for (int i = 0; i < ROUNDS; i++)
                    handler.call(frame, new InvocationContext(frame, null));
            }
        } catch (Throwable error) {
            throw new IllegalStateException(error);
        }
    }
}
