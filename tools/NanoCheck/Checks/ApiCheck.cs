using IotXmpp.NanoCheck.Api;
using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Types and members of nanoFramework that the lists do not have.</summary>
internal sealed class ApiCheck(ApiSurface api, ModuleDefinition module) : Check
{
    // IotXmpp.Core refers to IotXmpp.Things: assemblies of one house share the first word of their names, and are looked at themselves.
    private readonly string _ours = module.Assembly.Name.Name.Split('.')[0] + ".";

    internal override void Look(TypeDefinition type, Report report)
    {
        Type(type.BaseType, what => report.Add(Rule.Api, type, what));
        foreach (InterfaceImplementation each in type.Interfaces)
        {
            Type(each.InterfaceType, what => report.Add(Rule.Api, type, what));
        }

        foreach (FieldDefinition field in type.Fields)
        {
            Type(field.FieldType, what => report.Add(Rule.Api, field, what));
        }

        foreach (MethodDefinition method in type.Methods)
        {
            foreach (TypeReference each in method.Parameters.Select(p => p.ParameterType).Append(method.ReturnType))
            {
                Type(each, what => report.Add(Rule.Api, method, what));
            }
        }
    }

    internal override void Look(MethodCode code, Report report)
    {
        foreach (Instruction instruction in code.Instructions)
        {
            switch (instruction.Operand)
            {
                case TypeReference type:
                    Type(type, what => report.Add(Rule.Api, code.Method, instruction, what));
                    break;
                case MethodReference { DeclaringType: not ArrayType } method:
                    Member(method.DeclaringType, TypeText.Signature(method), what => report.Add(Rule.Api, code.Method, instruction, what));
                    break;
                case FieldReference field:
                    Member(field.DeclaringType, TypeText.Signature(field), what => report.Add(Rule.Api, code.Method, instruction, what));
                    break;
            }
        }

        foreach (ExceptionHandler handler in code.Method.Body.ExceptionHandlers.Where(h => h.CatchType is not null))
        {
            Type(handler.CatchType, what => report.Add(Rule.Api, code.Method, handler.HandlerStart, what));
        }
    }

    private void Type(TypeReference? type, Action<string> report) => Find(type, report);

    private void Member(TypeReference type, string signature, Action<string> report)
    {
        // What type parameters stand for makes no member; that there are some is another rule's.
        if (Find(type, report) is { } found && type is not GenericInstanceType && !api.HasMember(found, signature))
        {
            report($"{found.Assembly} has no {found.Name}: {signature}");
        }
    }

    private ApiType? Find(TypeReference? type, Action<string> report)
    {
        if (type is null or GenericParameter or FunctionPointerType)
        {
            return null;
        }

        if (type is GenericInstanceType instance)
        {
            foreach (TypeReference each in instance.GenericArguments)
            {
                Find(each, report);
            }
        }

        TypeReference element = type.GetElementType();
        if (element is TypeDefinition or GenericParameter || Assembly(element) is not { } assembly || assembly.StartsWith(_ours, StringComparison.Ordinal))
        {
            return null;
        }

        ApiType? found = api.Type(assembly, element);
        if (found is null)
        {
            report(api.HasAssembly(assembly) ? $"{assembly} has no {TypeText.Full(element)}" : $"there is no list of {assembly}, which has {TypeText.Full(element)}");
        }

        return found;
    }

    private static string? Assembly(TypeReference type) => (type.DeclaringType is null ? type.Scope : Top(type).Scope) is AssemblyNameReference name ? name.Name : null;

    private static TypeReference Top(TypeReference type) => type.DeclaringType is null ? type : Top(type.DeclaringType);
}
