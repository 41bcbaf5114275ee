// SPDX-License-Identifier: Apache-2.0

using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace Lambd
{
    /// What the C library does and the class library does not.
    static class Native
    {
        const int FSetFd = 2, FdCloexec = 1, Eintr = 4;

        [DllImport("libc", SetLastError = true)]
        static extern IntPtr read(int fd, byte[] data, IntPtr count);

        [DllImport("libc", SetLastError = true)]
        static extern unsafe IntPtr write(int fd, byte* data, IntPtr count);

        [DllImport("libc")]
        static extern int fcntl(int fd, int command, int argument);

        [DllImport("libc")]
        static extern int setenv(string name, string value, int overwrite);

        [DllImport("libc")]
        static extern int unsetenv(string name);

        [DllImport("libc")]
        static extern void _exit(int status);

        public static int Read(int fd, byte[] data)
        {
            while (true)
            {
                var count = (int)read(fd, data, (IntPtr)data.Length);
                if (count >= 0)
                    return count;
                if (Marshal.GetLastWin32Error() != Eintr)
                    throw new EndOfStreamException();
            }
        }

        public static unsafe void Write(int fd, byte[] data, int length)
        {
            fixed (byte* start = data)
            {
                for (var at = 0; at < length;)
                {
                    var count = (int)write(fd, start + at, (IntPtr)(length - at));
                    if (count < 0 && Marshal.GetLastWin32Error() != Eintr)
                        throw new EndOfStreamException();
                    at += Math.Max(count, 0);
                }
            }
        }

        public static void CloseOnExec(int fd) => fcntl(fd, FSetFd, FdCloexec);

        /// Also the empty value, which Environment.SetEnvironmentVariable would delete.
        public static void SetVariable(string name, string value)
        {
            if (value == null)
                unsetenv(name);
            else
                setenv(name, value, 1);
        }

        public static void ExitNow(int status) => _exit(status);
    }

    sealed class Frame
    {
        public byte Type;
        public uint Invocation;
        public Dictionary<string, string> Metadata;
        public MemoryStream Payload;
    }

    /// The runtime channel: frames over an inherited socket. docs/runtime-channel.md is the contract.
    /// One thread receives; any thread may send, because log records come from wherever the function
    /// logs.
    sealed class Channel
    {
        public const byte Init = 0x01, Invoke = 0x02;
        const byte Next = 0x81, Response = 0x82, Error = 0x83, InitError = 0x84, Log = 0x85;
        const int HeaderBytes = 12, LogMessageBytesMax = 262144, MetadataValueBytesMax = 65535;
        static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        static readonly Dictionary<string, string> None = new Dictionary<string, string>();

        readonly int fd;
        readonly object sending = new object();
        readonly byte[] ahead = new byte[65536];
        int aheadFrom, aheadTo;
        uint invocation;

        public Channel(int fd)
        {
            this.fd = fd;
            // Programs that the function starts must not hold the channel open.
            Native.CloseOnExec(fd);
        }

        /// Wait for a frame. EndOfStreamException: all is over.
        public Frame Receive()
        {
            var header = Take(HeaderBytes);
            var body = Take((int)Number(header, 0, 4));
            var payloadAt = 2 + (int)Number(body, 0, 2);
            var frame = new Frame
            {
                Type = header[4],
                Invocation = Number(header, 8, 4),
                Metadata = Unpack(body, 2, payloadAt),
                Payload = new MemoryStream(body, payloadAt, body.Length - payloadAt, false, true),
            };
            if (frame.Type == Invoke)
                invocation = frame.Invocation;
            return frame;
        }

        byte[] Take(int count)
        {
            var data = new byte[count];
            for (var at = 0; at < count;)
            {
                if (aheadFrom == aheadTo)
                {
                    aheadFrom = 0;
                    aheadTo = Native.Read(fd, ahead);
                    if (aheadTo == 0)
                        throw new EndOfStreamException();
                }
                var length = Math.Min(aheadTo - aheadFrom, count - at);
                Buffer.BlockCopy(ahead, aheadFrom, data, at, length);
                aheadFrom += length;
                at += length;
            }
            return data;
        }

        static uint Number(byte[] data, int at, int bytes)
        {
            uint value = 0;
            for (var i = 0; i < bytes; i++)
                value = value << 8 | data[at + i];
            return value;
        }

        static Dictionary<string, string> Unpack(byte[] data, int at, int end)
        {
            var metadata = new Dictionary<string, string>();
            while (at < end)
            {
                var key = Text(data, ref at);
                metadata[key] = Text(data, ref at);
            }
            return metadata;
        }

        static string Text(byte[] data, ref int at)
        {
            var length = (int)Number(data, at, 2);
            var text = Encoding.UTF8.GetString(data, at + 2, length);
            at += 2 + length;
            return text;
        }

        /// Say that the runtime is ready for its first invocation.
        public void AskNext()
        {
            var frames = new MemoryStream();
            Put(frames, Next, 0, 0, None, new byte[0], 0);
            Send(frames);
        }

        /// Answer the current invocation and ask for the next one.
        public void Respond(MemoryStream body) =>
            Finish(Response, None, body.GetBuffer(), (int)body.Length);

        /// Report an error of the current invocation and ask for the next one.
        public void Fail(Dictionary<string, string> metadata, byte[] body) =>
            Finish(Error, metadata, body, body.Length);

        void Finish(byte type, Dictionary<string, string> metadata, byte[] body, int length)
        {
            var frames = new MemoryStream(length + 256);
            Put(frames, type, 0, invocation, metadata, body, length);
            invocation = 0;
            Put(frames, Next, 0, 0, None, new byte[0], 0);
            Send(frames);
        }

        /// Report that the function cannot be initialised. The process ends after this.
        public void FailInit(Dictionary<string, string> metadata, byte[] body)
        {
            var frames = new MemoryStream();
            Put(frames, InitError, 0, 0, metadata, body, body.Length);
            Send(frames);
        }

        /// Send one log event; level 1 (TRACE) to 6 (FATAL).
        public void WriteLog(string text, bool isJson, int level)
        {
            var message = Encoding.UTF8.GetBytes(text);
            var microseconds = (ulong)(DateTime.UtcNow - Epoch).Ticks / 10;
            var flags = (byte)((isJson ? 1 : 0) | level << 2);
            var frames = new MemoryStream();
            for (var at = 0; at < message.Length;)
            {
                var length = PieceLength(message, at);
                var piece = new byte[8 + length];
                for (var i = 0; i < 8; i++)
                    piece[i] = (byte)(microseconds >> (56 - 8 * i));
                Buffer.BlockCopy(message, at, piece, 8, length);
                Put(frames, Log, flags, invocation, None, piece, piece.Length);
                at += length;
            }
            Send(frames);
        }

        /// What one frame may carry of a message, never half a character.
        static int PieceLength(byte[] message, int at)
        {
            var length = Math.Min(message.Length - at, LogMessageBytesMax);
            while (at + length < message.Length && (message[at + length] & 0xC0) == 0x80)
                length--;
            return length;
        }

        static void Put(Stream stream, byte type, byte flags, uint invocation,
                        Dictionary<string, string> metadata, byte[] payload, int length)
        {
            var packed = new MemoryStream();
            foreach (var entry in metadata)
            {
                PutText(packed, entry.Key);
                PutText(packed, entry.Value);
            }
            PutNumber(stream, (uint)(2 + packed.Length + length), 4);
            stream.WriteByte(type);
            stream.WriteByte(flags);
            PutNumber(stream, 0, 2);
            PutNumber(stream, invocation, 4);
            PutNumber(stream, (uint)packed.Length, 2);
            stream.Write(packed.GetBuffer(), 0, (int)packed.Length);
            stream.Write(payload, 0, length);
        }

        static void PutText(Stream stream, string text)
        {
            var data = Encoding.UTF8.GetBytes(text);
            var length = Math.Min(data.Length, MetadataValueBytesMax);
            PutNumber(stream, (uint)length, 2);
            stream.Write(data, 0, length);
        }

        static void PutNumber(Stream stream, uint value, int bytes)
        {
            for (var i = bytes - 1; i >= 0; i--)
                stream.WriteByte((byte)(value >> (8 * i)));
        }

        void Send(MemoryStream frames)
        {
            lock (sending)
                Native.Write(fd, frames.GetBuffer(), (int)frames.Length);
        }
    }
}
