using IotXmpp.NanoCheck.Flow;
using Mono.Cecil;

namespace IotXmpp.NanoCheck.Checks;

/// <summary>Looks for what one or a few related rules forbid. It is shown each type once, then each method of it that has code.</summary>
internal abstract class Check
{
    /// <summary>Looks at a type: what it is, its base, interfaces, fields and signatures.</summary>
    internal virtual void Look(TypeDefinition type, Report report)
    {
    }

    /// <summary>Looks at the code of a method.</summary>
    internal virtual void Look(MethodCode code, Report report)
    {
    }
}
