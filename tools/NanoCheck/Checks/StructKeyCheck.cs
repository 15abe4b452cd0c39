using System.Collections.Immutable;
using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Structs whose hash code the runtime makes from their address.</summary>
internal sealed class StructKeyCheck : Check
{
    internal override void Look(MethodCode code, Report report)
    {
        foreach (Instruction instruction in code.Instructions)
        {
            if (instruction.OpCode.Code is Code.Call or Code.Callvirt && Hashed(code, instruction, (MethodReference)instruction.Operand) is { } type)
            {
                report.Add(Rule.StructKey, code.Method, instruction, $"the hash code of the struct {type.Name}, which has none of its own");
            }
        }
    }

    private static TypeReference? Hashed(MethodCode code, Instruction instruction, MethodReference called)
    {
        if (called.Name == "GetHashCode" && instruction.Previous is { OpCode.Code: Code.Constrained, Operand: TypeReference constrained })
        {
            return HasNoHash(constrained) ? constrained : null;
        }

        if (called.Name != "GetHashCode" && called.DeclaringType.FullName != "System.Collections.Hashtable")
        {
            return null;
        }

        // the object itself, or the key after the table
        ImmutableArray<StackValue> taken = code.Flow.Taken(instruction);
        int at = called.Name == "GetHashCode" ? 0 : 1;
        return taken.Length > at && taken[at].Boxed is { } boxed && HasNoHash(boxed) ? boxed : null;
    }

    private static bool HasNoHash(TypeReference type) =>
        type is { IsValueType: true, IsPrimitive: false } && type.Resolve() is { IsEnum: false } definition && definition.Module.Assembly.Name.Name != "mscorlib"
        && !definition.Methods.Any(m => m.Name == "GetHashCode" && m.IsVirtual && m.Parameters.Count == 0);
}
