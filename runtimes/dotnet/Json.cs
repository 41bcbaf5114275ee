// SPDX-License-Identifier: Apache-2.0

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;

namespace Lambd
{
    /// Text that is not JSON, or a value that has no JSON.
    public sealed class JsonException : Exception
    {
        public JsonException(string message) : base(message) { }
    }

    /// JSON for functions that bring no serializer: to and from plain classes, as System.Text.Json
    /// does it by default, except that names are compared without case.
    static class Json
    {
        public const int DepthMax = 64;

        public static object Parse(string text) => new JsonReader(text).ReadDocument();

        public static string Format(object value)
        {
            var text = new StringBuilder();
            new JsonWriter(text).Write(value, 0);
            return text.ToString();
        }

        public static MemoryStream Serialize(object value)
        {
            var data = Encoding.UTF8.GetBytes(Format(value));
            return new MemoryStream(data, 0, data.Length, false, true);
        }

        public static object Deserialize(Stream stream, Type type)
        {
            using (var reader = new StreamReader(stream, new UTF8Encoding(false, true)))
                return Convert(Parse(reader.ReadToEnd()), type);
        }

        /// A parsed value as a value of the type.
        static object Convert(object value, Type type)
        {
            var inner = Nullable.GetUnderlyingType(type);
            if (value == null)
                return type.IsValueType && inner == null
                    ? throw new JsonException($"null is no {type}")
                    : (object)null;
            type = inner ?? type;
            if (type.IsInstanceOfType(value))
                return value;
            if (type.IsEnum)
                return Enum.Parse(type, value.ToString(), true);
            if (value is IDictionary<string, object> members)
                return ConvertObject(members, type);
            if (value is List<object> list)
                return ConvertList(list, type);
            if (value is string text && !type.IsPrimitive)
                return ConvertText(text, type);
            if (value is string || value is bool || type == typeof(string) || type == typeof(bool))
                throw new JsonException($"{Format(value)} cannot be converted to {type}");
            return System.Convert.ChangeType(value, type, CultureInfo.InvariantCulture);
        }

        static object ConvertText(string text, Type type)
        {
            if (type == typeof(DateTime))
                return DateTime.Parse(text, CultureInfo.InvariantCulture,
                                      DateTimeStyles.RoundtripKind);
            if (type == typeof(DateTimeOffset))
                return DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
            if (type == typeof(Guid))
                return Guid.Parse(text);
            if (type == typeof(Uri))
                return new Uri(text, UriKind.RelativeOrAbsolute);
            if (type == typeof(byte[]))
                return System.Convert.FromBase64String(text);
            throw new JsonException($"a string cannot be converted to {type}");
        }

        static object ConvertList(List<object> list, Type type)
        {
            var element = type.IsArray ? type.GetElementType()
                : type.IsGenericType ? type.GetGenericArguments()[0]
                : throw new JsonException($"an array cannot be converted to {type}");
            var result = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element));
            foreach (var item in list)
                result.Add(Convert(item, element));
            if (type.IsArray)
            {
                var array = Array.CreateInstance(element, result.Count);
                result.CopyTo(array, 0);
                return array;
            }
            return type.IsInstanceOfType(result) ? result : Activator.CreateInstance(type, result);
        }

        static object ConvertObject(IDictionary<string, object> members, Type type)
        {
            var arguments = type.IsGenericType ? type.GetGenericArguments() : new Type[0];
            if (arguments.Length == 2 && arguments[0] == typeof(string))
            {
                var kind = typeof(Dictionary<,>).MakeGenericType(arguments);
                var map = (IDictionary)Activator.CreateInstance(type.IsInterface ? kind : type);
                foreach (var member in members)
                    map[member.Key] = Convert(member.Value, arguments[1]);
                return map;
            }
            var result = Activator.CreateInstance(type);
            foreach (var property in Properties(type).Where(p => p.CanWrite))
            {
                var member = members.FirstOrDefault(
                    m => m.Key.Equals(property.Name, StringComparison.OrdinalIgnoreCase));
                if (member.Key != null)
                    property.SetValue(result, Convert(member.Value, property.PropertyType), null);
            }
            return result;
        }

        public static IEnumerable<PropertyInfo> Properties(Type type) =>
            type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(p => p.GetIndexParameters().Length == 0);
    }

    sealed class JsonReader
    {
        readonly string text;
        int at;

        public JsonReader(string text)
        {
            this.text = text;
        }

        public object ReadDocument()
        {
            var value = ReadValue(0);
            SkipBlanks();
            return at == text.Length ? value : throw Wrong("text after the value");
        }

        JsonException Wrong(string what) => new JsonException($"not JSON at character {at}: {what}");

        void SkipBlanks()
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0)
                at++;
        }

        bool Skip(string word)
        {
            SkipBlanks();
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
                return false;
            at += word.Length;
            return true;
        }

        object ReadValue(int depth)
        {
            if (depth > Json.DepthMax)
                throw Wrong($"more than {Json.DepthMax} levels");
            if (Skip("{"))
                return ReadObject(depth);
            if (Skip("["))
                return ReadArray(depth);
            if (Skip("\""))
                return ReadString();
            if (Skip("true"))
                return true;
            if (Skip("false"))
                return false;
            return Skip("null") ? null : ReadNumber();
        }

        object ReadObject(int depth)
        {
            var members = new Dictionary<string, object>();
            if (Skip("}"))
                return members;
            do
            {
                if (!Skip("\""))
                    throw Wrong("a name is missing");
                var name = ReadString();
                if (!Skip(":"))
                    throw Wrong("a colon is missing");
                members[name] = ReadValue(depth + 1);
            } while (Skip(","));
            return Skip("}") ? members : throw Wrong("the object does not end");
        }

        object ReadArray(int depth)
        {
            var items = new List<object>();
            if (Skip("]"))
                return items;
            do
                items.Add(ReadValue(depth + 1));
            while (Skip(","));
            return Skip("]") ? items : throw Wrong("the array does not end");
        }

        string ReadString()
        {
            var result = new StringBuilder();
            while (true)
            {
                var start = at;
                while (at < text.Length && text[at] != '"' && text[at] != '\\' && text[at] >= ' ')
                    at++;
                result.Append(text, start, at - start);
                if (at == text.Length || text[at] < ' ')
                    throw Wrong("the string does not end");
                if (text[at++] == '"')
                    return result.ToString();
                result.Append(ReadEscape());
            }
        }

        char ReadEscape()
        {
            const string letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
            var letter = at < text.Length ? text[at++] : ' ';
            if (letter == 'u' && at + 4 <= text.Length &&
                ushort.TryParse(text.Substring(at, 4), NumberStyles.AllowHexSpecifier,
                                CultureInfo.InvariantCulture, out var code))
            {
                at += 4;
                return (char)code;
            }
            var index = letters.IndexOf(letter);
            return index >= 0 ? meanings[index] : throw Wrong("an unknown escape");
        }

        object ReadNumber()
        {
            var start = at;
            while (at < text.Length && "+-.eE0123456789".IndexOf(text[at]) >= 0)
                at++;
            var number = text.Substring(start, at - start);
            if (long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                              out var whole))
                return whole;
            if (number.Length > 0 && double.TryParse(number, NumberStyles.Float,
                                                     CultureInfo.InvariantCulture, out var real))
                return real;
            throw Wrong("no value");
        }
    }

    sealed class JsonWriter
    {
        readonly StringBuilder text;

        public JsonWriter(StringBuilder text)
        {
            this.text = text;
        }

        public void Write(object value, int depth)
        {
            if (depth > Json.DepthMax)
                throw new JsonException($"more than {Json.DepthMax} levels: an object in itself?");
            if (value == null)
                text.Append("null");
            else if (value is bool)
                text.Append((bool)value ? "true" : "false");
            else if (!WriteText(value) && !WriteNumber(value))
                WriteMembers(value, depth);
        }

        bool WriteText(object value)
        {
            if (value is string || value is char || value is Guid || value is Uri || value is TimeSpan)
                WriteString(value.ToString());
            else if (value is DateTime || value is DateTimeOffset)
                WriteString(((IFormattable)value).ToString("o", CultureInfo.InvariantCulture));
            else if (value is byte[] data)
                WriteString(Convert.ToBase64String(data));
            else
                return false;
            return true;
        }

        bool WriteNumber(object value)
        {
            if (value is Enum)
                text.Append(((Enum)value).ToString("d"));
            else if (value is double || value is float)
                WriteReal((IFormattable)value);
            else if (value is decimal || value.GetType().IsPrimitive)
                text.Append(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
            else
                return false;
            return true;
        }

        void WriteMembers(object value, int depth)
        {
            if (value is IDictionary map)
                WriteMap(map, depth);
            else if (value is IEnumerable items)
                WriteItems(items, depth);
            else if (value is Delegate || value is Type)
                throw new JsonException($"{value.GetType()} cannot be serialized");
            else
                WriteProperties(value, depth);
        }

        void WriteReal(IFormattable value)
        {
            var digits = value.ToString("R", CultureInfo.InvariantCulture);
            if (digits.IndexOf('N') >= 0 || digits.IndexOf('I') >= 0) // NaN, -Infinity
                throw new JsonException($"{digits} is no JSON number");
            text.Append(digits);
        }

        void WriteMap(IDictionary map, int depth)
        {
            var separator = '{';
            foreach (DictionaryEntry entry in map)
                WriteMember(ref separator, entry.Key.ToString(), entry.Value, depth);
            text.Append(separator == '{' ? "{}" : "}");
        }

        void WriteProperties(object value, int depth)
        {
            var separator = '{';
            foreach (var property in Json.Properties(value.GetType()).Where(p => p.CanRead))
                WriteMember(ref separator, property.Name, property.GetValue(value, null), depth);
            text.Append(separator == '{' ? "{}" : "}");
        }

        void WriteMember(ref char separator, string name, object value, int depth)
        {
            text.Append(separator);
            separator = ',';
            WriteString(name);
            text.Append(':');
            Write(value, depth + 1);
        }

        void WriteItems(IEnumerable items, int depth)
        {
            var separator = '[';
            foreach (var item in items)
            {
                text.Append(separator);
                separator = ',';
                Write(item, depth + 1);
            }
            text.Append(separator == '[' ? "[]" : "]");
        }

        void WriteString(string value)
        {
            text.Append('"');
            foreach (var letter in value)
            {
                if (letter == '"' || letter == '\\')
                    text.Append('\\').Append(letter);
                else if (letter < ' ' || char.IsSurrogate(letter))
                    text.Append("\\u").Append(((int)letter).ToString("x4"));
                else
                    text.Append(letter);
            }
            text.Append('"');
        }
    }
}
