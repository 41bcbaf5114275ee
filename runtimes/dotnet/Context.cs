// SPDX-License-Identifier: Apache-2.0

using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.Remoting.Messaging;
using System.Runtime.Remoting.Proxies;

namespace Lambd
{
    /// The context of one invocation, with the members of AWS's ILambdaContext.
    public sealed class LambdaContext
    {
        static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        readonly IDictionary<string, string> metadata;
        readonly DateTime deadline;

        internal LambdaContext(IDictionary<string, string> metadata, LambdaLogger logger)
        {
            this.metadata = metadata;
            long.TryParse(Header("Deadline-Ms"), out var deadlineMs);
            deadline = Epoch.AddMilliseconds(deadlineMs);
            Logger = logger;
            AwsRequestId = Header("Aws-Request-Id");
            InvokedFunctionArn = Header("Invoked-Function-Arn");
            TenantId = Header("Aws-Tenant-Id");
            TraceId = Header("Trace-Id");
            Identity = new CognitoIdentity(Parse(Header("Cognito-Identity")));
            var client = Parse(Header("Client-Context"));
            ClientContext = client == null ? null : new ClientContext(client);
        }

        public string AwsRequestId { get; }
        public string InvokedFunctionArn { get; }
        public string TenantId { get; }
        public string TraceId { get; }
        public CognitoIdentity Identity { get; }
        public ClientContext ClientContext { get; }
        public LambdaLogger Logger { get; }
        public string FunctionName => Variable("AWS_LAMBDA_FUNCTION_NAME");
        public string FunctionVersion => Variable("AWS_LAMBDA_FUNCTION_VERSION");
        public string LogGroupName => Variable("AWS_LAMBDA_LOG_GROUP_NAME");
        public string LogStreamName => Variable("AWS_LAMBDA_LOG_STREAM_NAME");

        public int MemoryLimitInMB =>
            int.TryParse(Variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), out var mb) ? mb : 0;

        public TimeSpan RemainingTime
        {
            get
            {
                var rest = deadline - DateTime.UtcNow;
                return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
            }
        }

        string Header(string name) =>
            metadata.TryGetValue("Lambda-Runtime-" + name, out var value) ? value : null;

        static string Variable(string name) => Environment.GetEnvironmentVariable(name);

        static Dictionary<string, object> Parse(string json) =>
            string.IsNullOrEmpty(json) ? null : Json.Parse(json) as Dictionary<string, object>;
    }

    public sealed class CognitoIdentity
    {
        internal CognitoIdentity(Dictionary<string, object> values)
        {
            IdentityId = Members.Text(values, "cognitoIdentityId");
            IdentityPoolId = Members.Text(values, "cognitoIdentityPoolId");
        }

        public string IdentityId { get; }
        public string IdentityPoolId { get; }
    }

    public sealed class ClientContext
    {
        internal ClientContext(Dictionary<string, object> values)
        {
            Custom = Members.Texts(values, "custom");
            Environment = Members.Texts(values, "env");
            values.TryGetValue("client", out var client);
            Client = new ClientApplication(client as Dictionary<string, object>);
        }

        public IDictionary<string, string> Custom { get; }
        public IDictionary<string, string> Environment { get; }
        public ClientApplication Client { get; }
    }

    public sealed class ClientApplication
    {
        internal ClientApplication(Dictionary<string, object> values)
        {
            AppPackageName = Members.Text(values, "app_package_name");
            AppTitle = Members.Text(values, "app_title");
            AppVersionCode = Members.Text(values, "app_version_code");
            AppVersionName = Members.Text(values, "app_version_name");
            InstallationId = Members.Text(values, "installation_id");
        }

        public string AppPackageName { get; }
        public string AppTitle { get; }
        public string AppVersionCode { get; }
        public string AppVersionName { get; }
        public string InstallationId { get; }
    }

    static class Members
    {
        public static string Text(Dictionary<string, object> values, string name) =>
            values != null && values.TryGetValue(name, out var value) ? value?.ToString() : null;

        public static IDictionary<string, string> Texts(Dictionary<string, object> values, string name)
        {
            values.TryGetValue(name, out var member);
            var texts = member as Dictionary<string, object> ?? new Dictionary<string, object>();
            return texts.ToDictionary(entry => entry.Key, entry => entry.Value?.ToString());
        }
    }

    /// An object of ours as an interface of the function's: Amazon.Lambda.Core comes with the
    /// function, so we cannot be compiled against it. Members are matched by name and parameters.
    sealed class Duck : RealProxy
    {
        readonly object target;

        Duck(object target, Type type) : base(type)
        {
            this.target = target;
        }

        /// The value as it is when it fits the type, as a proxy when that is an interface.
        public static object As(object value, Type type) =>
            value == null || type == typeof(void) || type.IsInstanceOfType(value) || !type.IsInterface
                ? value
                : new Duck(value, type).GetTransparentProxy();

        public override IMessage Invoke(IMessage message)
        {
            var call = (IMethodCallMessage)message;
            var method = (MethodInfo)call.MethodBase;
            try
            {
                var result = As(Find(method).Invoke(target, call.Args), method.ReturnType);
                return new ReturnMessage(result, null, 0, call.LogicalCallContext, call);
            }
            catch (TargetInvocationException error)
            {
                return new ReturnMessage(error.InnerException, call);
            }
            catch (MissingMethodException error)
            {
                return new ReturnMessage(error, call);
            }
        }

        MethodInfo Find(MethodInfo wanted)
        {
            var parameters = wanted.GetParameters().Select(p => p.ParameterType).ToArray();
            return target.GetType().GetMethod(wanted.Name, parameters) ??
                   throw new MissingMethodException(
                       $"{wanted.DeclaringType}.{wanted.Name} is not known to this runtime");
        }
    }
}
