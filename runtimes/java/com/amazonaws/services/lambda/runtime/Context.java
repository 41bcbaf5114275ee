// SPDX-License-Identifier: Apache-2.0

package com.amazonaws.services.lambda.runtime;

/** One invocation and the function that it is of. */
public interface Context {
    String getAwsRequestId();

    String getLogGroupName();

    String getLogStreamName();

    String getFunctionName();

    String getFunctionVersion();

    String getInvokedFunctionArn();

    /** Null: the caller is not known to Cognito. */
    CognitoIdentity getIdentity();

    /** Null: the caller says nothing of itself. */
    ClientContext getClientContext();

    int getRemainingTimeInMillis();

    int getMemoryLimitInMB();

    LambdaLogger getLogger();

    default String getTenantId() {
        return null;
    }

    default String getXrayTraceId() {
        return null;
    }
}
