// SPDX-License-Identifier: Apache-2.0

package com.amazonaws.services.lambda.runtime.logging;

import java.util.Locale;

public enum LogFormat {
    JSON,
    TEXT;

    public static LogFormat fromString(String name) {
        try {
            return valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException | NullPointerException error) {
            throw new IllegalArgumentException(
                "Invalid log format: '" + name + "' expected one of [JSON, TEXT]");
        }
    }
}
