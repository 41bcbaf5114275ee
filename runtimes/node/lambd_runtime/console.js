// SPDX-License-Identifier: Apache-2.0

// The console as functions find it on AWS: each call is one log event, with the request id.

'use strict';

const { intoError, toLogText } = require('./errors.js');

const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId');
const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const METHODS = {
    trace: 'TRACE',
    debug: 'DEBUG',
    info: 'INFO',
    log: 'INFO',
    warn: 'WARN',
    error: 'ERROR',
    fatal: 'FATAL',
};

let tenantId;
let jsonFormat = false;

function setInvocation(requestId, tenant) {
    global[REQUEST_ID] = requestId;
    tenantId = tenant;
}

function format(...values) {
    return require('util').format(...values);
}

function formatText(level, values) {
    const time = new Date().toISOString();
    return `${time}\t${global[REQUEST_ID]}\t${level}\t${format(...values)}\n`;
}

function errorFields(error) {
    return {
        errorType: error.constructor?.name ?? 'UnknownError',
        errorMessage: error.message,
        stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [],
    };
}

function withErrorFields(_key, value) {
    return value instanceof Error ? { ...errorFields(value), ...value } : value;
}

function formatJson(level, values) {
    const record = {
        timestamp: new Date().toISOString(),
        level,
        requestId: global[REQUEST_ID],
        tenantId,
    };
    if (values.length === 1) {
        record.message = values[0];
        try {
            return JSON.stringify(record, withErrorFields);
        } catch {
            record.message = format(values[0]);
            return JSON.stringify(record);
        }
    }
    record.message = format(...values);
    const error = values.find((value) => value instanceof Error);
    return JSON.stringify({ ...record, ...(error && errorFields(error)) });
}

/** Replace the console's methods as the function's logging configuration asks. */
function patchConsole(channel) {
    jsonFormat = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
    const formatRecord = jsonFormat ? formatJson : formatText;
    const lowest = LEVELS[process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()] ?? LEVELS.TRACE;
    for (const [method, level] of Object.entries(METHODS)) {
        const number = LEVELS[level];
        console[method] = number < lowest
            ? () => {}
            : (...values) => channel.log(formatRecord(level, values), number, jsonFormat);
    }
}

/** Log an error that ends an invocation or the process. */
function logError(title, error) {
    if (jsonFormat)
        console.error(intoError(error));
    else
        console.error(title, toLogText(intoError(error)));
}

module.exports = { patchConsole, setInvocation, logError };
