// SPDX-License-Identifier: Apache-2.0

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace Lambd
{
    /// The logger of the context, with the members of AWS's ILambdaLogger; the console goes through
    /// it, too.
    public sealed class LambdaLogger
    {
        static readonly string[] Names =
            { "Trace", "Debug", "Information", "Warning", "Error", "Critical" };
        static readonly string[] Labels = { "trce", "dbug", "info", "warn", "fail", "crit" };
        // The names of the logging configuration, in the same order.
        static readonly string[] Configured = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL" };

        readonly Channel channel;
        readonly bool isJson;
        readonly int lowest;

        internal LambdaLogger(Channel channel)
        {
            this.channel = channel;
            isJson = Variable("AWS_LAMBDA_LOG_FORMAT") == "JSON";
            var level = Array.IndexOf(Configured, Variable("AWS_LAMBDA_LOG_LEVEL"));
            lowest = level >= 0 ? level : Array.IndexOf(Configured, isJson ? "INFO" : "TRACE");
        }

        static string Variable(string name) =>
            (Environment.GetEnvironmentVariable(name) ?? "").ToUpperInvariant();

        internal string RequestId { get; set; }

        public void Log(string message) => Write(2, message, null);
        public void LogLine(string message) => Write(2, message, null);
        public void Log(string level, string message) => Write(Level(level), message, null);
        public void LogTrace(string message) => Write(0, message, null);
        public void LogDebug(string message) => Write(1, message, null);
        public void LogInformation(string message) => Write(2, message, null);
        public void LogWarning(string message) => Write(3, message, null);
        public void LogError(string message) => Write(4, message, null);
        public void LogError(Exception error, string message) => Write(4, message, error);
        public void LogCritical(string message) => Write(5, message, null);

        static int Level(string name) => Math.Max(Array.IndexOf(Names, name), 0);

        internal void Write(int level, string message, Exception error)
        {
            if (level < lowest)
                return;
            var text = isJson ? Record(level, message, error) : Line(level, message, error);
            channel.WriteLog(text + "\n", isJson, isJson ? level + 1 : 0);
        }

        static string Now() =>
            DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

        string Line(int level, string message, Exception error)
        {
            var end = error == null ? "" : string.IsNullOrEmpty(message) ? $"{error}" : $"\n{error}";
            return $"{Now()}\t{RequestId}\t{Labels[level]}\t{message}{end}";
        }

        string Record(int level, string message, Exception error)
        {
            var record = new Dictionary<string, object>
            {
                ["timestamp"] = Now(),
                ["level"] = Names[level],
                ["requestId"] = RequestId,
                ["message"] = message,
            };
            if (error != null)
            {
                record["errorType"] = error.GetType().FullName;
                record["errorMessage"] = error.Message;
                record["stackTrace"] = ErrorReport.Trace(error);
            }
            return Json.Format(record);
        }

        /// The console as functions find it on AWS: each line becomes a record.
        internal sealed class Writer : TextWriter
        {
            readonly LambdaLogger logger;
            readonly int level;
            readonly StringBuilder line = new StringBuilder();

            Writer(LambdaLogger logger, int level)
            {
                this.logger = logger;
                this.level = level;
            }

            /// Take over standard output and standard error; what is returned flushes both.
            public static Action TakeConsole(LambdaLogger logger)
            {
                var writers = new[] { new Writer(logger, 2), new Writer(logger, 4) };
                Console.SetOut(writers[0]);
                Console.SetError(writers[1]);
                return () => Array.ForEach(writers, writer => writer.Finish());
            }

            public override Encoding Encoding => Encoding.UTF8;

            public override void Write(char value) => Write(value.ToString());

            public override void Write(char[] data, int at, int count) =>
                Write(new string(data, at, count));

            public override void Write(string value)
            {
                lock (line)
                    line.Append(value);
            }

            public override void WriteLine() => WriteLine("");

            public override void WriteLine(string value)
            {
                lock (line)
                {
                    logger.Write(level, line.Append(value).ToString(), null);
                    line.Clear();
                }
            }

            void Finish()
            {
                lock (line)
                {
                    if (line.Length > 0)
                        WriteLine();
                }
            }
        }
    }
}
