// SPDX-License-Identifier: Apache-2.0

using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks;

namespace Lambd
{
    /// The function's method, named "Assembly::Namespace.Class::Method".
    sealed class Handler
    {
        const string Form = "The valid format is 'ASSEMBLY::TYPE::METHOD'.";
        const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic |
                                 BindingFlags.Instance | BindingFlags.Static;

        readonly MethodInfo method;
        readonly object target;
        readonly ParameterInfo[] parameters;
        readonly Type resultType; // of what the method answers, or of its task; void: nothing
        readonly Serializer serializer;

        public Handler(string name, string folder)
        {
            var parts = Split(name);
            var type = LoadType(parts[0], parts[1], folder);
            method = FindMethod(type, parts[2]);
            parameters = method.GetParameters();
            CheckParameters(type);
            resultType = AwaitedType(method.ReturnType);
            serializer = Serializer.Of(method);
            target = method.IsStatic ? null : Create(type);
        }

        static string[] Split(string name)
        {
            if (string.IsNullOrEmpty(name))
                throw new LambdaValidationException($"Empty lambda function handler. {Form}");
            var parts = name.Split(new[] { "::" }, 3, StringSplitOptions.None);
            if (parts.Length != 3)
                throw new LambdaValidationException($"Invalid lambda function handler: '{name}'. {Form}");
            var words = new[] { "assembly", "type", "method" };
            for (var i = 0; i < 3; i++)
            {
                parts[i] = parts[i].Trim();
                if (parts[i] == "")
                    throw new LambdaValidationException(
                        $"Invalid lambda function handler: '{name}', the {words[i]} is missing. {Form}");
            }
            return parts;
        }

        static Type LoadType(string assemblyName, string typeName, string folder)
        {
            var path = Path.Combine(folder, assemblyName + ".dll");
            if (!File.Exists(path))
                throw new LambdaValidationException(
                    $"Could not find the specified handler assembly with the file name '{assemblyName}'. " +
                    "The assembly should be located in the root of your uploaded .zip file.");
            AppDomain.CurrentDomain.AssemblyResolve += (sender, wanted) =>
            {
                var file = Path.Combine(folder, new AssemblyName(wanted.Name).Name + ".dll");
                return File.Exists(file) ? Assembly.LoadFrom(file) : null;
            };
            return Assembly.LoadFrom(path).GetType(typeName) ??
                   throw new LambdaValidationException(
                       $"Unable to load type '{typeName}' from assembly '{assemblyName}'.");
        }

        static MethodInfo FindMethod(Type type, string name)
        {
            var found = type.GetMethods(Any)
                .Where(m => m.Name == name || m.ToString() == name).ToArray();
            if (found.Length == 0)
                throw new LambdaValidationException(
                    $"Unable to find method '{name}' in type '{type}' from assembly " +
                    $"'{type.Assembly.GetName().Name}': Found no methods matching method name '{name}'.");
            if (found.Length > 1)
                throw new LambdaValidationException(
                    $"The method '{name}' in type '{type}' appears to have a number of overloads. To " +
                    "call this method please specify a complete method signature. Possible candidates " +
                    $"are:\n{string.Join("\n", found.Select(m => m.ToString()))}.");
            return found[0];
        }

        void CheckParameters(Type type)
        {
            if (parameters.Length > 2)
                throw new LambdaValidationException(
                    $"Method '{method.Name}' of type '{type}' is not supported: the method has more than " +
                    "2 parameters.");
            if (parameters.Length == 2 && !IsContext(parameters[1]))
                throw new LambdaValidationException(
                    $"Method '{method.Name}' of type '{type}' is not supported: the method has 2 " +
                    "parameters, but the second parameter is not of type " +
                    "'Amazon.Lambda.Core.ILambdaContext'.");
        }

        static bool IsContext(ParameterInfo parameter) =>
            parameter.ParameterType.Name == "ILambdaContext" ||
            parameter.ParameterType == typeof(LambdaContext);

        static Type AwaitedType(Type type)
        {
            if (type == typeof(Task))
                return typeof(void);
            return typeof(Task).IsAssignableFrom(type) && type.IsGenericType
                ? type.GetGenericArguments()[0] : type;
        }

        static object Create(Type type)
        {
            try
            {
                return Activator.CreateInstance(type);
            }
            catch (TargetInvocationException error)
            {
                ExceptionDispatchInfo.Capture(error.InnerException).Throw();
                throw;
            }
        }

        /// Call the method; the answer in its final form. Throws what the method throws.
        public MemoryStream Call(Stream input, LambdaContext context)
        {
            var arguments = parameters
                .Select(parameter => IsContext(parameter)
                    ? Duck.As(context, parameter.ParameterType)
                    : serializer.Read(input, parameter.ParameterType))
                .ToArray();
            try
            {
                var result = method.Invoke(target, arguments);
                return serializer.Write(Await(result), resultType);
            }
            catch (TargetInvocationException error)
            {
                ExceptionDispatchInfo.Capture(error.InnerException).Throw();
                throw;
            }
        }

        object Await(object result)
        {
            if (!(result is Task task))
                return result;
            task.GetAwaiter().GetResult();
            return resultType == typeof(void) ? null : ((dynamic)task).Result;
        }
    }

    /// Between bytes and values: streams as they are, the rest by the function's own serializer
    /// (LambdaSerializerAttribute of Amazon.Lambda.Core), or by ours.
    sealed class Serializer
    {
        readonly object custom; // null: ours

        Serializer(object custom)
        {
            this.custom = custom;
        }

        public static Serializer Of(MethodInfo method)
        {
            var attribute = method.GetCustomAttributes(false)
                .Concat(method.DeclaringType.Assembly.GetCustomAttributes(false))
                .FirstOrDefault(a => a.GetType().Name == "LambdaSerializerAttribute");
            var type = attribute?.GetType().GetProperty("SerializerType")?.GetValue(attribute, null);
            return new Serializer(type == null ? null : Activator.CreateInstance((Type)type));
        }

        public object Read(Stream input, Type type)
        {
            if (type == typeof(Stream))
                return input;
            return custom == null ? Json.Deserialize(input, type)
                : Generic("Deserialize", type).Invoke(custom, new object[] { input });
        }

        public MemoryStream Write(object result, Type type)
        {
            var output = new MemoryStream();
            if (result is Stream stream)
                stream.CopyTo(output);
            else if (custom == null || type == typeof(void))
                return Json.Serialize(result);
            else
                Generic("Serialize", type).Invoke(custom, new[] { result, output });
            return output;
        }

        MethodInfo Generic(string name, Type type) =>
            custom.GetType().GetMethods().First(m => m.Name == name && m.IsGenericMethod)
                .MakeGenericMethod(type);
    }
}
