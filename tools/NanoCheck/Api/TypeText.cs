using Mono.Cecil;

namespace IotXmpp.NanoCheck.Api;

/// <summary>Names of types as the API lists write them: C#'s keywords, a dot before a nested type, <c>ref</c> for all by-reference parameters.</summary>
internal static class TypeText
{
    private static readonly Dictionary<string, string> Keywords = new(StringComparer.Ordinal)
    {
        ["System.Void"] = "void",
        ["System.Boolean"] = "bool",
        ["System.Byte"] = "byte",
        ["System.SByte"] = "sbyte",
        ["System.Char"] = "char",
        ["System.Int16"] = "short",
        ["System.UInt16"] = "ushort",
        ["System.Int32"] = "int",
        ["System.UInt32"] = "uint",
        ["System.Int64"] = "long",
        ["System.UInt64"] = "ulong",
        ["System.Single"] = "float",
        ["System.Double"] = "double",
        ["System.String"] = "string",
        ["System.Object"] = "object",
    };

    /// <summary>The name in a signature, <c>byte[]</c>.</summary>
    internal static string Of(TypeReference type) => type switch
    {
        IModifierType modified => Of(modified.ElementType),
        ByReferenceType reference => "ref " + Of(reference.ElementType),
        ArrayType array => Of(array.ElementType) + "[" + new string(',', array.Rank - 1) + "]",
        PointerType pointer => Of(pointer.ElementType) + "*",
        GenericInstanceType instance => $"{Plain(Full(instance.ElementType))}<{string.Join(",", instance.GenericArguments.Select(Of))}>",
        GenericParameter parameter => parameter.Name,
        _ => Keywords.GetValueOrDefault(Full(type), Full(type)),
    };

    /// <summary>The name of a declaration, never a keyword: <c>System.Byte</c>, <c>System.Action`1</c>.</summary>
    internal static string Full(TypeReference type) => type.GetElementType().FullName.Replace('/', '.');

    /// <summary>A method as the lists know it, without its type: <c>static int Parse(string)</c>.</summary>
    internal static string Signature(MethodReference method) =>
        $"{(method.HasThis ? "" : "static ")}{Of(method.ReturnType)} {method.Name}({string.Join(",", method.Parameters.Select(p => Of(p.ParameterType)))})";

    /// <summary>A field as the lists know it, without its type: <c>int Length</c>.</summary>
    internal static string Signature(FieldReference field) => $"{Of(field.FieldType)} {field.Name}";

    private static string Plain(string name) => name.Split('`')[0];
}
