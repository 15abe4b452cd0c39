namespace IotXmpp.NanoCheck;

/// <summary>One place of the firmware that a rule forbids.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Place">Where it stands in the source.</param>
/// <param name="Message">What is there and what to write instead, in one line.</param>
internal sealed record Finding(Rule Rule, SourcePlace Place, string Message)
{
    /// <summary>The line that MSBuild reads as an error: <c>File.cs(12,5): error NANO004: text</c>.</summary>
    public override string ToString() => $"{Place}: error {Rule.Id}: {Message}";
}

/// <summary>A place in a source file; without a line when the debug information has none, and then <paramref name="File"/> may be the assembly.</summary>
/// <param name="File">The path as the compiler saw it.</param>
/// <param name="Line">Counted from 1; 0 is unknown.</param>
/// <param name="Column">Counted from 1.</param>
internal readonly record struct SourcePlace(string File, int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? File : $"{File}({Line},{Column})";
}
