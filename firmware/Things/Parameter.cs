namespace IotXmpp.Things;

/// <summary>Something of a thing that can be set (XEP-0325): its name, type, range and what it is for.</summary>
public sealed class Parameter
{
    /// <summary>Describes a parameter.</summary>
    /// <param name="name">Its name on the wire.</param>
    /// <param name="kind">Its type: boolean, int, long or string.</param>
    /// <param name="label">What it does, for people.</param>
    public Parameter(string name, FieldKind kind, string label)
    {
        Name = name;
        Kind = kind;
        Label = label;
        Min = kind == FieldKind.Int ? int.MinValue : long.MinValue;
        Max = kind == FieldKind.Int ? int.MaxValue : long.MaxValue;
    }

    /// <summary>Its name on the wire.</summary>
    public string Name { get; }

    /// <summary>Its type.</summary>
    public FieldKind Kind { get; }

    /// <summary>What it does, for people.</summary>
    public string Label { get; }

    /// <summary>The unit of a number, or null.</summary>
    public string Unit { get; set; }

    /// <summary>The smallest number, or fewest characters.</summary>
    public long Min { get; set; }

    /// <summary>The largest number, or most characters.</summary>
    public long Max { get; set; }

    /// <summary>True when setting it acts once (a pulse) instead of making a state: it has no current value.</summary>
    public bool IsMomentary { get; set; }
}

/// <summary>A value for a parameter.</summary>
public sealed class ParameterValue
{
    /// <summary>Its type.</summary>
    public FieldKind Kind { get; private set; }

    /// <summary>The number; 1 for true and 0 for false.</summary>
    public long Number { get; private set; }

    /// <summary>The text.</summary>
    public string Text { get; private set; }

    /// <summary>True when <see cref="Number"/> is not 0.</summary>
    public bool Flag
    {
        get { return Number != 0; }
    }

    /// <summary>A truth value.</summary>
    public static ParameterValue OfBoolean(bool value) => new ParameterValue { Kind = FieldKind.Boolean, Number = value ? 1 : 0 };

    /// <summary>A whole number.</summary>
    public static ParameterValue OfNumber(FieldKind kind, long value) => new ParameterValue { Kind = kind, Number = value };

    /// <summary>Text.</summary>
    public static ParameterValue OfString(string value) => new ParameterValue { Kind = FieldKind.String, Text = value };

    /// <summary>Reads what XML Schema writes for the type of a parameter, and holds it to the range.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="text">The text from the wire.</param>
    /// <param name="error">What is wrong with it, for people, when the result is null.</param>
    /// <returns>The value, or null.</returns>
    public static ParameterValue Parse(Parameter parameter, string text, out string error)
    {
        error = null;
        switch (parameter.Kind)
        {
            case FieldKind.Boolean:
                if (text == "true" || text == "1")
                {
                    return OfBoolean(true);
                }

                if (text == "false" || text == "0")
                {
                    return OfBoolean(false);
                }

                error = parameter.Name + " is true or false";
                return null;

            case FieldKind.String:
                if (text == null || text.Length < parameter.Min || text.Length > parameter.Max)
                {
                    error = parameter.Name + " has a length out of range";
                    return null;
                }

                return OfString(text);

            default:
                long number;
                if (text == null || !long.TryParse(text, out number) || number < parameter.Min || number > parameter.Max)
                {
                    error = parameter.Name + " is a whole number from " + parameter.Min.ToString() + " to " + parameter.Max.ToString();
                    return null;
                }

                return OfNumber(parameter.Kind, number);
        }
    }

    /// <summary>The value as XML Schema writes it.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        switch (Kind)
        {
            case FieldKind.Boolean:
                return Flag ? "true" : "false";
            case FieldKind.String:
                return Text;
            default:
                return Number.ToString();
        }
    }
}
