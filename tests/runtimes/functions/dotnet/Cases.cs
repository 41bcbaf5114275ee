// SPDX-License-Identifier: Apache-2.0

// The .NET half of the cases that every language's client must pass.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Amazon.Lambda.Core;

// What functions are compiled against comes with them, from NuGet. This is the part that is used.
namespace Amazon.Lambda.Core
{
    public interface ILambdaLogger
    {
        void LogLine(string message);
        void LogInformation(string message);
        void LogWarning(string message);
    }

    public interface ICognitoIdentity
    {
        string IdentityId { get; }
        string IdentityPoolId { get; }
    }

    public interface IClientApplication
    {
        string AppPackageName { get; }
        string AppTitle { get; }
        string AppVersionCode { get; }
        string AppVersionName { get; }
        string InstallationId { get; }
    }

    public interface IClientContext
    {
        IDictionary<string, string> Custom { get; }
        IDictionary<string, string> Environment { get; }
        IClientApplication Client { get; }
    }

    public interface ILambdaContext
    {
        string AwsRequestId { get; }
        IClientContext ClientContext { get; }
        string FunctionName { get; }
        string FunctionVersion { get; }
        ICognitoIdentity Identity { get; }
        string InvokedFunctionArn { get; }
        ILambdaLogger Logger { get; }
        string LogGroupName { get; }
        string LogStreamName { get; }
        int MemoryLimitInMB { get; }
        TimeSpan RemainingTime { get; }
        string TenantId { get; }
        string TraceId { get; }
        string NewerThanThisRuntime { get; }
    }

    public interface ILambdaSerializer
    {
        T Deserialize<T>(Stream stream);
        void Serialize<T>(T value, Stream stream);
    }

    [AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Method)]
    public class LambdaSerializerAttribute : Attribute
    {
        public LambdaSerializerAttribute(Type type)
        {
            SerializerType = type;
        }

        public Type SerializerType { get; set; }
    }
}

namespace Cases
{
    public class CustomError : Exception
    {
        public CustomError(string message) : base(message) { }
    }

    public class Node
    {
        public Node Self { get; set; }
    }

    public class Functions
    {
        int count;

        public object echo(object value) => value;

        public void nothing() { }

        public int counter() => ++count;

        public string big(int length) => new string('x', length);

        public IDictionary environment() => Environment.GetEnvironmentVariables();

        public string directory() => Directory.GetCurrentDirectory();

        public Dictionary<string, object> describe(object value, ILambdaContext context) =>
            new Dictionary<string, object>
            {
                ["functionName"] = context.FunctionName,
                ["functionVersion"] = context.FunctionVersion,
                ["invokedFunctionArn"] = context.InvokedFunctionArn,
                ["memoryLimitInMB"] = context.MemoryLimitInMB,
                ["awsRequestId"] = context.AwsRequestId,
                ["logGroupName"] = context.LogGroupName,
                ["logStreamName"] = context.LogStreamName,
                ["tenantId"] = context.TenantId,
                ["identityId"] = context.Identity.IdentityId,
                ["identityPoolId"] = context.Identity.IdentityPoolId,
                ["custom"] = context.ClientContext?.Custom,
                ["env"] = context.ClientContext?.Environment,
                ["appTitle"] = context.ClientContext?.Client.AppTitle,
                ["remaining"] = (long)context.RemainingTime.TotalMilliseconds,
            };

        public void fail(string message) => throw new CustomError(message);

        public string say(string text)
        {
            Console.WriteLine(text);
            return "said";
        }

        public string say_part(string text)
        {
            Console.Write(text);
            return "said";
        }

        public Node unserialisable()
        {
            var node = new Node();
            node.Self = node;
            return node;
        }

        public void leave(int status) => Environment.Exit(status);

        public void kill()
        {
            Process.GetCurrentProcess().Kill();
            Thread.Sleep(Timeout.Infinite);
        }

        public void log(string text, ILambdaContext context) => context.Logger.LogLine(text);

        public void log_warning(object value, ILambdaContext context)
        {
            context.Logger.LogInformation("too low");
            context.Logger.LogWarning("high enough");
        }

        public string[] children()
        {
            var start = new ProcessStartInfo("/bin/sh", "-c \"readlink /proc/self/fd/*\"")
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            };
            using (var child = Process.Start(start))
                return child.StandardOutput.ReadToEnd().Trim().Split('\n');
        }

        public string pause(bool forever)
        {
            if (forever)
                Thread.Sleep(Timeout.Infinite);
            return "awake";
        }

        public int leave_or_count(int? status)
        {
            if (status.HasValue)
                Environment.Exit(status.Value);
            return counter();
        }

        public async Task<object> later(object value)
        {
            await Task.Yield();
            return value;
        }

        public Stream stream(Stream input)
        {
            var text = new StreamReader(input).ReadToEnd();
            return new MemoryStream(System.Text.Encoding.UTF8.GetBytes($"<{text}>"));
        }

        public async Task plain_task(Order order)
        {
            await Task.Yield();
            if (order.Lines.Count == 0)
                throw new CustomError("empty");
        }

        public static Receipt receipt(Order order, ILambdaContext context) => new Receipt
        {
            Customer = order.Customer,
            Total = order.Lines.ConvertAll(line => line.Price * line.Count).ToArray(),
            At = order.At.ToUniversalTime(),
            Kind = order.Kind,
        };

        public void nested() =>
            throw new AggregateException("all", new CustomError("one"), new InvalidOperationException("two"));

        public string[] application(object value, ILambdaContext context)
        {
            var client = context.ClientContext.Client;
            return new[]
            {
                client.AppPackageName, client.AppTitle, client.AppVersionCode, client.AppVersionName,
                client.InstallationId, context.TraceId,
            };
        }

        public string newer(object value, ILambdaContext context) => context.NewerThanThisRuntime;

        [LambdaSerializer(typeof(Lengths))]
        public int serialized(string text) => text.Length;

        public void overloaded(int value) { }

        public void overloaded(string value) { }

        public void three(int one, int two, int three) { }

        public void two(int one, int two) { }
    }

    // Events are their raw text, answers are in angle brackets.
    public class Lengths : ILambdaSerializer
    {
        public T Deserialize<T>(Stream stream) => (T)(object)new StreamReader(stream).ReadToEnd();

        public void Serialize<T>(T value, Stream stream)
        {
            var data = System.Text.Encoding.UTF8.GetBytes($"<{typeof(T).Name} {value}>");
            stream.Write(data, 0, data.Length);
        }
    }

    public enum Kind { Plain, Gift }

    public class Line
    {
        public decimal Price { get; set; }
        public int Count { get; set; }
    }

    public class Order
    {
        public string Customer { get; set; }
        public List<Line> Lines { get; set; }
        public DateTime At { get; set; }
        public Kind Kind { get; set; }
    }

    public class Receipt
    {
        public string Customer { get; set; }
        public decimal[] Total { get; set; }
        public DateTime At { get; set; }
        public Kind Kind { get; set; }
    }

    public class Broken
    {
        public Broken()
        {
            throw new InvalidOperationException("startup");
        }

        public void handler() { }
    }
}
