// SPDX-License-Identifier: Apache-2.0
// One tour through the Lambda API with the JavaScript SDK v3. Usage: node tour.js ENDPOINT PACKAGE PREFIX
// Prints one JSON object a line: what each step answered, without what differs from run to run.
import fs from 'node:fs';
import * as sdk from '@aws-sdk/client-lambda';

const [endpoint, packageFile, prefix] = process.argv.slice(2);
const client = new sdk.LambdaClient({
  endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1,
});
const zip = fs.readFileSync(packageFile);
const name = `${prefix}-a`;
const FunctionName = name;
const Role = 'arn:aws:iam::000000000000:role/lambda';
const wait = { client, maxWaitTime: 120, minDelay: 1, maxDelay: 1 };

const send = (command, input) => client.send(new sdk[`${command}Command`](input));
const say = (step, value) => console.log(JSON.stringify({ step, value }));
const text = bytes => Buffer.from(bytes).toString();

const create = { FunctionName, Role, Runtime: process.env.RUNTIME, Handler: 'app.handler', Code: { ZipFile: zip } };
say('create', (await send('CreateFunction', create)).State);
say('active', (await sdk.waitUntilFunctionActiveV2(wait, { FunctionName })).state);
say('invoke', JSON.parse(text((await send('Invoke', { FunctionName, Payload: '{"n": 1}' })).Payload)));
await send('UpdateFunctionConfiguration', { FunctionName, Timeout: 7 });
say('updated', (await sdk.waitUntilFunctionUpdatedV2(wait, { FunctionName })).state);
say('publish', (await send('PublishVersion', { FunctionName })).Version);
say('published', (await sdk.waitUntilPublishedVersionActive(wait, { FunctionName, Qualifier: '1' })).state);
say('alias', (await send('CreateAlias', { FunctionName, Name: 'live', FunctionVersion: '1' })).FunctionVersion);
say('invoke alias', (await send('Invoke', { FunctionName, Qualifier: 'live', Payload: '{}' })).ExecutedVersion);
await send('AddPermission', { FunctionName, StatementId: 's3', Action: 'lambda:InvokeFunction', Principal: 's3.amazonaws.com' });
say('policy', JSON.parse((await send('GetPolicy', { FunctionName })).Policy).Statement[0].Principal);
await send('PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions: 5 });
say('concurrency', (await send('GetFunctionConcurrency', { FunctionName })).ReservedConcurrentExecutions);
say('event invoke', (await send('PutFunctionEventInvokeConfig', { FunctionName, MaximumRetryAttempts: 1 })).MaximumRetryAttempts);
say('url', (await send('CreateFunctionUrlConfig', { FunctionName, AuthType: 'NONE' })).AuthType);
const layer = await send('PublishLayerVersion', { LayerName: `${prefix}-layer`, Content: { ZipFile: zip } });
say('layer', layer.Version);
await send('UpdateFunctionConfiguration', { FunctionName, Layers: [layer.LayerVersionArn] });
await sdk.waitUntilFunctionUpdatedV2(wait, { FunctionName });
say('layers', (await send('GetFunctionConfiguration', { FunctionName })).Layers.length);
const mapping = await send('CreateEventSourceMapping', {
  FunctionName, EventSourceArn: `arn:aws:sqs:us-east-1:000000000000:${prefix}`, Enabled: false });
say('mapping', mapping.BatchSize);
say('mapping found', (await send('ListEventSourceMappings', { FunctionName })).EventSourceMappings.length);
const signing = await send('CreateCodeSigningConfig', { AllowedPublishers: {
  SigningProfileVersionArns: ['arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/abcdefghij'] } });
say('code signing', signing.CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment);
await send('DeleteCodeSigningConfig', { CodeSigningConfigArn: signing.CodeSigningConfig.CodeSigningConfigArn });
const Resource = (await send('GetFunction', { FunctionName })).Configuration.FunctionArn;
await send('TagResource', { Resource, Tags: { team: 'one' } });
say('tags', (await send('ListTags', { Resource })).Tags);
for (const last of ['b', 'c']) await send('CreateFunction', { ...create, FunctionName: `${prefix}-${last}` });
const names = [];
for await (const page of sdk.paginateListFunctions({ client, pageSize: 1 }, {}))
  names.push(...page.Functions.map(each => each.FunctionName).filter(each => each.startsWith(prefix)));
say('pages', names.length);
try {
  await send('GetFunction', { FunctionName: `${prefix}-missing` });
} catch (error) {
  say('missing', [error.name, error.$metadata.httpStatusCode]);
}
await send('DeleteEventSourceMapping', { UUID: mapping.UUID });
await send('DeleteLayerVersion', { LayerName: `${prefix}-layer`, VersionNumber: layer.Version });
for (const last of ['a', 'b', 'c']) await send('DeleteFunction', { FunctionName: `${prefix}-${last}` });
say('deleted', 3);
