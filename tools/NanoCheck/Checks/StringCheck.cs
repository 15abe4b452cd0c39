using System.Collections.Immutable;
using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Strings that are indexed in loops or hold a zero, and types that are looked for by a name.</summary>
internal sealed class StringCheck : Check
{
    internal override void Look(MethodCode code, Report report)
    {
        // A switch over many words hashes its word there, once: it works, and words are short.
        if (code.Method.DeclaringType.Name == "<PrivateImplementationDetails>")
        {
            return;
        }

        foreach (Instruction instruction in code.Instructions)
        {
            if (instruction is { OpCode.Code: Code.Ldstr, Operand: string text } && text.Contains('\0', StringComparison.Ordinal))
            {
                report.Add(Rule.NulInText, code.Method, instruction, "a text with U+0000 in it");
            }

            if (instruction.Operand is not MethodReference called)
            {
                continue;
            }

            if (called.Name == "get_Chars" && called.DeclaringType.MetadataType == MetadataType.String && StackFlow.IsInLoop(instruction))
            {
                report.Add(Rule.StringIndexInLoop, code.Method, instruction, "a string is indexed in a loop");
            }
            else if (called.Name == "GetType" && !called.HasThis && called.DeclaringType.FullName == "System.Type")
            {
                ImmutableArray<StackValue> taken = code.Flow.Taken(instruction);
                if (taken.Length > 0 && (taken[0].Text is not { } name || name.Contains('+', StringComparison.Ordinal)))
                {
                    report.Add(Rule.NestedTypeName, code.Method, instruction, taken[0].Text is { } nested ? $"Type.GetType of the nested type {nested}" : "Type.GetType of a name that is not a constant");
                }
            }
        }
    }
}
