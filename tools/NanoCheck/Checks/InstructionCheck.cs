using IotXmpp.NanoCheck.Flow;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Instructions and handlers that the interpreter ignores or refuses.</summary>
internal sealed class InstructionCheck : Check
{
    internal override void Look(MethodCode code, Report report)
    {
        foreach (Instruction instruction in code.Instructions)
        {
            switch (instruction.OpCode.Code)
            {
                case Code.Add_Ovf or Code.Add_Ovf_Un or Code.Sub_Ovf or Code.Sub_Ovf_Un or Code.Mul_Ovf or Code.Mul_Ovf_Un:
                    report.Add(Rule.CheckedArithmetic, code.Method, instruction, "checked arithmetic");
                    break;
                case Code.Conv_Ovf_I or Code.Conv_Ovf_I1 or Code.Conv_Ovf_I2 or Code.Conv_Ovf_I4 or Code.Conv_Ovf_I8
                    or Code.Conv_Ovf_U or Code.Conv_Ovf_U1 or Code.Conv_Ovf_U2 or Code.Conv_Ovf_U4 or Code.Conv_Ovf_U8
                    or Code.Conv_Ovf_I_Un or Code.Conv_Ovf_I1_Un or Code.Conv_Ovf_I2_Un or Code.Conv_Ovf_I4_Un or Code.Conv_Ovf_I8_Un
                    or Code.Conv_Ovf_U_Un or Code.Conv_Ovf_U1_Un or Code.Conv_Ovf_U2_Un or Code.Conv_Ovf_U4_Un or Code.Conv_Ovf_U8_Un:
                    report.Add(Rule.CheckedArithmetic, code.Method, instruction, "a checked conversion");
                    break;
                case Code.Volatile:
                    report.Add(Rule.Volatile, code.Method, instruction, "a volatile field is used");
                    break;
                // nf-interpreter, Interpreter.cpp, "Unsupported opcodes"
                case Code.Arglist or Code.Cpblk or Code.Jmp or Code.Initblk or Code.Calli or Code.Ckfinite or Code.Localloc
                    or Code.Mkrefany or Code.Refanytype or Code.Refanyval or Code.Readonly:
                    report.Add(Rule.Instruction, code.Method, instruction, $"this needs the instruction {instruction.OpCode.Name}");
                    break;
            }
        }

        foreach (ExceptionHandler handler in code.Method.Body.ExceptionHandlers.Where(h => h.HandlerType == ExceptionHandlerType.Fault))
        {
            report.Add(Rule.Instruction, code.Method, handler.HandlerStart, "this needs a fault handler");
        }
    }
}
