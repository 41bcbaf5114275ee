// SPDX-License-Identifier: Apache-2.0

package com.amazonaws.services.lambda.runtime;

/** How AWS's appender for Log4j tells the runtime that it is in use. */
public final class LambdaRuntimeInternal {
    private static boolean useLog4jAppender;

    private LambdaRuntimeInternal() {}

    public static void setUseLog4jAppender(boolean isUsed) {
        useLog4jAppender = isUsed;
    }

    public static boolean getUseLog4jAppender() {
        return useLog4jAppender;
    }
}
