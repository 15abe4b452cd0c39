using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Methods that a .pe has no room for, and entry points that let exceptions out.</summary>
internal sealed class MethodShapeCheck : Check
{
    /// <summary>What a byte counts: a .pe keeps the numbers of parameters, locals, stack places and targets of a switch in one (nf-interpreter, <c>CLR_RECORD_METHODDEF</c>).</summary>
    private const int MaxByte = 255;

    internal override void Look(MethodCode code, Report report)
    {
        MethodDefinition method = code.Method;
        int parameters = method.Parameters.Count + (method.HasThis ? 1 : 0);
        foreach ((int count, string what) in ((int, string)[])[(parameters, "parameters"), (method.Body.Variables.Count, "locals"), (method.Body.MaxStackSize, "values on the stack")])
        {
            if (count > MaxByte)
            {
                report.Add(Rule.TooLarge, method, $"{method.Name} has {count} {what}");
            }
        }

        foreach (Instruction instruction in code.Instructions)
        {
            if (instruction.Operand is Instruction[] { Length: > MaxByte } targets)
            {
                report.Add(Rule.TooLarge, method, instruction, $"a switch over {targets.Length} neighbouring values");
            }
        }

        if (method == method.Module.EntryPoint && !method.Body.ExceptionHandlers.Any(h => h.CatchType?.FullName is "System.Exception" or "System.Object"))
        {
            report.Add(Rule.UncaughtEnd, method, "the entry point catches nothing");
        }
    }
}
