using System.Collections.Immutable;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Flow;

/// <summary>Follows the evaluation stack through a method, along all branches, until nothing new is learnt.</summary>
internal sealed class StackFlow
{
    private readonly MethodDefinition _method;
    private readonly Dictionary<Instruction, ImmutableArray<StackValue>> _before = [];
    private readonly Queue<Instruction> _open = new();

    internal StackFlow(MethodDefinition method)
    {
        _method = method;
        MethodBody body = method.Body;
        Reach(body.Instructions[0], []);
        foreach (ExceptionHandler handler in body.ExceptionHandlers)
        {
            ImmutableArray<StackValue> caught = handler.HandlerType is ExceptionHandlerType.Catch or ExceptionHandlerType.Filter
                ? [handler.CatchType is null ? StackValue.Unknown : StackValue.Of(handler.CatchType)]
                : [];
            Reach(handler.HandlerStart, caught);
            if (handler.FilterStart is not null)
            {
                Reach(handler.FilterStart, caught);
            }
        }

        while (_open.TryDequeue(out Instruction? instruction))
        {
            ImmutableArray<StackValue> after = After(instruction, _before[instruction]);
            foreach (Instruction next in Next(instruction))
            {
                Reach(next, after);
            }
        }
    }

    /// <summary>The values that an instruction takes, the one on top last; empty where no way leads to it.</summary>
    internal ImmutableArray<StackValue> Taken(Instruction instruction)
    {
        if (!_before.TryGetValue(instruction, out ImmutableArray<StackValue> stack))
        {
            return [];
        }

        int count = Math.Min(Pops(instruction, stack.Length), stack.Length);
        return stack[^count..];
    }

    /// <summary>Whether an instruction may run again after itself.</summary>
    internal static bool IsInLoop(Instruction instruction)
    {
        var seen = new HashSet<Instruction>();
        var open = new Stack<Instruction>(Next(instruction));
        while (open.TryPop(out Instruction? at))
        {
            if (at == instruction)
            {
                return true;
            }

            if (seen.Add(at))
            {
                foreach (Instruction next in Next(at))
                {
                    open.Push(next);
                }
            }
        }

        return false;
    }

    private static IEnumerable<Instruction> Next(Instruction instruction)
    {
        if (instruction.Operand is Instruction target)
        {
            yield return target;
        }
        else if (instruction.Operand is Instruction[] targets)
        {
            foreach (Instruction each in targets)
            {
                yield return each;
            }
        }

        bool ends = instruction.OpCode.FlowControl is FlowControl.Branch or FlowControl.Return or FlowControl.Throw;
        if (!ends && instruction.Next is not null)
        {
            yield return instruction.Next;
        }
    }

    private void Reach(Instruction instruction, ImmutableArray<StackValue> stack)
    {
        if (!_before.TryGetValue(instruction, out ImmutableArray<StackValue> known))
        {
            _before[instruction] = stack;
            _open.Enqueue(instruction);
            return;
        }

        int depth = Math.Min(known.Length, stack.Length);
        var joined = ImmutableArray.CreateBuilder<StackValue>(depth);
        bool changed = false;
        for (int i = 0; i < depth; i++)
        {
            StackValue join = StackValue.Join(known[i], stack[i]);
            changed |= join != known[i];
            joined.Add(join);
        }

        if (changed)
        {
            _before[instruction] = joined.ToImmutable();
            _open.Enqueue(instruction);
        }
    }

    private ImmutableArray<StackValue> After(Instruction instruction, ImmutableArray<StackValue> stack)
    {
        if (instruction.OpCode.Code is Code.Leave or Code.Leave_S)
        {
            return [];
        }

        if (instruction.OpCode.Code == Code.Dup)
        {
            return stack.Length == 0 ? stack : stack.Add(stack[^1]);
        }

        ImmutableArray<StackValue> taken = Taken(instruction);
        ImmutableArray<StackValue> rest = stack[..^taken.Length];
        return Pushes(instruction) ? rest.Add(StackEffect.Made(_method, instruction, taken)) : rest;
    }

    private static bool Pushes(Instruction instruction) => instruction.Operand is MethodReference called && instruction.OpCode.FlowControl == FlowControl.Call
        ? instruction.OpCode.Code == Code.Newobj || called.ReturnType.MetadataType != MetadataType.Void
        : instruction.OpCode.StackBehaviourPush != StackBehaviour.Push0;

    private int Pops(Instruction instruction, int depth)
    {
        if (instruction.OpCode.FlowControl == FlowControl.Call && instruction.Operand is IMethodSignature called)
        {
            bool hasThis = called.HasThis && !called.ExplicitThis && instruction.OpCode.Code != Code.Newobj;
            return called.Parameters.Count + (hasThis ? 1 : 0) + (instruction.OpCode.Code == Code.Calli ? 1 : 0);
        }

        return instruction.OpCode.StackBehaviourPop switch
        {
            StackBehaviour.Pop0 => 0,
            StackBehaviour.Pop1 or StackBehaviour.Popi or StackBehaviour.Popref => 1,
            StackBehaviour.Pop1_pop1 or StackBehaviour.Popi_pop1 or StackBehaviour.Popi_popi or StackBehaviour.Popi_popi8
                or StackBehaviour.Popi_popr4 or StackBehaviour.Popi_popr8 or StackBehaviour.Popref_pop1 or StackBehaviour.Popref_popi => 2,
            StackBehaviour.Popi_popi_popi or StackBehaviour.Popref_popi_popi or StackBehaviour.Popref_popi_popi8
                or StackBehaviour.Popref_popi_popr4 or StackBehaviour.Popref_popi_popr8 or StackBehaviour.Popref_popi_popref => 3,
            StackBehaviour.PopAll => depth,
            // ret: what it takes is said by the method
            _ => _method.ReturnType.MetadataType == MetadataType.Void ? 0 : 1,
        };
    }
}
