// SPDX-License-Identifier: Apache-2.0

// The Node.js half of the cases that every language's client must pass.

'use strict';

let count = 0;

exports.echo = async (event) => event;

exports.nothing = async () => {};

exports.counter = async () => ++count;

exports.big = async (event) => 'x'.repeat(event);

exports.environment = async () => process.env;

exports.directory = async () => process.cwd();

exports.describe = async (event, context) => ({
    functionName: context.functionName,
    functionVersion: context.functionVersion,
    invokedFunctionArn: context.invokedFunctionArn,
    memoryLimitInMB: context.memoryLimitInMB,
    awsRequestId: context.awsRequestId,
    logGroupName: context.logGroupName,
    logStreamName: context.logStreamName,
    tenantId: context.tenantId ?? null,
    identityId: context.identity?.cognitoIdentityId ?? null,
    identityPoolId: context.identity?.cognitoIdentityPoolId ?? null,
    custom: context.clientContext?.custom ?? null,
    env: context.clientContext?.env ?? null,
    appTitle: context.clientContext?.client.app_title ?? null,
    remaining: context.getRemainingTimeInMillis(),
});

class CustomError extends Error {}
CustomError.prototype.name = 'CustomError';

exports.fail = async (event) => {
    throw new CustomError(event);
};

exports.fail_long = async () => {
    throw new CustomError('m'.repeat(300000));
};

exports.say = async (event) => {
    process.stdout.write(`${event}\n`);
    return 'said';
};

exports.say_part = async (event) => {
    process.stdout.write(event);
    return 'said';
};

exports.unserialisable = async () => {
    const loop = {};
    loop.self = loop;
    return loop;
};

exports.leave = async (event) => process.exit(event);

exports.kill = async () => {
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => setInterval(() => {}, 1000));
};

exports.log = async (event) => console.log(event);

exports.log_warning = async () => {
    console.info('too low');
    console.warn('high enough');
};

exports.children = async () => {
    const { spawnSync } = require('child_process');
    const listing = spawnSync('sh', ['-c', 'readlink /proc/self/fd/*']);
    return listing.stdout.toString().split('\n').filter(Boolean);
};

exports.pause = async (event) => {
    if (event) await new Promise(() => setInterval(() => {}, 1000));
    return 'awake';
};

exports.leave_or_count = async (event) => {
    if (event !== null) process.exit(event);
    return ++count;
};

exports.later = async (event) => {
    await new Promise((resolve) => setImmediate(resolve));
    return event;
};

exports.stream = awslambda.streamifyResponse(async (event, stream) => {
    for (const part of event) {
        stream.write(part);
        await new Promise((resolve) => setImmediate(resolve));
    }
    stream.end();
});
