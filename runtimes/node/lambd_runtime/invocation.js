// SPDX-License-Identifier: Apache-2.0

// One buffered invocation: the ways in which a handler may answer, of which the first one counts.
//
// - The promise of the handler settles, or context.succeed, fail or done is called: at once.
// - callback(error): at once. callback(null, result): when the event loop is empty, unless
//   context.callbackWaitsForEmptyEventLoop is false.
// - Nothing of it and the event loop is empty: null, or Runtime.NodeJsExit if a promise is open.

'use strict';

const { NodeJsExit, toReport } = require('./errors.js');
const { logError } = require('./console.js');

class Invocation {
    constructor(channel, onFinished) {
        this.channel = channel;
        this.onFinished = onFinished;
        this.isAnswered = false;
        this.isFinished = false;
        this.waitsForEmptyEventLoop = true;
        // What to do when the event loop is empty.
        this.onIdle = null;
    }

    /** The part of the context with which handlers of Node.js 22 and before may answer. */
    makeCallbackContext() {
        const invocation = this;
        return {
            get callbackWaitsForEmptyEventLoop() {
                return invocation.waitsForEmptyEventLoop;
            },
            set callbackWaitsForEmptyEventLoop(value) {
                invocation.waitsForEmptyEventLoop = value;
            },
            succeed: (result) => this.done(null, result),
            fail: (error) => this.done(error ?? 'handled'),
            done: (error, result) => this.done(error, result),
        };
    }

    callback(error, result) {
        if (this.isAnswered)
            return;
        const isFailure = error !== undefined && error !== null;
        if (isFailure || !this.waitsForEmptyEventLoop) {
            this.done(error, result);
            return;
        }
        this.isAnswered = true;
        this.onIdle = () => this.complete(result);
    }

    done(error, result) {
        if (this.isAnswered)
            return;
        this.isAnswered = true;
        if (error !== undefined && error !== null)
            this.fail(error);
        else
            this.complete(result);
    }

    complete(result) {
        if (this.isFinished)
            return;
        let text;
        try {
            text = JSON.stringify(result === undefined ? null : result) ?? 'null';
        } catch {
            this.fail(new Error('Unable to stringify response body'));
            return;
        }
        this.isFinished = true;
        this.channel.respond(text);
        this.onFinished();
    }

    fail(error) {
        if (this.isFinished)
            return;
        this.isFinished = true;
        logError('Invoke Error', error);
        this.channel.fail(toReport(error));
        this.onFinished();
    }

    /** The process is about to end because of an error. */
    abort(error) {
        if (this.isFinished)
            return;
        this.isFinished = true;
        this.channel.failLast(toReport(error));
    }

    /** The event loop is empty: whatever has not happened by now never will. */
    idle(isPromiseExpected) {
        if (this.onIdle !== null) {
            this.onIdle();
            return;
        }
        this.isAnswered = true;
        if (isPromiseExpected)
            this.fail(new NodeJsExit());
        else
            this.complete(null);
    }
}

module.exports = { Invocation };
