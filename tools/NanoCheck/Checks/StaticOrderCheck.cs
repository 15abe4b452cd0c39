using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>
/// Static constructors that need another's work done. The runtime runs them all at start, one after the other as they stand in the metadata
/// (nf-interpreter, <c>SpawnStaticConstructor</c>); .NET runs each before its type is first used.
/// </summary>
internal sealed class StaticOrderCheck : Check
{
    internal override void Look(MethodCode code, Report report)
    {
        if (code.Method is not { IsConstructor: true, IsStatic: true })
        {
            return;
        }

        foreach (Instruction instruction in code.Instructions)
        {
            if (Needed(code.Method.DeclaringType, instruction, []) is { } field)
            {
                report.Add(Rule.StaticOrder, code.Method, instruction, $"static initialisation of {code.Method.DeclaringType.Name} reads {field.DeclaringType.Name}.{field.Name}");
            }
        }
    }

    /// <summary>The first field that the instruction, or what it calls, reads and that another type's static constructor fills.</summary>
    private static FieldDefinition? Needed(TypeDefinition type, Instruction instruction, HashSet<MethodDefinition> seen)
    {
        switch (instruction.OpCode.Code)
        {
            case Code.Ldsfld or Code.Ldsflda:
                return ((FieldReference)instruction.Operand).Resolve() is { } field && field.DeclaringType != type && IsFilledAtStart(field) ? field : null;
            case Code.Call or Code.Callvirt or Code.Newobj when ((MethodReference)instruction.Operand).Resolve() is { HasBody: true } called && called.Module == type.Module && seen.Add(called):
                return called.Body.Instructions.Select(i => Needed(type, i, seen)).FirstOrDefault(f => f is not null);
            default:
                return null;
        }
    }

    // A lambda without variables is kept in a static field that is made where it is used first: null is expected there.
    private static bool IsFilledAtStart(FieldDefinition field) =>
        !field.HasConstant && field.InitialValue is not { Length: > 0 } && field.DeclaringType.GetStaticConstructor() is { HasBody: true } constructor
        && constructor.Body.Instructions.Any(i => i.OpCode.Code == Code.Stsfld && ((FieldReference)i.Operand).Resolve() == field);
}
