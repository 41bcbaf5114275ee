// SPDX-License-Identifier: Apache-2.0

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace Lambd
{
    /// Start-up of the runtime and the loop that runs one invocation after the other.
    static class Bootstrap
    {
        const int ChannelFd = 3, ExitInitFailed = 101;
        const string TraceVariable = "_X_AMZN_TRACE_ID";

        static Channel channel;
        static LambdaLogger logger;
        static Action flushConsole;

        static void Main()
        {
            try
            {
                channel = new Channel(ChannelFd);
                var frame = channel.Receive();
                ApplyEnvironment(frame.Payload);
                logger = new LambdaLogger(channel);
                flushConsole = LambdaLogger.Writer.TakeConsole(logger);
                Serve(LoadHandler());
            }
            catch (EndOfStreamException)
            {
                // Nobody is left to answer. Threads of the function cannot matter.
                Native.ExitNow(0);
            }
        }

        /// Make the process environment equal to a block of KEY=VALUE entries, each ended by NUL. An
        /// empty block leaves it as it is: as a wrapper has made it.
        static void ApplyEnvironment(MemoryStream block)
        {
            var wanted = Encoding.UTF8.GetString(block.ToArray()).Split('\0')
                .Select(entry => entry.Split(new[] { '=' }, 2)).Where(entry => entry.Length == 2)
                .ToDictionary(entry => entry[0], entry => entry[1]);
            if (wanted.Count == 0)
                return;
            foreach (string name in Environment.GetEnvironmentVariables().Keys)
                if (!wanted.ContainsKey(name))
                    Native.SetVariable(name, null);
            foreach (var entry in wanted)
                Native.SetVariable(entry.Key, entry.Value);
        }

        static Handler LoadHandler()
        {
            var root = Environment.GetEnvironmentVariable("LAMBDA_TASK_ROOT") ?? "/var/task";
            Directory.SetCurrentDirectory(root);
            try
            {
                return new Handler(Environment.GetEnvironmentVariable("_HANDLER"), root);
            }
            catch (Exception error)
            {
                logger.Write(4, error.ToString(), null);
                flushConsole();
                channel.FailInit(ErrorReport.Metadata(error), ErrorReport.Body(error));
                Native.ExitNow(ExitInitFailed);
                throw;
            }
        }

        static void Serve(Handler handler)
        {
            flushConsole();
            channel.AskNext();
            while (true)
            {
                var frame = channel.Receive();
                if (frame.Type == Channel.Invoke)
                    Invoke(handler, frame);
            }
        }

        static void Invoke(Handler handler, Frame frame)
        {
            frame.Metadata.TryGetValue("Lambda-Runtime-Aws-Request-Id", out var requestId);
            frame.Metadata.TryGetValue("Lambda-Runtime-Trace-Id", out var traceId);
            logger.RequestId = requestId;
            Native.SetVariable(TraceVariable, traceId);
            MemoryStream answer;
            try
            {
                answer = handler.Call(frame.Payload, new LambdaContext(frame.Metadata, logger));
            }
            catch (Exception error)
            {
                Fail(error);
                return;
            }
            flushConsole();
            channel.Respond(answer);
        }

        static void Fail(Exception error)
        {
            logger.Write(4, error.ToString(), null);
            flushConsole();
            var metadata = ErrorReport.Metadata(error);
            var cause = ErrorReport.Cause(error);
            metadata[cause.Key] = cause.Value;
            channel.Fail(metadata, ErrorReport.Body(error));
        }
    }
}
