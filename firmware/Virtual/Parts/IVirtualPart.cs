namespace IotXmpp.Virtual;

/// <summary>A simulated sensor: what surrounds it can be told by name, as scripts do.</summary>
public interface IVirtualPart
{
    /// <summary>What can be told, such as <c>temperature</c>.</summary>
    IReadOnlyList<string> Quantities { get; }

    /// <summary>Tells what surrounds it.</summary>
    /// <param name="quantity">One of <see cref="Quantities"/>.</param>
    /// <param name="value">In °C, % or hPa.</param>
    /// <exception cref="FormatException">It does not measure that.</exception>
    void Set(string quantity, double value);

    /// <summary>What is thrown when a part does not measure something.</summary>
    internal static FormatException Unknown(string part, string quantity, IReadOnlyList<string> quantities)
        => new($"A {part} does not measure \"{quantity}\": {string.Join(", ", quantities)}.");
}
