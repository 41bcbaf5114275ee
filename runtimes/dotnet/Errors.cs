// SPDX-License-Identifier: Apache-2.0

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;

namespace Lambd
{
    /// The handler string, or what it names, cannot be used. AWS's name, which callers see.
    public sealed class LambdaValidationException : Exception
    {
        public LambdaValidationException(string message) : base(message) { }
    }

    /// One error, in the forms that different readers want.
    static class ErrorReport
    {
        const int BytesMax = 256 * 1024, CauseMessageMax = 4096, CauseFramesMax = 64;
        // What reflection puts between the handler and us.
        static readonly string[] OwnFrames = { "(wrapper ", "System.Reflection.", "Lambd." };

        /// What the caller of Invoke receives, in AWS's key order.
        public static byte[] Body(Exception error)
        {
            var body = Encoding.UTF8.GetBytes(Json.Format(Fields(error)));
            return body.Length <= BytesMax ? body : Encoding.UTF8.GetBytes(Json.Format(TooLarge(error)));
        }

        static Dictionary<string, object> TooLarge(Exception error) => new Dictionary<string, object>
        {
            ["errorType"] = error.GetType().Name,
            ["errorMessage"] = "Exception exceeded maximum payload size of 256KB.",
        };

        static Dictionary<string, object> Fields(Exception error)
        {
            var fields = new Dictionary<string, object>
            {
                ["errorType"] = error.GetType().Name,
                ["errorMessage"] = error.Message,
                ["stackTrace"] = Trace(error),
            };
            if (error.InnerException != null)
                fields["cause"] = Fields(error.InnerException);
            if (error is AggregateException all)
                fields["causes"] = all.InnerExceptions.Select(Fields).ToList();
            return fields;
        }

        /// The frames of the function, one a line, as .NET words them.
        public static List<string> Trace(Exception error)
        {
            var lines = (error.StackTrace ?? "").Split('\n').Select(line => line.Trim())
                .Where(line => line.Length > 0 && !IsOwn(line)).ToList();
            // "--- End of stack trace from previous location": of the rethrow that was ours.
            while (lines.Count > 0 && lines[lines.Count - 1].StartsWith("---"))
                lines.RemoveAt(lines.Count - 1);
            return lines;
        }

        static bool IsOwn(string line) =>
            OwnFrames.Any(own => line.StartsWith("at " + own, StringComparison.Ordinal));

        public static Dictionary<string, string> Metadata(Exception error) =>
            new Dictionary<string, string>
            {
                ["Lambda-Runtime-Function-Error-Type"] = error.GetType().Name,
            };

        /// The cause for X-Ray, as metadata.
        public static KeyValuePair<string, string> Cause(Exception error)
        {
            var frames = new StackTrace(error, true).GetFrames() ?? new StackFrame[0];
            var stack = frames
                .Where(frame => frame.GetMethod()?.DeclaringType?.Assembly != typeof(ErrorReport).Assembly &&
                                frame.GetMethod()?.DeclaringType?.Assembly != typeof(object).Assembly)
                .Take(CauseFramesMax).Select(CauseFrame).ToList();
            var message = error.Message.Length > CauseMessageMax
                ? error.Message.Substring(0, CauseMessageMax) + "..." : error.Message;
            var cause = new Dictionary<string, object>
            {
                ["working_directory"] = Directory.GetCurrentDirectory(),
                ["exceptions"] = new[]
                {
                    new Dictionary<string, object>
                    {
                        ["type"] = error.GetType().Name,
                        ["message"] = message,
                        ["stack"] = stack,
                    },
                },
                ["paths"] = stack.Where(frame => frame.ContainsKey("path"))
                    .Select(frame => frame["path"]).Distinct().ToList(),
            };
            return new KeyValuePair<string, string>(
                "Lambda-Runtime-Function-XRay-Error-Cause", Json.Format(cause));
        }

        static Dictionary<string, object> CauseFrame(StackFrame frame)
        {
            var method = frame.GetMethod();
            var fields = new Dictionary<string, object>
            {
                ["label"] = $"{method?.DeclaringType?.FullName}.{method?.Name}",
            };
            if (frame.GetFileName() != null)
            {
                fields["path"] = frame.GetFileName();
                fields["line"] = frame.GetFileLineNumber();
            }
            return fields;
        }
    }
}
