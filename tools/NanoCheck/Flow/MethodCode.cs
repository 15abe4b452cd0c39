using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck.Flow;

/// <summary>A method with code.</summary>
internal sealed class MethodCode(MethodDefinition method)
{
    private StackFlow? _flow;

    /// <summary>The method.</summary>
    internal MethodDefinition Method { get; } = method;

    /// <summary>Its instructions.</summary>
    internal IEnumerable<Instruction> Instructions => Method.Body.Instructions;

    /// <summary>Its stack; calculated when it is first asked for.</summary>
    internal StackFlow Flow => _flow ??= new StackFlow(Method);
}
