// SPDX-License-Identifier: Apache-2.0

package com.amazonaws.services.lambda.runtime;

/** The application on the caller's device. */
public interface Client {
    String getInstallationId();

    String getAppTitle();

    String getAppVersionName();

    String getAppVersionCode();

    String getAppPackageName();
}
