namespace IotXmpp.Things;

/// <summary>
/// What a part's fields and parameters are called. A part that is given a name has it in front (<c>bed</c>: <c>bedTemperature</c>), or in the place of its
/// kind (<c>pump</c>: <c>pump</c>, <c>pumpPulse</c>); one without is numbered where its names are taken (<c>temperature2</c>). Names are made once, not at each reading.
/// </summary>
public sealed class PartNames
{
    private readonly string _kind;
    private readonly string _name;
    private readonly string _number;

    /// <summary>Makes names.</summary>
    /// <param name="kind">The part's kind, such as <c>relay</c>.</param>
    /// <param name="name">The part's own name, or null.</param>
    /// <param name="number">The number of a part without a name; 1 is not told.</param>
    public PartNames(string kind, string name, int number)
    {
        _kind = kind;
        _name = name;
        _number = number > 1 ? number.ToString() : string.Empty;
    }

    /// <summary>A field or parameter as it is called on the wire.</summary>
    /// <param name="field">Its plain name, such as <c>temperature</c> or <c>relayPulse</c>.</param>
    /// <returns>Its full name.</returns>
    public string Of(string field)
    {
        if (_name == null)
        {
            return field + _number;
        }

        return field.StartsWith(_kind)
            ? _name + field.Substring(_kind.Length)
            : _name + field.Substring(0, 1).ToUpper() + field.Substring(1);
    }

    /// <summary>The same where no names were given: the plain name.</summary>
    /// <param name="names">Names, or null.</param>
    /// <param name="field">The plain name.</param>
    /// <returns>The full name.</returns>
    internal static string Of(PartNames names, string field) => names == null ? field : names.Of(field);
}
