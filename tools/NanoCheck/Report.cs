using Mono.Cecil;
using Mono.Cecil.Cil;

namespace IotXmpp.NanoCheck;

/// <summary>Collects findings, each line of source and rule once.</summary>
internal sealed class Report(SourceMap sources)
{
    private readonly HashSet<(string Rule, SourcePlace Place, string Message)> _seen = [];
    private readonly List<Finding> _findings = [];

    /// <summary>What was found, in the order of the sources.</summary>
    internal IReadOnlyList<Finding> Findings =>
        [.. _findings.OrderBy(f => f.Place.File, StringComparer.Ordinal).ThenBy(f => f.Place.Line).ThenBy(f => f.Place.Column).ThenBy(f => f.Rule.Id, StringComparer.Ordinal)];

    /// <summary>Something in the code of a method.</summary>
    internal void Add(Rule rule, MethodDefinition method, Instruction instruction, string what) => Add(rule, sources.Of(method, instruction), what);

    /// <summary>Something in a declaration.</summary>
    internal void Add(Rule rule, IMemberDefinition member, string what) => Add(rule, sources.Of(member), what);

    private void Add(Rule rule, SourcePlace place, string what)
    {
        // One statement often makes several instructions with the same fault.
        if (_seen.Add((rule.Id, place with { Column = 0 }, what)))
        {
            _findings.Add(new Finding(rule, place, $"{what}: {Plain(rule.Why)}. Write instead: {Plain(rule.Instead)}."));
        }
    }

    private static string Plain(string text) => text.Replace("`", "", StringComparison.Ordinal);
}
