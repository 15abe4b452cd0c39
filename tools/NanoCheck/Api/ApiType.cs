namespace IotXmpp.NanoCheck.Api;

/// <summary>A type of the API lists.</summary>
/// <param name="Name">Its full name, <c>System.Action`1</c>.</param>
/// <param name="Assembly">The assembly that has it.</param>
internal sealed record ApiType(string Name, string Assembly)
{
    /// <summary>Base class and interfaces.</summary>
    internal List<string> Bases { get; } = [];

    /// <summary>Methods, accessors and fields, as <see cref="TypeText"/> writes their signatures.</summary>
    internal HashSet<string> Members { get; } = new(StringComparer.Ordinal);

    /// <summary>Constants and members of enums with their value, as it stands in the list.</summary>
    internal Dictionary<string, string> Constants { get; } = new(StringComparer.Ordinal);
}
