// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

/** Text that is no JSON, or that does not fit the type; or a value that has no JSON. */
final class JsonException extends RuntimeException {
    JsonException(String message) {
        super(message);
    }

    JsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
