using System.Collections.Immutable;
using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>
/// Numbers that C# takes for signed and the runtime for unsigned. A value on the runtime's stack keeps the type it was made with; <c>(long)u</c> widens a <c>uint</c> to an unsigned
/// 64-bit number or, from <c>ulong</c>, is no instruction at all. Comparison and division go by the instruction and are right, all else goes by the value. Locals, fields and arrays have a type of their own, so storing there mends it; parameters, results and
/// what a reference points to take over the value's.
/// </summary>
internal sealed class UnsignedLeakCheck : Check
{
    internal override void Look(MethodCode code, Report report)
    {
        foreach (Instruction instruction in code.Instructions)
        {
            if (Leak(code, instruction) is { } what)
            {
                report.Add(Rule.UnsignedLeak, code.Method, instruction, $"an unsigned number {what}");
            }
        }
    }

    private static string? Leak(MethodCode code, Instruction instruction)
    {
        switch (instruction.OpCode.Code)
        {
            case Code.Rem:
                return Left(code, instruction) ? "has its remainder taken as if it had a sign" : null;
            case Code.Shr:
                return Left(code, instruction) ? "is shifted right as if it had a sign" : null;
            case Code.Conv_I8:
                return Left(code, instruction) ? "is widened as if it had a sign" : null;
            case Code.Conv_R4 or Code.Conv_R8:
                return Left(code, instruction) && instruction.Previous?.OpCode.Code != Code.Conv_R_Un ? "becomes a floating point number as if it had a sign" : null;
            case Code.Call or Code.Callvirt or Code.Newobj:
                return Argument(code, instruction, (MethodReference)instruction.Operand);
            case Code.Ret:
                return IsSigned(code.Method.ReturnType) && code.Flow.Taken(instruction).Any(IsKeptUnsigned) ? "is returned as one with a sign" : null;
            case Code.Stind_I4 or Code.Stind_I8:
                ImmutableArray<StackValue> stored = code.Flow.Taken(instruction);
                return stored.Length == 2 && IsKeptUnsigned(stored[1]) && stored[0].Type is TypeSpecification { ElementType: { } target } && IsSigned(target)
                    ? "is stored by reference as one with a sign" : null;
            default:
                return null;
        }
    }

    private static string? Argument(MethodCode code, Instruction instruction, MethodReference called)
    {
        ImmutableArray<StackValue> taken = code.Flow.Taken(instruction);
        int first = taken.Length - called.Parameters.Count;
        for (int i = 0; i < called.Parameters.Count && first >= 0; i++)
        {
            if (IsKeptUnsigned(taken[first + i]) && IsSigned(called.Parameters[i].ParameterType))
            {
                return $"is handed to {called.Name} as one with a sign";
            }
        }

        return null;
    }

    private static bool Left(MethodCode code, Instruction instruction) => code.Flow.Taken(instruction) is { Length: > 0 } taken && taken[0].Sign == Sign.Unsigned;

    /// <summary>Whoever takes it over may calculate what is below zero, and goes on unsigned.</summary>
    private static bool IsKeptUnsigned(StackValue value) => value.Sign is Sign.Widened or Sign.Unsigned;

    /// <summary>Smaller types are cut to size when they are handed over, and are never unsigned on the stack.</summary>
    private static bool IsSigned(TypeReference type) => type.MetadataType is MetadataType.Int32 or MetadataType.Int64;
}
