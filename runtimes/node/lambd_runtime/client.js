// SPDX-License-Identifier: Apache-2.0

// Start-up of the runtime and the loop that runs one invocation after the other.
//
// Between invocations the channel keeps the process alive; during one it does not, so that
// 'beforeExit' tells when the function has nothing left to do.

'use strict';

const Module = require('module');
const { Channel } = require('./channel.js');
const { patchConsole, setInvocation, logError } = require('./console.js');
const { readFunctionFacts, fillContext } = require('./context.js');
const { Invocation } = require('./invocation.js');
const { loadHandler } = require('./loader.js');
const {
    awslambda,
    StreamedInvocation,
    STREAMING,
    STREAM_RESPONSE,
} = require('./stream.js');
const {
    CallbackHandlerDeprecated,
    MalformedStreamingHandler,
    UnhandledPromiseRejection,
    toReport,
} = require('./errors.js');

const CHANNEL_FD = 3;
const EXIT_UNSETTLED_AWAIT = 13;
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;
const LAST_CALLBACK_VERSION = 22;
const CALLBACK_ADVICE = 'Change this function to an async handler to use Node.js 24 or later.';

/**
 * Make the process environment equal to a block of KEY=VALUE entries, each ended by NUL. An empty
 * block leaves it as it is: as a wrapper has made it.
 */
function applyEnvironment(block) {
    if (block.length === 0)
        return;
    const nodePath = process.env.NODE_PATH;
    const wanted = new Map();
    for (const entry of block.toString().split('\0')) {
        const equals = entry.indexOf('=');
        if (equals > 0)
            wanted.set(entry.slice(0, equals), entry.slice(equals + 1));
    }
    for (const key of Object.keys(process.env)) {
        if (!wanted.has(key))
            delete process.env[key];
    }
    for (const [key, value] of wanted) {
        if (process.env[key] !== value)
            process.env[key] = value;
    }
    if (process.env.NODE_PATH !== nodePath)
        Module._initPaths();
}

/** The Node.js version that the function asked for; it may differ from the interpreter's. */
function requestedVersion() {
    const match = /^AWS_Lambda_nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? '');
    return Number(match ? match[1] : process.versions.node.split('.')[0]);
}

function isAsyncFunction(handler) {
    return handler.constructor?.name === 'AsyncFunction';
}

class Runtime {
    constructor(channel) {
        this.channel = channel;
        this.handler = null;
        this.isStreaming = false;
        this.isInitialised = false;
        this.current = null;
        this.onFinished = () => this.finish();
        this.version = requestedVersion();
        this.hasCallbacks = this.version <= LAST_CALLBACK_VERSION;
    }

    async start() {
        this.watchProcess();
        try {
            this.offerGlobal();
            const taskRoot = process.env.LAMBDA_TASK_ROOT ?? '/var/task';
            process.chdir(taskRoot);
            this.handler = await loadHandler(taskRoot, process.env._HANDLER ?? '');
            this.checkHandler();
        } catch (error) {
            this.crash('Uncaught Exception', error, EXIT_UNCAUGHT_EXCEPTION);
            return;
        }
        this.isInitialised = true;
        this.channel.listen(
            (metadata, event) => this.invoke(metadata, event),
            () => process.exit(0),
        );
        this.channel.holdProcess();
        this.channel.askNext();
    }

    watchProcess() {
        process.on('uncaughtException', (error) => {
            this.crash('Uncaught Exception', error, EXIT_UNCAUGHT_EXCEPTION);
        });
        process.on('unhandledRejection', (reason, promise) => {
            const error = new UnhandledPromiseRejection(reason, promise);
            this.crash('Unhandled Promise Rejection', error, EXIT_UNHANDLED_REJECTION);
        });
        process.on('beforeExit', () => {
            if (!this.isInitialised)
                process.exit(EXIT_UNSETTLED_AWAIT);
            this.current?.idle(this.isPromiseExpected);
        });
    }

    /** Report an error that ends the process. */
    crash(title, error, status) {
        logError(title, error);
        if (!this.isInitialised)
            this.channel.failInit(toReport(error));
        else
            this.current?.abort(error);
        this.channel.exit(status);
    }

    offerGlobal() {
        const refusal = process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA;
        if (refusal !== '1' && refusal !== 'true')
            globalThis.awslambda = awslambda;
    }

    checkHandler() {
        const handler = this.handler;
        const streaming = handler[STREAMING];
        if (streaming && streaming !== STREAM_RESPONSE)
            throw new MalformedStreamingHandler('Only response streaming is supported.');
        this.isStreaming = Boolean(streaming);
        this.isPromiseExpected = !this.hasCallbacks || isAsyncFunction(handler);
        if (this.isStreaming || handler.length < 3)
            return;
        if (!this.hasCallbacks) {
            throw new CallbackHandlerDeprecated('AWS Lambda has removed support for ' +
                `callback-based function handlers starting with Node.js 24. ${CALLBACK_ADVICE}`);
        }
        const isSilenced = process.env.AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING !== undefined;
        if (handler.length === 3 && !isAsyncFunction(handler) && !isSilenced) {
            console.warn('AWS Lambda plans to remove support for callback-based function ' +
                `handlers starting with Node.js 24. ${CALLBACK_ADVICE} To disable this warning, ` +
                'set the AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING environment variable.');
        }
    }

    invoke(metadata, event) {
        this.channel.releaseProcess();
        setInvocation(
            metadata['Lambda-Runtime-Aws-Request-Id'],
            metadata['Lambda-Runtime-Aws-Tenant-Id'],
        );
        if (this.isStreaming)
            this.handleOnceStreaming(metadata, event);
        else
            this.handleOnceNonStreaming(metadata, event);
    }

    // This method's and its class's names are seen in the stack traces of functions.
    handleOnceNonStreaming(metadata, event) {
        const invocation = new Invocation(this.channel, this.onFinished);
        this.current = invocation;
        try {
            let result;
            if (this.hasCallbacks) {
                const context = fillContext(invocation.makeCallbackContext(), metadata);
                result = this.handler(JSON.parse(event), context,
                    (error, value) => invocation.callback(error, value));
            } else {
                result = this.handler(JSON.parse(event), fillContext({}, metadata));
            }
            if (typeof result?.then === 'function') {
                result.then((value) => invocation.done(null, value),
                    (error) => invocation.done(error ?? 'handled'));
            } else if (!this.hasCallbacks) {
                invocation.done(null, result);
            }
        } catch (error) {
            invocation.done(error ?? 'handled');
        }
    }

    handleOnceStreaming(metadata, event) {
        const invocation = new StreamedInvocation(this.channel, this.handler, this.onFinished);
        this.current = invocation;
        invocation.run((stream) => {
            const context = fillContext({ callbackWaitsForEmptyEventLoop: true }, metadata);
            return this.handler(JSON.parse(event), stream, context);
        });
    }

    finish() {
        this.current = null;
        this.channel.holdProcess();
    }
}

function main() {
    const channel = new Channel(CHANNEL_FD);
    const block = channel.readInit();
    if (block === null)
        process.exit(0);
    applyEnvironment(block);
    patchConsole(channel);
    readFunctionFacts();
    new Runtime(channel).start();
}

module.exports = { main };
