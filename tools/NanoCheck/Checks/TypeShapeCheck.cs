using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Kinds of types that the runtime lacks: generics, arrays of more than one dimension, interface members with a body, volatile fields, pointers that are kept.</summary>
internal sealed class TypeShapeCheck : Check
{
    internal override void Look(TypeDefinition type, Report report)
    {
        // A nested type repeats the parameters of the one around it.
        if (type.HasGenericParameters && type.DeclaringType is not { HasGenericParameters: true })
        {
            report.Add(Rule.GenericDefinition, Written(type), $"{Name(type)} has type parameters");
        }

        Use(type.BaseType, what => report.Add(what.Rule, Written(type), $"{Name(type)} inherits from {what.Text}"));
        foreach (InterfaceImplementation each in type.Interfaces)
        {
            Use(each.InterfaceType, what => report.Add(what.Rule, Written(type), $"{Name(type)} implements {what.Text}"));
        }

        foreach (FieldDefinition field in type.Fields.Where(f => !IsMade(f.Name)))
        {
            if (field.FieldType is RequiredModifierType { ModifierType.Name: "IsVolatile" })
            {
                report.Add(Rule.Volatile, field, $"{field.Name} is volatile");
            }

            Use(field.FieldType, what => report.Add(what.Rule, field, $"{field.Name} is {what.Text}"));
        }

        foreach (MethodDefinition method in type.Methods.Where(m => !IsMade(m.Name)))
        {
            if (method.HasGenericParameters)
            {
                report.Add(Rule.GenericDefinition, method, $"{method.Name} has type parameters");
            }

            if (type.IsInterface && method.HasBody && !method.IsConstructor)
            {
                report.Add(Rule.DefaultInterfaceMember, method, $"{Name(type)}.{method.Name} has a body");
            }

            foreach (TypeReference each in method.Parameters.Select(p => p.ParameterType).Append(method.ReturnType))
            {
                Use(each, what => report.Add(what.Rule, method, $"{method.Name} takes or returns {what.Text}"));
            }
        }
    }

    internal override void Look(MethodCode code, Report report)
    {
        if (code.Method.Body.Variables.FirstOrDefault(v => v.VariableType is PointerType) is { } pointer)
        {
            Instruction at = code.Instructions.FirstOrDefault(i => StackEffect.IsStore(i) && StackEffect.Variable(code.Method, i) == pointer) ?? code.Instructions.First();
            report.Add(Rule.PointerLocal, code.Method, at, $"a local variable of the type {pointer.VariableType.Name}");
        }

        foreach (Instruction instruction in code.Instructions)
        {
            switch (instruction.Operand)
            {
                case GenericInstanceMethod generic:
                    report.Add(Rule.GenericUse, code.Method, instruction, $"{generic.Name}<…> is a generic method");
                    break;
                case MemberReference { DeclaringType: { } type } when Found(type) is { } found:
                    report.Add(found.Rule, code.Method, instruction, $"uses {found.Text}");
                    break;
                case TypeReference type when Found(type) is { } found:
                    report.Add(found.Rule, code.Method, instruction, $"uses {found.Text}");
                    break;
                case VariableDefinition variable when Found(variable.VariableType) is { } found:
                    report.Add(found.Rule, code.Method, instruction, $"uses {found.Text}");
                    break;
            }
        }
    }

    private static void Use(TypeReference? type, Action<(Rule Rule, string Text)> found)
    {
        if (Found(type) is { } what)
        {
            found(what);
        }
    }

    private static (Rule Rule, string Text)? Found(TypeReference? type) => type switch
    {
        // inside a generic type or method of our own, which is named once, where it is defined
        GenericInstanceType { GenericArguments: var arguments } when arguments.All(a => a is GenericParameter) => null,
        GenericInstanceType instance => (Rule.GenericUse, $"the generic type {Name(instance.ElementType)}"),
        ArrayType { Rank: > 1 } array => (Rule.MultiDimensionalArray, $"an array with {array.Rank} dimensions"),
        TypeSpecification whole => Found(whole.ElementType),
        _ => null,
    };

    private static string Name(TypeReference type) => type.Name.Split('`')[0];

    /// <summary>A closure is made for a method of the type around it.</summary>
    private static TypeDefinition Written(TypeDefinition type) => IsMade(type.Name) && type.DeclaringType is not null ? Written(type.DeclaringType) : type;

    private static bool IsMade(string name) => name.Contains('<', StringComparison.Ordinal);
}
