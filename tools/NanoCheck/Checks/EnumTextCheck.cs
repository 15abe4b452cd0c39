using System.Collections.Immutable;
using IotXmpp.NanoCheck.Api;
using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Enums that are made into text: the call itself, and a boxed enum that goes where text is made of it.</summary>
internal sealed class EnumTextCheck : Check
{
    private static readonly HashSet<string> TextMakers = new(StringComparer.Ordinal)
    {
        "System.String", "System.Text.StringBuilder", "System.Console", "System.Convert", "System.Diagnostics.Debug", "System.IO.StreamWriter", "System.IO.TextWriter",
    };

    internal override void Look(MethodCode code, Report report)
    {
        foreach (Instruction instruction in code.Instructions)
        {
            if (Text(code, instruction) is { } type)
            {
                report.Add(Rule.EnumText, code.Method, instruction, $"the text of the enum {type.Name}");
            }
        }
    }

    private static TypeReference? Text(MethodCode code, Instruction instruction)
    {
        switch (instruction.OpCode.Code)
        {
            case Code.Call or Code.Callvirt:
                var called = (MethodReference)instruction.Operand;
                if (called.Name == "ToString" && called.HasThis && instruction.Previous is { OpCode.Code: Code.Constrained, Operand: TypeReference constrained } && StackEffect.IsEnum(constrained))
                {
                    return constrained;
                }

                ImmutableArray<StackValue> taken = code.Flow.Taken(instruction);
                bool makesText = called.Name == "ToString" || TextMakers.Contains(TypeText.Full(called.DeclaringType));
                return makesText ? taken.Select(v => v.Boxed).FirstOrDefault(b => b is not null && StackEffect.IsEnum(b)) : null;
            // the arguments of a format with more than three
            case Code.Stelem_Ref:
                ImmutableArray<StackValue> stored = code.Flow.Taken(instruction);
                return stored.Length == 3 && stored[0].Type is ArrayType { ElementType.MetadataType: MetadataType.Object } && stored[2].Boxed is { } boxed && StackEffect.IsEnum(boxed) ? boxed : null;
            default:
                return null;
        }
    }
}
