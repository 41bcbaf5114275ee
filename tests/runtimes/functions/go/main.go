// SPDX-License-Identifier: Apache-2.0

// The Go half of the cases that every language must pass, over AWS's own client.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

var count int

type CustomError struct{ message string }

func (e CustomError) Error() string { return e.message }

func echo(event any) (any, error) { return event, nil }

func nothing() error { return nil }

func counter() (int, error) {
	count++
	return count, nil
}

func environment() (map[string]string, error) {
	all := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		all[name] = value
	}
	return all, nil
}

func directory() (string, error) { return os.Getwd() }

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func describe(ctx context.Context) (map[string]any, error) {
	facts, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return map[string]any{
		"functionName":       lambdacontext.FunctionName,
		"functionVersion":    lambdacontext.FunctionVersion,
		"invokedFunctionArn": facts.InvokedFunctionArn,
		"memoryLimitInMB":    strconv.Itoa(lambdacontext.MemoryLimitInMB),
		"awsRequestId":       facts.AwsRequestID,
		"logGroupName":       lambdacontext.LogGroupName,
		"logStreamName":      lambdacontext.LogStreamName,
		"tenantId":           nil,
		"identityId":         orNil(facts.Identity.CognitoIdentityID),
		"identityPoolId":     orNil(facts.Identity.CognitoIdentityPoolID),
		"custom":             facts.ClientContext.Custom,
		"env":                facts.ClientContext.Env,
		"appTitle":           orNil(facts.ClientContext.Client.AppTitle),
		"remaining":          time.Until(deadline).Milliseconds(),
	}, nil
}

func fail(event string) error { return CustomError{event} }

func unserialisable() (any, error) { return make(chan int), nil }

func leave(event int) error {
	os.Exit(event)
	return nil
}

func kill() error {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func say(event string) (string, error) {
	fmt.Println(event)
	return "said", nil
}

func sayPart(event string) (string, error) {
	fmt.Print(event)
	return "said", nil
}

func pause(event bool) (string, error) {
	if event {
		time.Sleep(1000 * time.Second)
	}
	return "awake", nil
}

func leaveOrCount(event *int) (int, error) {
	if event != nil {
		os.Exit(*event)
	}
	return counter()
}

func logLine(event string) error {
	log.Print(event)
	return nil
}

// Go's own log has no levels: a function prints the record that the platform filters.
func logWarning() error {
	fmt.Println(`{"timestamp":"2026-01-02T03:04:05Z","level":"INFO","message":"too low"}`)
	fmt.Println(`{"timestamp":"2026-01-02T03:04:05Z","level":"WARN","message":"high enough"}`)
	return nil
}

func later(event any) (any, error) {
	answer := make(chan any)
	go func() { answer <- event }()
	return <-answer, nil
}

func stream(event []string) (io.Reader, error) {
	reader, writer := io.Pipe()
	go func() {
		for _, part := range event {
			_, _ = io.WriteString(writer, part)
		}
		_ = writer.Close()
	}()
	return reader, nil
}

func main() {
	handlers := map[string]any{
		"echo": echo, "nothing": nothing, "counter": counter, "environment": environment,
		"directory": directory, "describe": describe, "fail": fail, "unserialisable": unserialisable,
		"leave": leave, "kill": kill, "say": say, "say_part": sayPart, "pause": pause,
		"leave_or_count": leaveOrCount, "log": logLine, "log_warning": logWarning, "later": later,
		"stream": stream,
	}
	lambda.Start(handlers[os.Getenv("_HANDLER")])
}
