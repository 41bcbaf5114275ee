// SPDX-License-Identifier: Apache-2.0

// One tour through the Lambda API with the Go SDK v2. Usage: tour ENDPOINT PACKAGE PREFIX
// Prints one JSON object a line: what each step answered, without what differs from run to run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const longest = 2 * time.Minute

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func say(step string, value any) {
	fmt.Println(string(must(json.Marshal(map[string]any{"step": step, "value": value}))))
}

func decoded(text []byte) any {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	endpoint, prefix := os.Args[1], os.Args[3]
	zip := must(os.ReadFile(os.Args[2]))
	ctx := context.Background()
	client := lambda.New(lambda.Options{
		BaseEndpoint:     &endpoint,
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		RetryMaxAttempts: 1,
	})
	name := aws.String(prefix + "-a")
	create := lambda.CreateFunctionInput{
		FunctionName: name, Role: aws.String("arn:aws:iam::000000000000:role/lambda"),
		Runtime: types.Runtime(os.Getenv("RUNTIME")), Handler: aws.String("app.handler"),
		Code: &types.FunctionCode{ZipFile: zip},
	}
	get := &lambda.GetFunctionInput{FunctionName: name}
	configuration := &lambda.GetFunctionConfigurationInput{FunctionName: name}

	say("create", must(client.CreateFunction(ctx, &create)).State)
	if err := lambda.NewFunctionActiveV2Waiter(client).Wait(ctx, get, longest); err != nil {
		log.Fatal(err)
	}
	say("active", "SUCCESS")
	say("invoke", decoded(must(client.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, Payload: []byte(`{"n": 1}`)})).Payload))
	must(client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name, Timeout: aws.Int32(7)}))
	updated := lambda.NewFunctionUpdatedV2Waiter(client)
	if err := updated.Wait(ctx, get, longest); err != nil {
		log.Fatal(err)
	}
	say("updated", "SUCCESS")
	say("publish", must(client.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name})).Version)
	if err := lambda.NewPublishedVersionActiveWaiter(client).Wait(ctx, &lambda.GetFunctionConfigurationInput{
		FunctionName: name, Qualifier: aws.String("1")}, longest); err != nil {
		log.Fatal(err)
	}
	say("published", "SUCCESS")
	say("alias", must(client.CreateAlias(ctx, &lambda.CreateAliasInput{
		FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")})).FunctionVersion)
	say("invoke alias", must(client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: name, Qualifier: aws.String("live"), Payload: []byte("{}")})).ExecutedVersion)
	must(client.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: name, StatementId: aws.String("s3"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("s3.amazonaws.com")}))
	policy := decoded([]byte(*must(client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: name})).Policy)).(map[string]any)
	say("policy", policy["Statement"].([]any)[0].(map[string]any)["Principal"])
	must(client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
		FunctionName: name, ReservedConcurrentExecutions: aws.Int32(5)}))
	say("concurrency", must(client.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{
		FunctionName: name})).ReservedConcurrentExecutions)
	say("event invoke", must(client.PutFunctionEventInvokeConfig(ctx, &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName: name, MaximumRetryAttempts: aws.Int32(1)})).MaximumRetryAttempts)
	say("url", must(client.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{
		FunctionName: name, AuthType: types.FunctionUrlAuthTypeNone})).AuthType)
	layerName := aws.String(prefix + "-layer")
	layer := must(client.PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{
		LayerName: layerName, Content: &types.LayerVersionContentInput{ZipFile: zip}}))
	say("layer", layer.Version)
	must(client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: name, Layers: []string{*layer.LayerVersionArn}}))
	if err := updated.Wait(ctx, get, longest); err != nil {
		log.Fatal(err)
	}
	say("layers", len(must(client.GetFunctionConfiguration(ctx, configuration)).Layers))
	mapping := must(client.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
		FunctionName: name, EventSourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:" + prefix), Enabled: aws.Bool(false)}))
	say("mapping", mapping.BatchSize)
	say("mapping found", len(must(client.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{
		FunctionName: name})).EventSourceMappings))
	signing := must(client.CreateCodeSigningConfig(ctx, &lambda.CreateCodeSigningConfigInput{
		AllowedPublishers: &types.AllowedPublishers{SigningProfileVersionArns: []string{
			"arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/abcdefghij"}}}))
	say("code signing", signing.CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment)
	must(client.DeleteCodeSigningConfig(ctx, &lambda.DeleteCodeSigningConfigInput{
		CodeSigningConfigArn: signing.CodeSigningConfig.CodeSigningConfigArn}))
	arn := must(client.GetFunction(ctx, get)).Configuration.FunctionArn
	must(client.TagResource(ctx, &lambda.TagResourceInput{Resource: arn, Tags: map[string]string{"team": "one"}}))
	say("tags", must(client.ListTags(ctx, &lambda.ListTagsInput{Resource: arn})).Tags)
	for _, last := range []string{"b", "c"} {
		create.FunctionName = aws.String(prefix + "-" + last)
		must(client.CreateFunction(ctx, &create))
	}
	pages := lambda.NewListFunctionsPaginator(client, &lambda.ListFunctionsInput{MaxItems: aws.Int32(1)})
	count := 0
	for pages.HasMorePages() {
		for _, each := range must(pages.NextPage(ctx)).Functions {
			if strings.HasPrefix(*each.FunctionName, prefix) {
				count++
			}
		}
	}
	say("pages", count)
	_, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(prefix + "-missing")})
	var missing *types.ResourceNotFoundException
	var response *awshttp.ResponseError
	if errors.As(err, &missing) && errors.As(err, &response) {
		say("missing", []any{missing.ErrorCode(), response.HTTPStatusCode()})
	}
	must(client.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: mapping.UUID}))
	must(client.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{
		LayerName: layerName, VersionNumber: aws.Int64(layer.Version)}))
	for _, last := range []string{"a", "b", "c"} {
		must(client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String(prefix + "-" + last)}))
	}
	say("deleted", 3)
}
