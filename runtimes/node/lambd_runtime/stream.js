// SPDX-License-Identifier: Apache-2.0

// Response streaming: awslambda.streamifyResponse, and the stream that such a handler writes to.
//
// Each write becomes a RESPONSE frame with the MORE flag. A write is done when the channel took
// it, so a slow reader holds the function back and memory stays bounded.

'use strict';

const { InvalidStreamingOperation, toReport, toStreamMetadata } = require('./errors.js');
const { logError } = require('./console.js');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const STREAM_RESPONSE = 'response';
const HTTP_CONTENT_TYPE = 'application/vnd.awslambda.http-integration-response';
const DEFAULT_CONTENT_TYPE = 'application/octet-stream';
const CONTENT_TYPE_UNITS_MAX = 1024;
const PRELUDE_END = new Uint8Array(8);
const NOTHING = Buffer.alloc(0);

let ResponseStream;

/** The global that functions use; it must exist before the function's module is loaded. */
const awslambda = {
    streamifyResponse(handler, options) {
        handler[STREAMING] = STREAM_RESPONSE;
        if (typeof options?.highWaterMark === 'number')
            handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
        return handler;
    },

    HttpResponseStream: {
        /** Make a response stream carry status, headers and cookies in front of the body. */
        from(stream, prelude) {
            stream.setContentType(HTTP_CONTENT_TYPE);
            const text = JSON.stringify(prelude);
            stream._onBeforeFirstWrite = (write) => {
                write(text);
                write(PRELUDE_END);
            };
            return stream;
        },
    },
};

// The stream module's classes are made only when a function streams.
function defineResponseStream() {
    const { Writable } = require('stream');

    const toChunk = (value) => {
        const isBytes = typeof value === 'string' || value instanceof Uint8Array;
        return isBytes || value === undefined || value === null ? value : JSON.stringify(value);
    };

    return class extends Writable {
        constructor(channel, highWaterMark) {
            super({ highWaterMark, decodeStrings: true });
            this._channel = channel;
            this._contentType = DEFAULT_CONTENT_TYPE;
            this._isStarted = false;
            this._isEnded = false;
            this._onBeforeFirstWrite = undefined;
        }

        setContentType(contentType) {
            if (this._isStarted)
                throw new InvalidStreamingOperation('Cannot set content-type, too late.');
            this._contentType = String(contentType).slice(0, CONTENT_TYPE_UNITS_MAX);
        }

        write(chunk, encoding, callback) {
            return super.write(toChunk(chunk), encoding, callback);
        }

        end(chunk, encoding, callback) {
            const isCallback = typeof chunk === 'function';
            return super.end(isCallback ? chunk : toChunk(chunk), encoding, callback);
        }

        _write(chunk, _encoding, callback) {
            this._sendPart(this._withPrelude(chunk), false, callback);
        }

        _final(callback) {
            this._sendPart(this._withPrelude(NOTHING), true, callback);
        }

        _withPrelude(chunk) {
            const before = this._onBeforeFirstWrite;
            if (this._isStarted || typeof before !== 'function')
                return chunk;
            const parts = [];
            before((part) => parts.push(Buffer.from(part)));
            return Buffer.concat([...parts, chunk]);
        }

        _sendPart(body, isLast, callback, errorMetadata = null) {
            const first = this._isStarted ? null : {
                'Lambda-Runtime-Function-Response-Mode': 'streaming',
                'Content-Type': this._contentType,
            };
            this._isStarted = true;
            this._isEnded = isLast;
            const metadata = errorMetadata === null ? first : { ...first, ...errorMetadata };
            this._channel.respondPart(metadata, body, isLast, callback);
        }

        /** End the response in the middle. */
        _breakOff(error) {
            this._sendPart(NOTHING, true, () => {}, toStreamMetadata(error));
            this.destroy();
        }
    };
}

class StreamedInvocation {
    constructor(channel, handler, onFinished) {
        ResponseStream ??= defineResponseStream();
        this.channel = channel;
        this.onFinished = onFinished;
        this.isFinished = false;
        this.stream = new ResponseStream(channel, handler[HIGH_WATER_MARK]);
        this.stream.on('error', (error) => this.fail(error));
    }

    /** Call a streaming handler and see its stream to the end. */
    async run(call) {
        try {
            const promise = call(this.stream);
            if (typeof promise?.then !== 'function')
                throw new Error('Streaming does not support non-async handlers.');
            if (await promise !== undefined)
                console.warn('Streaming handlers ignore return values.');
            await this.waitForStream();
            this.finish();
        } catch (error) {
            this.fail(error);
        }
    }

    /** A handler may return while its last writes, or a pipe into the stream, are on their way. */
    waitForStream() {
        const stream = this.stream;
        if (stream.writableFinished)
            return undefined;
        return new Promise((resolve, reject) => {
            const giveUp = () => reject(new Error('Response stream is not finished.'));
            if (stream.destroyed)
                giveUp();
            stream.once('finish', resolve);
            stream.once('close', giveUp);
        });
    }

    finish() {
        if (this.isFinished)
            return;
        this.isFinished = true;
        this.channel.finishParts();
        this.onFinished();
    }

    fail(error) {
        if (this.isFinished)
            return;
        logError('Invoke Error', error);
        if (this.stream._isStarted) {
            if (!this.stream._isEnded)
                this.stream._breakOff(error);
            this.finish();
            return;
        }
        this.isFinished = true;
        this.stream.destroy();
        this.channel.fail(toReport(error));
        this.onFinished();
    }

    /** The process is about to end because of an error. */
    abort(error) {
        if (this.isFinished)
            return;
        this.isFinished = true;
        if (!this.stream._isStarted)
            this.channel.failLast(toReport(error));
        else if (!this.stream._isEnded)
            this.stream._breakOff(error);
    }

    /** The event loop is empty: the stream will never be ended. */
    idle() {
        this.fail(new Error('Response stream is not finished.'));
    }
}

module.exports = { awslambda, StreamedInvocation, STREAMING, STREAM_RESPONSE };
