// SPDX-License-Identifier: Apache-2.0

// The runtime channel: frames over an inherited socket. docs/runtime-channel.md is the contract.
//
// INIT is read before there is an event loop to speak of, with blocking reads. After that the
// socket is read by the event loop, so that signals, timers and connections of the function go on
// while we wait. Writes are synchronous: a log record must be out before a crash or process.exit().
// Only the parts of a streamed response are queued in net.Socket when the socket is full, for the
// sake of back-pressure, and then everything is, so that frames stay in order.

'use strict';

const fs = require('fs');
const net = require('net');

const INIT = 0x01;
const INVOKE = 0x02;
const NEXT = 0x81;
const RESPONSE = 0x82;
const ERROR = 0x83;
const INIT_ERROR = 0x84;
const LOG = 0x85;

const FLAG_MORE = 1;
const FLAG_JSON = 1;

const HEADER_BYTES = 12;
const READ_BYTES = 65536;
const OUTPUT_BYTES = 65536;
// A UTF-16 unit takes at most three bytes in UTF-8.
const SHORT_TEXT_UNITS = Math.floor((OUTPUT_BYTES - 64) / 3);
const LOG_MESSAGE_BYTES_MAX = 262144;
const METADATA_VALUE_BYTES_MAX = 65535;

// The first wait for a full socket; later ones grow to a millisecond.
const FIRST_WAIT_MS = 0.05;
const NEVER_NOTIFIED = new Int32Array(new SharedArrayBuffer(4));

const NO_METADATA = Buffer.from([0, 0]);
const NEXT_FRAME = Buffer.from([0, 0, 0, 2, NEXT, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** Encode an object of strings; values that do not fit are cut. */
function packMetadata(values) {
    const parts = [];
    for (const [key, text] of Object.entries(values)) {
        const value = Buffer.from(text).subarray(0, METADATA_VALUE_BYTES_MAX);
        const keyBytes = Buffer.from(key);
        const lengths = Buffer.alloc(4);
        lengths.writeUInt16BE(keyBytes.length, 0);
        lengths.writeUInt16BE(value.length, 2);
        parts.push(lengths.subarray(0, 2), keyBytes, lengths.subarray(2), value);
    }
    const packed = Buffer.concat([NO_METADATA, ...parts]);
    packed.writeUInt16BE(packed.length - 2, 0);
    return packed;
}

/** Decode the metadata of a frame to an object of strings. */
function unpackMetadata(data, start, end) {
    const values = {};
    for (let at = start; at < end;) {
        const valueAt = at + 2 + ((data[at] << 8) | data[at + 1]);
        const next = valueAt + 2 + ((data[valueAt] << 8) | data[valueAt + 1]);
        values[data.latin1Slice(at + 2, valueAt)] = data.utf8Slice(valueAt + 2, next);
        at = next;
    }
    return values;
}

function writeHeader(buffer, length, type, flags, invocation) {
    buffer.writeUInt32BE(length, 0);
    buffer[4] = type;
    buffer[5] = flags;
    buffer[6] = buffer[7] = 0;
    buffer.writeUInt32BE(invocation, 8);
}

class Channel {
    constructor(fd) {
        this.fd = fd;
        this.socket = null;
        // The number of the running INVOKE, 0 between invocations.
        this.invocation = 0;
        this.output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
        // A frame that has not arrived completely.
        this.partial = null;
        this.partialBytes = 0;
        this.onInvoke = null;
    }

    /** Wait, blocking, for the INIT frame and return its payload. Null: the channel ended. */
    readInit() {
        const header = this.readExactly(HEADER_BYTES);
        if (header === null)
            return null;
        const body = this.readExactly(header.readUInt32BE(0));
        if (body === null)
            return null;
        if (header[4] !== INIT)
            throw new Error(`frame of type ${header[4]} before INIT`);
        return body.subarray(2 + body.readUInt16BE(0));
    }

    readExactly(count) {
        const data = Buffer.allocUnsafe(count);
        for (let at = 0; at < count;) {
            const n = fs.readSync(this.fd, data, at, count - at, null);
            if (n === 0)
                return null;
            at += n;
        }
        return data;
    }

    /**
     * Read INVOKE frames from the event loop. The channel keeps the process alive only between
     * holdProcess() and releaseProcess(): during an invocation the end of the function's own work
     * must be noticed.
     */
    listen(onInvoke, onEnd) {
        this.onInvoke = onInvoke;
        this.socket = new net.Socket({
            fd: this.fd,
            readable: true,
            writable: true,
            allowHalfOpen: false,
            onread: {
                buffer: Buffer.allocUnsafeSlow(READ_BYTES),
                callback: (count, buffer) => this.take(buffer.subarray(0, count)),
            },
        });
        this.socket.on('end', onEnd);
        this.socket.on('error', onEnd);
        this.socket.read(0);
        this.releaseProcess();
    }

    holdProcess() {
        this.socket.ref();
    }

    releaseProcess() {
        this.socket.unref();
    }

    /** Consume bytes as they arrive, whatever their pieces. */
    take(data) {
        while (data.length > 0) {
            if (this.partial === null) {
                const size = data.length < HEADER_BYTES ? 0 : HEADER_BYTES + data.readUInt32BE(0);
                if (size !== 0 && size <= data.length) {
                    this.dispatch(data.subarray(0, size));
                    data = data.subarray(size);
                    continue;
                }
                this.partial = Buffer.allocUnsafe(size === 0 ? HEADER_BYTES : size);
                this.partialBytes = 0;
            }
            data = data.subarray(this.fill(data));
        }
        return true;
    }

    /** Move bytes into the partial frame; returns how many. */
    fill(data) {
        const count = data.copy(this.partial, this.partialBytes);
        this.partialBytes += count;
        if (this.partialBytes < this.partial.length)
            return count;
        const size = HEADER_BYTES + this.partial.readUInt32BE(0);
        if (size > this.partial.length) {
            // Only now the header is complete.
            const whole = Buffer.allocUnsafe(size);
            this.partial.copy(whole);
            this.partial = whole;
            return count;
        }
        const frame = this.partial;
        this.partial = null;
        this.dispatch(frame);
        return count;
    }

    dispatch(frame) {
        if (frame[4] !== INVOKE)
            return;
        const payloadAt = 14 + ((frame[12] << 8) | frame[13]);
        this.invocation = frame.readUInt32BE(8);
        const metadata = unpackMetadata(frame, 14, payloadAt);
        this.onInvoke(metadata, frame.utf8Slice(payloadAt, frame.length));
    }

    /** Say that the runtime is ready for its first invocation. */
    askNext() {
        this.write(NEXT_FRAME);
    }

    /** Answer the running invocation with JSON text and ask for the next one. */
    respond(text) {
        if (text.length > SHORT_TEXT_UNITS) {
            this.finish(RESPONSE, NO_METADATA, Buffer.from(text));
            return;
        }
        const output = this.output;
        const count = output.utf8Write(text, 14);
        writeHeader(output, 2 + count, RESPONSE, 0, this.invocation);
        output[12] = output[13] = 0;
        NEXT_FRAME.copy(output, 14 + count);
        this.invocation = 0;
        this.write(output.subarray(0, 14 + count + NEXT_FRAME.length));
    }

    /** Report an error of the running invocation and ask for the next one. */
    fail(report) {
        this.finish(ERROR, packMetadata(report.metadata), Buffer.from(report.body));
    }

    finish(type, metadata, body) {
        const frame = this.makeFrame(type, 0, metadata, body);
        this.invocation = 0;
        this.write(Buffer.concat([frame, NEXT_FRAME]));
    }

    /** Report an error of the running invocation; the process ends after it. */
    failLast(report) {
        this.write(this.makeErrorFrame(ERROR, report));
    }

    /** Report that the function cannot be initialised; the process ends after it. */
    failInit(report) {
        this.write(this.makeErrorFrame(INIT_ERROR, report));
    }

    makeErrorFrame(type, report) {
        return this.makeFrame(type, 0, packMetadata(report.metadata), Buffer.from(report.body));
    }

    /** End the process once everything is sent. */
    exit(status) {
        if (!this.isQueueing())
            process.exit(status);
        this.socket.write('', () => process.exit(status));
    }

    /** Send a piece of a streamed response; onSent is called when there is room for more. */
    respondPart(metadata, body, isLast, onSent) {
        const packed = metadata === null ? NO_METADATA : packMetadata(metadata);
        const flags = isLast ? 0 : FLAG_MORE;
        this.writeOrQueue(this.makeFrame(RESPONSE, flags, packed, body), onSent);
    }

    /** After the last part of a streamed response. */
    finishParts() {
        this.invocation = 0;
        this.write(NEXT_FRAME);
    }

    /** Send one log event. */
    log(text, level, isJson) {
        const microseconds = BigInt(Date.now()) * 1000n;
        const flags = (isJson ? FLAG_JSON : 0) | (level << 2);
        const message = Buffer.from(text);
        let at = 0;
        do {
            const end = this.cutMessage(message, at);
            const body = Buffer.allocUnsafe(8 + end - at);
            body.writeBigUInt64BE(microseconds, 0);
            message.copy(body, 8, at, end);
            this.write(this.makeFrame(LOG, flags, NO_METADATA, body));
            at = end;
        } while (at < message.length);
    }

    /** Where the piece of a message that starts at `at` ends; never inside a character. */
    cutMessage(message, at) {
        if (message.length - at <= LOG_MESSAGE_BYTES_MAX)
            return message.length;
        let end = at + LOG_MESSAGE_BYTES_MAX;
        while ((message[end] & 0xc0) === 0x80)
            end--;
        return end;
    }

    makeFrame(type, flags, metadata, body) {
        const frame = Buffer.allocUnsafe(HEADER_BYTES + metadata.length + body.length);
        writeHeader(frame, metadata.length + body.length, type, flags, this.invocation);
        metadata.copy(frame, HEADER_BYTES);
        body.copy(frame, HEADER_BYTES + metadata.length);
        return frame;
    }

    /** Send all of it now, or behind what is queued already. */
    write(data) {
        if (this.isQueueing()) {
            this.socket.write(Buffer.from(data));
            return;
        }
        let at = 0;
        for (let waits = 0; at < data.length; waits++) {
            const count = this.writeSome(data, at);
            at += count;
            if (count === 0)
                Atomics.wait(NEVER_NOTIFIED, 0, 0, Math.min(1, FIRST_WAIT_MS * (waits + 1)));
        }
    }

    /** Send what the socket takes now and queue the rest; onSent is called when it is sent. */
    writeOrQueue(data, onSent) {
        let at = 0;
        while (at < data.length && !this.isQueueing()) {
            const count = this.writeSome(data, at);
            if (count === 0)
                break;
            at += count;
        }
        if (at < data.length)
            this.socket.write(data.subarray(at), onSent);
        else
            onSent();
    }

    isQueueing() {
        return this.socket !== null && this.socket.writableLength > 0;
    }

    /** One write; returns how many bytes were taken, 0 when the socket is full. */
    writeSome(data, at) {
        try {
            return fs.writeSync(this.fd, data, at, data.length - at);
        } catch (error) {
            if (error.code === 'EAGAIN' || error.code === 'EINTR')
                return 0;
            return process.exit(0); // Nobody is left to hear us.
        }
    }
}

module.exports = { Channel };
