using System.Collections.Immutable;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Flow;

/// <summary>What an instruction leaves on the stack, as nanoFramework's interpreter does it: a result keeps the type of the left operand.</summary>
internal static class StackEffect
{
    /// <summary>The value that the instruction pushes.</summary>
    internal static StackValue Made(MethodDefinition method, Instruction instruction, ImmutableArray<StackValue> taken)
    {
        switch (instruction.OpCode.Code)
        {
            case Code.Ldarg_0 or Code.Ldarg_1 or Code.Ldarg_2 or Code.Ldarg_3 or Code.Ldarg_S or Code.Ldarg:
                return Argument(method, instruction);
            case Code.Ldloc_0 or Code.Ldloc_1 or Code.Ldloc_2 or Code.Ldloc_3 or Code.Ldloc_S or Code.Ldloc:
                return StackValue.Of(Variable(method, instruction).VariableType);
            case Code.Ldloca_S or Code.Ldloca:
                return new StackValue(new ByReferenceType(Variable(method, instruction).VariableType), Sign.None);
            case Code.Ldarga_S or Code.Ldarga:
                return new StackValue(new ByReferenceType(((ParameterDefinition)instruction.Operand).ParameterType), Sign.None);
            case Code.Ldfld or Code.Ldsfld:
                return StackValue.Of(((FieldReference)instruction.Operand).FieldType);
            case Code.Ldflda or Code.Ldsflda:
                return new StackValue(new ByReferenceType(((FieldReference)instruction.Operand).FieldType), Sign.None);
            case Code.Call or Code.Callvirt:
                return StackValue.Of(((MethodReference)instruction.Operand).ReturnType);
            case Code.Newobj:
                return StackValue.Of(((MethodReference)instruction.Operand).DeclaringType);
            case Code.Newarr:
                return new StackValue(new ArrayType((TypeReference)instruction.Operand), Sign.None);
            case Code.Ldstr:
                return new StackValue(method.Module.TypeSystem.String, Sign.None, Text: (string)instruction.Operand);
            case Code.Box:
                return new StackValue(method.Module.TypeSystem.Object, Sign.None, (TypeReference)instruction.Operand);
            case Code.Unbox_Any or Code.Ldobj or Code.Castclass or Code.Ldelem_Any:
                return StackValue.Of((TypeReference)instruction.Operand);
            case Code.Ldelema:
                return new StackValue(new ByReferenceType((TypeReference)instruction.Operand), Sign.None);
            case Code.Ldelem_I or Code.Ldelem_I1 or Code.Ldelem_I2 or Code.Ldelem_I4 or Code.Ldelem_I8 or Code.Ldelem_U1 or Code.Ldelem_U2 or Code.Ldelem_U4 or Code.Ldelem_Ref:
                return Element(instruction, (taken.Length > 0 ? taken[0].Type : null) as ArrayType);
            case Code.Ldind_I or Code.Ldind_I1 or Code.Ldind_I2 or Code.Ldind_I4 or Code.Ldind_I8 or Code.Ldind_U1 or Code.Ldind_U2 or Code.Ldind_U4 or Code.Ldind_Ref:
                return Element(instruction, (taken.Length > 0 ? taken[0].Type : null) as TypeSpecification);
            case >= Code.Ldc_I4_M1 and <= Code.Ldc_I8:
                return StackValue.Signed;
            case >= Code.Add and <= Code.Shr_Un or Code.Neg or Code.Not:
                return taken.Length > 0 ? new StackValue(null, Calculated(instruction.OpCode.Code, taken)) : StackValue.Unknown;
            case Code.Conv_I1 or Code.Conv_I2 or Code.Conv_I4 or Code.Conv_I8 or Code.Conv_I or Code.Conv_U1 or Code.Conv_U2
                or Code.Ceq or Code.Cgt or Code.Cgt_Un or Code.Clt or Code.Clt_Un or Code.Ldlen or Code.Sizeof:
                return StackValue.Signed;
            case Code.Conv_U8:
                return taken.Length > 0 && taken[0].Sign == Sign.None ? StackValue.Unsigned : StackValue.Widened;
            case Code.Conv_U4 or Code.Conv_U:
                return StackValue.Unsigned;
            default:
                return StackValue.Unknown;
        }
    }

    /// <summary>The local variable of a load, store or address.</summary>
    internal static VariableDefinition Variable(MethodDefinition method, Instruction instruction) => instruction.OpCode.Code switch
    {
        Code.Ldloc_0 or Code.Stloc_0 => method.Body.Variables[0],
        Code.Ldloc_1 or Code.Stloc_1 => method.Body.Variables[1],
        Code.Ldloc_2 or Code.Stloc_2 => method.Body.Variables[2],
        Code.Ldloc_3 or Code.Stloc_3 => method.Body.Variables[3],
        _ => (VariableDefinition)instruction.Operand,
    };

    /// <summary>Whether an instruction stores a local variable.</summary>
    internal static bool IsStore(Instruction instruction) => instruction.OpCode.Code is Code.Stloc_0 or Code.Stloc_1 or Code.Stloc_2 or Code.Stloc_3 or Code.Stloc_S or Code.Stloc;

    /// <summary>Whether a type is an enum.</summary>
    internal static bool IsEnum(TypeReference type) => type.IsValueType && !type.IsPrimitive && type.Resolve() is { IsEnum: true };

    /// <summary>The type is that of the left operand; what was widened stays within 63 bits in the operations that cannot make it larger or negative.</summary>
    private static Sign Calculated(Code code, ImmutableArray<StackValue> taken)
    {
        Sign left = taken[0].Sign;
        Sign right = taken.Length > 1 ? taken[1].Sign : Sign.None;
        if (left is Sign.None or Sign.Signed)
        {
            return left;
        }

        bool small = code switch
        {
            Code.And => left == Sign.Widened || right == Sign.Widened,
            Code.Or or Code.Xor or Code.Add or Code.Div or Code.Div_Un or Code.Rem or Code.Rem_Un => left == Sign.Widened && right == Sign.Widened,
            Code.Shr or Code.Shr_Un => left == Sign.Widened,
            _ => false,
        };
        return small ? Sign.Widened : Sign.Unsigned;
    }

    private static StackValue Argument(MethodDefinition method, Instruction instruction)
    {
        int index = instruction.OpCode.Code switch
        {
            Code.Ldarg_0 => 0,
            Code.Ldarg_1 => 1,
            Code.Ldarg_2 => 2,
            Code.Ldarg_3 => 3,
            _ => -1,
        };
        if (index < 0)
        {
            return StackValue.Of(((ParameterDefinition)instruction.Operand).ParameterType);
        }

        index -= method.HasThis ? 1 : 0;
        return index < 0 ? StackValue.Unknown : StackValue.Of(method.Parameters[index].ParameterType);
    }

    private static StackValue Element(Instruction instruction, TypeSpecification? whole) => whole is not null
        ? StackValue.Of(whole.ElementType)
        : instruction.OpCode.Code switch
        {
            Code.Ldelem_U4 or Code.Ldind_U4 => StackValue.Unsigned,
            Code.Ldelem_Ref or Code.Ldind_Ref => StackValue.Unknown,
            _ => StackValue.Signed,
        };
}
