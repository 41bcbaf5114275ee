// SPDX-License-Identifier: Apache-2.0

package com.amazonaws.services.lambda.runtime;

import lambd.runtime.FunctionLogger;

/** The way to the logger for code that is given no context. */
public final class LambdaRuntime {
    private LambdaRuntime() {}

    public static LambdaLogger getLogger() {
        return FunctionLogger.get();
    }
}
