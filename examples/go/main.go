// SPDX-License-Identifier: Apache-2.0

// A function in Go, built with AWS's own library. The binary is the bootstrap of a custom runtime.
package main

import (
	"context"
	"errors"
	"log"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type question struct {
	Name string `json:"name"`
}

type answer struct {
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
}

func greet(ctx context.Context, q question) (answer, error) {
	call, _ := lambdacontext.FromContext(ctx)
	if q.Name == "" {
		return answer{}, errors.New("name is missing")
	}
	log.Printf("greeting %s", q.Name)
	return answer{Message: "Hello " + q.Name + "!", RequestID: call.AwsRequestID}, nil
}

func main() {
	lambda.Start(greet)
}
