// SPDX-License-Identifier: Apache-2.0
package tour;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.waiters.WaiterOverrideConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.CreateFunctionRequest;
import software.amazon.awssdk.services.lambda.model.FunctionUrlAuthType;
import software.amazon.awssdk.services.lambda.model.ResourceNotFoundException;
import software.amazon.awssdk.services.lambda.waiters.LambdaWaiter;

/**
 * One tour through the Lambda API with the Java SDK v2. Arguments: ENDPOINT PACKAGE PREFIX.
 * Prints one JSON object a line: what each step answered, without what differs from run to run.
 */
public final class Tour {
    private static String quoted(Object text) {
        return '"' + text.toString() + '"';
    }

    private static void sayJson(String step, Object json) {
        System.out.println("{\"step\": " + quoted(step) + ", \"value\": " + json + "}");
    }

    private static void say(String step, Object value) {
        sayJson(step, value instanceof Number ? value : quoted(value));
    }

    public static void main(String[] arguments) throws Exception {
        String prefix = arguments[2];
        String name = prefix + "-a";
        SdkBytes zip = SdkBytes.fromByteArray(Files.readAllBytes(Path.of(arguments[1])));
        try (LambdaClient client = LambdaClient.builder().endpointOverride(URI.create(arguments[0]))
                .region(Region.US_EAST_1).httpClient(UrlConnectionHttpClient.create())
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .overrideConfiguration(c -> c.retryStrategy(r -> r.maxAttempts(1))).build();
                LambdaWaiter waiter = LambdaWaiter.builder().client(client).overrideConfiguration(
                        WaiterOverrideConfiguration.builder().maxAttempts(120)
                        .backoffStrategyV2(BackoffStrategy.fixedDelay(Duration.ofMillis(500))).build()).build()) {
            tour(client, waiter, prefix, name, zip);
        }
    }

    private static void tour(LambdaClient client, LambdaWaiter waiter, String prefix, String name, SdkBytes zip) {
        Consumer<CreateFunctionRequest.Builder> create = f -> f.functionName(name)
                .role("arn:aws:iam::000000000000:role/lambda").runtime(System.getenv("RUNTIME"))
                .handler("app.handler").code(c -> c.zipFile(zip));

        say("create", client.createFunction(create).state());
        waiter.waitUntilFunctionActiveV2(f -> f.functionName(name)).matched().response().orElseThrow();
        say("active", "SUCCESS");
        sayJson("invoke", client.invoke(i -> i.functionName(name).payload(SdkBytes.fromUtf8String("{\"n\": 1}")))
                .payload().asUtf8String());
        client.updateFunctionConfiguration(u -> u.functionName(name).timeout(7));
        waiter.waitUntilFunctionUpdatedV2(f -> f.functionName(name)).matched().response().orElseThrow();
        say("updated", "SUCCESS");
        say("publish", client.publishVersion(p -> p.functionName(name)).version());
        waiter.waitUntilPublishedVersionActive(f -> f.functionName(name).qualifier("1")).matched().response()
                .orElseThrow();
        say("published", "SUCCESS");
        say("alias", client.createAlias(a -> a.functionName(name).name("live").functionVersion("1"))
                .functionVersion());
        say("invoke alias", client.invoke(i -> i.functionName(name).qualifier("live")
                .payload(SdkBytes.fromUtf8String("{}"))).executedVersion());
        client.addPermission(p -> p.functionName(name).statementId("s3").action("lambda:InvokeFunction")
                .principal("s3.amazonaws.com"));
        JsonNode policy = JsonNode.parser().parse(client.getPolicy(p -> p.functionName(name)).policy());
        sayJson("policy", policy.field("Statement").orElseThrow().asArray().get(0).field("Principal").orElseThrow());
        client.putFunctionConcurrency(c -> c.functionName(name).reservedConcurrentExecutions(5));
        say("concurrency", client.getFunctionConcurrency(c -> c.functionName(name)).reservedConcurrentExecutions());
        say("event invoke", client.putFunctionEventInvokeConfig(e -> e.functionName(name).maximumRetryAttempts(1))
                .maximumRetryAttempts());
        say("url", client.createFunctionUrlConfig(u -> u.functionName(name).authType(FunctionUrlAuthType.NONE))
                .authType());
        var layer = client.publishLayerVersion(l -> l.layerName(prefix + "-layer").content(c -> c.zipFile(zip)));
        say("layer", layer.version());
        client.updateFunctionConfiguration(u -> u.functionName(name).layers(layer.layerVersionArn()));
        waiter.waitUntilFunctionUpdatedV2(f -> f.functionName(name));
        say("layers", client.getFunctionConfiguration(f -> f.functionName(name)).layers().size());
        var mapping = client.createEventSourceMapping(m -> m.functionName(name).enabled(false)
                .eventSourceArn("arn:aws:sqs:us-east-1:000000000000:" + prefix));
        say("mapping", mapping.batchSize());
        say("mapping found", client.listEventSourceMappings(m -> m.functionName(name)).eventSourceMappings().size());
        var signing = client.createCodeSigningConfig(c -> c.allowedPublishers(p -> p.signingProfileVersionArns(
                "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/abcdefghij"))).codeSigningConfig();
        say("code signing", signing.codeSigningPolicies().untrustedArtifactOnDeployment());
        client.deleteCodeSigningConfig(c -> c.codeSigningConfigArn(signing.codeSigningConfigArn()));
        String arn = client.getFunction(f -> f.functionName(name)).configuration().functionArn();
        client.tagResource(t -> t.resource(arn).tags(Map.of("team", "one")));
        client.listTags(t -> t.resource(arn)).tags().forEach((key, value) ->
                sayJson("tags", "{" + quoted(key) + ": " + quoted(value) + "}"));
        for (String last : List.of("b", "c"))
            client.createFunction(f -> create.andThen(g -> g.functionName(prefix + "-" + last)).accept(f));
        say("pages", client.listFunctionsPaginator(l -> l.maxItems(1)).functions().stream()
                .filter(f -> f.functionName().startsWith(prefix)).count());
        try {
            client.getFunction(f -> f.functionName(prefix + "-missing"));
        } catch (ResourceNotFoundException missing) {
            sayJson("missing", "[" + quoted(missing.awsErrorDetails().errorCode()) + ", " + missing.statusCode() + "]");
        }
        client.deleteEventSourceMapping(m -> m.uuid(mapping.uuid()));
        client.deleteLayerVersion(l -> l.layerName(prefix + "-layer").versionNumber(layer.version()));
        for (String last : List.of("a", "b", "c"))
            client.deleteFunction(f -> f.functionName(prefix + "-" + last));
        say("deleted", 3);
    }

    private Tour() {}
}
