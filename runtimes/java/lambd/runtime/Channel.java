// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The runtime channel: frames over an inherited socket. docs/runtime-channel.md is the contract.
 * One thread receives; any thread may send, because log records come from wherever the function
 * logs. The end of the channel is the end of the process: nobody is left to answer, and threads of
 * the function cannot matter.
 */
final class Channel {
    static final int INIT = 0x01, INVOKE = 0x02;
    private static final int NEXT = 0x81, RESPONSE = 0x82, ERROR = 0x83, INIT_ERROR = 0x84,
                             LOG = 0x85;
    private static final int HEADER_BYTES = 12, AHEAD_BYTES = 65536;
    private static final int LOG_MESSAGE_BYTES_MAX = 262144, METADATA_VALUE_BYTES_MAX = 65535;

    private final FileInputStream input;
    private final FileOutputStream output;
    private final byte[] ahead = new byte[AHEAD_BYTES];
    private int aheadFrom, aheadTo;
    private volatile int invocation;

    Channel(FileDescriptor descriptor) {
        // Programs that the function starts do not hold the channel open: the JVM closes every
        // descriptor but the first three for them.
        input = new FileInputStream(descriptor);
        output = new FileOutputStream(descriptor);
    }

    Frame receive() {
        byte[] header = take(HEADER_BYTES);
        byte[] body = take(Frame.number(header, 0, 4));
        Frame frame = new Frame(header[4] & 0xFF, Frame.number(header, 8, 4), body);
        if (frame.type == INVOKE)
            invocation = frame.invocation;
        return frame;
    }

    private byte[] take(int count) {
        byte[] data = new byte[count];
        for (int at = 0; at < count;) {
            if (aheadFrom == aheadTo) {
                aheadFrom = 0;
                aheadTo = readAhead();
            }
            int length = Math.min(aheadTo - aheadFrom, count - at);
            System.arraycopy(ahead, aheadFrom, data, at, length);
            aheadFrom += length;
            at += length;
        }
        return data;
    }

    private int readAhead() {
        int count;
        try {
            count = input.read(ahead, 0, ahead.length);
        } catch (IOException error) {
            count = -1;
        }
        if (count <= 0)
            Runtime.getRuntime().halt(0);
        return count;
    }

    /** Say that the runtime is ready for its first invocation. */
    void askNext() {
        send(new Output().frame(NEXT, 0, 0, Map.of(), 0));
    }

    /** Answer the current invocation and ask for the next one. */
    void respond(Output answer) {
        finish(RESPONSE, Map.of(), answer, true);
    }

    /** Report an error of the current invocation; asksNext: and the runtime lives on. */
    void fail(Map<String, String> metadata, Output body, boolean asksNext) {
        finish(ERROR, metadata, body, asksNext);
    }

    private void finish(int type, Map<String, String> metadata, Output body, boolean asksNext) {
        Output frames = new Output(body.size() + 256);
        frames.frame(type, 0, invocation, metadata, body.size()).put(body);
        invocation = 0;
        if (asksNext)
            frames.frame(NEXT, 0, 0, Map.of(), 0);
        send(frames);
    }

    /** Report that the function cannot be initialised. The process ends after this. */
    void failInit(Map<String, String> metadata, Output body) {
        send(new Output().frame(INIT_ERROR, 0, 0, metadata, body.size()).put(body));
    }

    /** Send one log event; level 0 (none), 1 (TRACE) to 6 (FATAL). */
    void writeLog(byte[] message, boolean isJson, int level) {
        long milliseconds = System.currentTimeMillis();
        Output frames = new Output(message.length + 256);
        for (int at = 0; at < message.length;) {
            int length = pieceLength(message, at);
            frames.frame(LOG, (isJson ? 1 : 0) | level << 2, invocation, Map.of(), 8 + length);
            frames.number(milliseconds * 1000, 8).write(message, at, length);
            at += length;
        }
        send(frames);
    }

    /** What one frame may carry of a message, never half a character. */
    private static int pieceLength(byte[] message, int at) {
        int length = Math.min(message.length - at, LOG_MESSAGE_BYTES_MAX);
        int shorter = length;
        while (at + shorter < message.length && shorter > length - 4 &&
            (message[at + shorter] & 0xC0) == 0x80)
            shorter--;
        // More than three such bytes in a row are no UTF-8: cut anywhere.
        return shorter > length - 4 && shorter > 0 ? shorter : length;
    }

    private void send(Output frames) {
        synchronized (output) {
            try {
                for (int at = 0; at < frames.size(); at += AHEAD_BYTES)
                    output.write(frames.bytes(), at, Math.min(AHEAD_BYTES, frames.size() - at));
            } catch (IOException error) {
                Runtime.getRuntime().halt(0);
            }
        }
    }

    /** What is sent, or will be: bytes that can be looked at without a copy. */
    static final class Output extends java.io.ByteArrayOutputStream {
        Output() {
            super(1024);
        }

        Output(int size) {
            super(size);
        }

        static Output of(CharSequence text) {
            byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
            Output output = new Output(bytes.length);
            output.write(bytes, 0, bytes.length);
            return output;
        }

        byte[] bytes() {
            return buf;
        }

        Output put(Output other) {
            write(other.buf, 0, other.count);
            return this;
        }

        /** Big-endian. */
        Output number(long value, int bytes) {
            for (int i = bytes - 1; i >= 0; i--)
                write((int) (value >> 8 * i));
            return this;
        }

        private Output text(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            int length = Math.min(bytes.length, METADATA_VALUE_BYTES_MAX);
            number(length, 2).write(bytes, 0, length);
            return this;
        }

        /** A frame up to its payload, which has so many bytes. */
        Output frame(
            int type, int flags, int invocation, Map<String, String> metadata, int payloadBytes) {
            Output packed = new Output();
            for (Map.Entry<String, String> entry : metadata.entrySet())
                packed.text(entry.getKey()).text(entry.getValue());
            number(2 + packed.size() + payloadBytes, 4)
                .number(type, 1)
                .number(flags, 1)
                .number(0, 2);
            return number(invocation, 4).number(packed.size(), 2).put(packed);
        }
    }
}
