// SPDX-License-Identifier: Apache-2.0

// Errors of the runtime itself, and the forms in which errors are reported.

'use strict';

const ERROR_TYPE_UNITS_MAX = 256;
const CAUSE_BYTES_MAX = 32768;
const CAUSE_MESSAGE_UNITS_MAX = 4096;

const runtimeErrors = {
    ImportModuleError: class extends Error {},
    HandlerNotFound: class extends Error {},
    MalformedHandlerName: class extends Error {},
    UserCodeSyntaxError: class extends Error {},
    MalformedStreamingHandler: class extends Error {},
    InvalidStreamingOperation: class extends Error {},
    CallbackHandlerDeprecated: class extends Error {},
    NodeJsExit: class extends Error {
        constructor() {
            super('The Lambda runtime client detected an unexpected Node.js exit code. ' +
                'This is most commonly caused by a Promise that was never settled. ' +
                'For more information, see ' +
                'https://nodejs.org/docs/latest/api/process.html#exit-codes');
        }
    },
    UnhandledPromiseRejection: class extends Error {
        constructor(reason, promise) {
            super(textOf(reason));
            this.reason = reason;
            this.promise = promise;
        }
    },
};

// The name must be on the prototype: it becomes part of the stack's first line.
for (const [name, errorClass] of Object.entries(runtimeErrors))
    errorClass.prototype.name = `Runtime.${name}`;

function textOf(value) {
    try {
        return String(value);
    } catch {
        return Object.prototype.toString.call(value);
    }
}

function isErrorLike(value) {
    return value instanceof Error ||
        (value !== null && typeof value === 'object' && typeof value.name === 'string' &&
         typeof value.message === 'string' && typeof value.stack === 'string');
}

/** What the caller of Invoke receives. */
function toPayload(error) {
    try {
        if (isErrorLike(error)) {
            return {
                errorType: error.name,
                errorMessage: error.message,
                trace: error.stack.split('\n'),
            };
        }
        return { errorType: typeof error, errorMessage: String(error), trace: [] };
    } catch {
        return {
            errorType: 'handled',
            errorMessage: 'callback called with Error argument, but there was a problem while ' +
                'retrieving one or more of its message, name, and stack',
            trace: [],
        };
    }
}

function intoError(value) {
    return value instanceof Error ? value : new Error(textOf(value));
}

/** Error fields are not enumerable; make those visible to JSON that a log reader wants. */
function withVisibleFields(_key, value) {
    if (!(value instanceof Error))
        return value;
    const visible = {
        errorType: value.name,
        errorMessage: value.message,
        code: value.code,
        ...value,
    };
    if (typeof value.stack === 'string')
        visible.stack = value.stack.split('\n');
    return visible;
}

/** The log text of an error. On AWS it starts with a tab. */
function toLogText(error) {
    try {
        return `\t${JSON.stringify(error, withVisibleFields)}`;
    } catch {
        return `\t${JSON.stringify(toPayload(error))}`;
    }
}

/** One line of a stack: "    at label (path:line:column)" or "    at path:line:column". */
function parseStackLine(line) {
    const place = line.trim().replace(/^at /, '').replace(/[()]/g, '');
    const blank = place.lastIndexOf(' ');
    const [path, lineNumber] = place.slice(blank + 1).replace(/^file:\/\//, '').split(':');
    return {
        path,
        line: parseInt(lineNumber, 10) || 0,
        label: blank > 0 ? place.slice(0, blank) : 'anonymous',
    };
}

function causeWith(error, stack) {
    let message = textOf(error.message);
    if (message.length > CAUSE_MESSAGE_UNITS_MAX)
        message = `${message.slice(0, CAUSE_MESSAGE_UNITS_MAX)}...`;
    return JSON.stringify({
        working_directory: process.cwd(),
        exceptions: [{ type: error.name, message, stack }],
        paths: [...new Set(stack.map((frame) => frame.path))],
    });
}

/** The cause for X-Ray. The first frames are the telling ones: keep 100, 80 ... 0 % of them. */
function toCause(error) {
    try {
        const lines = String(error.stack || '').split('\n').slice(1);
        const stack = lines.filter((line) => /^\s+at /.test(line)).map(parseStackLine);
        for (const percent of [100, 80, 60, 40, 20, 0]) {
            const kept = stack.slice(0, Math.floor(stack.length * percent / 100));
            const cause = causeWith(error, kept);
            if (Buffer.byteLength(cause) <= CAUSE_BYTES_MAX)
                return cause;
        }
    } catch {
        // An error that cannot be described has no cause.
    }
    return '';
}

function typeMetadata(payload) {
    const type = String(payload.errorType).slice(0, ERROR_TYPE_UNITS_MAX);
    return { 'Lambda-Runtime-Function-Error-Type': type };
}

/** Metadata and body of an ERROR or INIT_ERROR frame. */
function toReport(error) {
    const payload = toPayload(error);
    const metadata = typeMetadata(payload);
    const cause = toCause(error);
    if (cause !== '')
        metadata['Lambda-Runtime-Function-XRay-Error-Cause'] = cause;
    return { metadata, body: JSON.stringify(payload) };
}

/** Metadata of the frame that ends a streamed response in the middle. */
function toStreamMetadata(error) {
    const payload = toPayload(error);
    return {
        ...typeMetadata(payload),
        'Lambda-Runtime-Function-Error-Body':
            Buffer.from(JSON.stringify(shorten(payload))).toString('base64'),
    };
}

/** Make an error payload fit a metadata value, which base64 makes a third longer. */
function shorten(payload) {
    const fits = () => Buffer.byteLength(JSON.stringify(payload)) <= CAUSE_BYTES_MAX;
    while (!fits() && payload.trace.length > 0)
        payload.trace.length = payload.trace.length >> 1;
    if (!fits()) {
        payload.errorType = payload.errorType.slice(0, ERROR_TYPE_UNITS_MAX);
        payload.errorMessage = `${payload.errorMessage.slice(0, CAUSE_MESSAGE_UNITS_MAX)}...`;
    }
    return payload;
}

module.exports = { ...runtimeErrors, intoError, toLogText, toReport, toStreamMetadata };
