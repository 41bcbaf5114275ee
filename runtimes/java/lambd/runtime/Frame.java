// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** One frame from lambd. */
final class Frame {
    final int type;
    final int invocation;
    final byte[] body;
    final int payloadAt;
    private final Map<String, String> metadata = new HashMap<>();

    Frame(int type, int invocation, byte[] body) {
        this.type = type;
        this.invocation = invocation;
        this.body = body;
        payloadAt = 2 + number(body, 0, 2);
        for (int at = 2; at < payloadAt;) {
            int valueAt = at + 2 + number(body, at, 2);
            int end = valueAt + 2 + number(body, valueAt, 2);
            metadata.put(text(at + 2, valueAt), text(valueAt + 2, end));
            at = end;
        }
    }

    /** Big-endian. */
    static int number(byte[] data, int at, int bytes) {
        int value = 0;
        for (int i = 0; i < bytes; i++)
            value = value << 8 | data[at + i] & 0xFF;
        return value;
    }

    String text(int from, int to) {
        return new String(body, from, to - from, StandardCharsets.UTF_8);
    }

    /** A value named as the Runtime API's header, without "Lambda-Runtime-"; null: not sent. */
    String header(String name) {
        return metadata.get("Lambda-Runtime-" + name);
    }
}
