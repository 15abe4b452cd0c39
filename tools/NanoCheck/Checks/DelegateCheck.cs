using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Delegates of static methods that carry an object for their first parameter.</summary>
internal sealed class DelegateCheck : Check
{
    internal override void Look(MethodCode code, Report report)
    {
        foreach (Instruction instruction in code.Instructions)
        {
            // A delegate of a static method is made from null, the method, newobj.
            if (instruction is { OpCode.Code: Code.Ldftn, Operand: MethodReference { HasThis: false } method, Next.OpCode.Code: Code.Newobj, Previous.OpCode.Code: not Code.Ldnull })
            {
                report.Add(Rule.BoundExtension, code.Method, instruction, $"a delegate of {method.Name} that is bound to an object");
            }
        }
    }
}
