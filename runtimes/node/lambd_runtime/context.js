// SPDX-License-Identifier: Apache-2.0

// The context object that a handler receives.

'use strict';

const TRACE_VARIABLE = '_X_AMZN_TRACE_ID';

let functionFacts = {};
let traceIsSet = false;

/** Remember the part that is the same for every invocation. Called once, after INIT. */
function readFunctionFacts() {
    const env = process.env;
    functionFacts = {
        functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
        functionName: env.AWS_LAMBDA_FUNCTION_NAME,
        memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
        logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
        logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    };
    traceIsSet = env[TRACE_VARIABLE] !== undefined;
}

/** X-Ray's SDK reads the trace header of the running invocation from the environment. */
function forwardTrace(traceId) {
    if (traceId !== undefined) {
        process.env[TRACE_VARIABLE] = traceId;
        traceIsSet = true;
    } else if (traceIsSet) {
        delete process.env[TRACE_VARIABLE];
        traceIsSet = false;
    }
}

function parseHeader(text, name) {
    if (text === undefined)
        return undefined;
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new Error(`Cannot parse ${name} as json: ${error}`);
    }
}

/** Add everything that describes the invocation to a context; throws on broken metadata. */
function fillContext(context, metadata) {
    forwardTrace(metadata['Lambda-Runtime-Trace-Id']);
    const deadlineMs = Number(metadata['Lambda-Runtime-Deadline-Ms']);
    return Object.assign(context, functionFacts, {
        clientContext: parseHeader(metadata['Lambda-Runtime-Client-Context'], 'ClientContext'),
        identity: parseHeader(metadata['Lambda-Runtime-Cognito-Identity'], 'CognitoIdentity'),
        invokedFunctionArn: metadata['Lambda-Runtime-Invoked-Function-Arn'],
        awsRequestId: metadata['Lambda-Runtime-Aws-Request-Id'],
        tenantId: metadata['Lambda-Runtime-Aws-Tenant-Id'],
        getRemainingTimeInMillis: () => deadlineMs - Date.now(),
    });
}

module.exports = { readFunctionFacts, fillContext };
