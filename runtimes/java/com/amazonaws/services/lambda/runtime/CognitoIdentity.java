// SPDX-License-Identifier: Apache-2.0

package com.amazonaws.services.lambda.runtime;

/** Who calls, as Amazon Cognito knows them. */
public interface CognitoIdentity {
    String getIdentityId();

    String getIdentityPoolId();
}
