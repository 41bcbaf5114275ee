// SPDX-License-Identifier: Apache-2.0

package lambd.runtime;

import com.amazonaws.services.lambda.runtime.Client;
import com.amazonaws.services.lambda.runtime.ClientContext;
import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.LambdaLogger;
import java.util.HashMap;
import java.util.Map;

/** The context of one invocation. */
final class InvocationContext implements Context {
    private final Frame frame;
    private final LambdaLogger logger;
    private final long deadlineMs;
    private final CognitoIdentity identity;
    private final ClientContext client;

    InvocationContext(Frame frame, LambdaLogger logger) {
        String deadline = frame.header("Deadline-Ms");
        Map<?, ?> identityFields = object(frame.header("Cognito-Identity"));
        Map<?, ?> clientFields = object(frame.header("Client-Context"));
        this.frame = frame;
        this.logger = logger;
        deadlineMs = deadline == null ? 0 : Long.parseLong(deadline);
        identity = identityFields == null ? null : new Identity(identityFields);
        client = clientFields == null ? null : new Caller(clientFields);
    }

    private static Map<?, ?> object(String json) {
        if (json == null)
            return null;
        return JsonInput.read(json, Shape.OBJECT) instanceof Map<?, ?> fields ? fields : null;
    }

    @Override
    public String getAwsRequestId() {
        return frame.header("Aws-Request-Id");
    }

    @Override
    public String getInvokedFunctionArn() {
        return frame.header("Invoked-Function-Arn");
    }

    @Override
    public String getTenantId() {
        return frame.header("Aws-Tenant-Id");
    }

    @Override
    public String getXrayTraceId() {
        return frame.header("Trace-Id");
    }

    @Override
    public String getFunctionName() {
        return System.getenv("AWS_LAMBDA_FUNCTION_NAME");
    }

    @Override
    public String getFunctionVersion() {
        return System.getenv("AWS_LAMBDA_FUNCTION_VERSION");
    }

    @Override
    public String getLogGroupName() {
        return System.getenv("AWS_LAMBDA_LOG_GROUP_NAME");
    }

    @Override
    public String getLogStreamName() {
        return System.getenv("AWS_LAMBDA_LOG_STREAM_NAME");
    }

    @Override
    public int getMemoryLimitInMB() {
        String size = System.getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
        return size == null ? 0 : Integer.parseInt(size);
    }

    @Override
    public int getRemainingTimeInMillis() {
        return (int) Math.max(
            0, Math.min(Integer.MAX_VALUE, deadlineMs - System.currentTimeMillis()));
    }

    @Override
    public CognitoIdentity getIdentity() {
        return identity;
    }

    @Override
    public ClientContext getClientContext() {
        return client;
    }

    @Override
    public LambdaLogger getLogger() {
        return logger;
    }

    private static String text(Map<?, ?> fields, String name) {
        Object value = fields == null ? null : fields.get(name);
        return value == null ? null : value.toString();
    }

    private static final class Identity implements CognitoIdentity {
        private final Map<?, ?> fields;

        Identity(Map<?, ?> fields) {
            this.fields = fields;
        }

        @Override
        public String getIdentityId() {
            return text(fields, "cognitoIdentityId");
        }

        @Override
        public String getIdentityPoolId() {
            return text(fields, "cognitoIdentityPoolId");
        }
    }

    /** Both of them: what the caller says, and of which application. */
    private static final class Caller implements ClientContext, Client {
        private final Map<?, ?> fields, application;

        Caller(Map<?, ?> fields) {
            this.fields = fields;
            application = fields.get("client") instanceof Map<?, ?> map ? map : null;
        }

        private Map<String, String> texts(String name) {
            if (!(fields.get(name) instanceof Map<?, ?> map))
                return null;
            Map<String, String> texts = new HashMap<>();
            for (Object key : map.keySet())
                texts.put((String) key, text(map, (String) key));
            return texts;
        }

        @Override
        public Map<String, String> getCustom() {
            return texts("custom");
        }

        @Override
        public Map<String, String> getEnvironment() {
            return texts("env");
        }

        @Override
        public Client getClient() {
            return application == null ? null : this;
        }

        @Override
        public String getInstallationId() {
            return text(application, "installation_id");
        }

        @Override
        public String getAppTitle() {
            return text(application, "app_title");
        }

        @Override
        public String getAppVersionName() {
            return text(application, "app_version_name");
        }

        @Override
        public String getAppVersionCode() {
            return text(application, "app_version_code");
        }

        @Override
        public String getAppPackageName() {
            return text(application, "app_package_name");
        }
    }
}
