using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>Something that can be set on a thing (XEP-0325): its name, type, range and text for people.</summary>
public sealed class ControlParameter
{
    /// <summary>A parameter.</summary>
    public ControlParameter(string name, FieldKind kind, string label)
    {
        Name = name;
        Kind = kind;
        Label = label;
    }

    /// <summary>The name, such as <c>relay</c>.</summary>
    public string Name { get; }

    /// <summary>The type.</summary>
    public FieldKind Kind { get; }

    /// <summary>A text for people.</summary>
    public string Label { get; }

    /// <summary>Whether numbers are bounded.</summary>
    public bool HasRange { get; private set; }

    /// <summary>The least number.</summary>
    public double Minimum { get; private set; }

    /// <summary>The greatest number.</summary>
    public double Maximum { get; private set; }

    /// <summary>The texts that may be chosen; null for any.</summary>
    public string[] Options { get; set; }

    /// <summary>Whether its value is a secret: a form then hides what is typed, and no log shows it.</summary>
    public bool IsSecret { get; set; }

    /// <summary>Bounds the number, both included.</summary>
    /// <returns>This parameter.</returns>
    public ControlParameter WithRange(double minimum, double maximum)
    {
        HasRange = true;
        Minimum = minimum;
        Maximum = maximum;
        return this;
    }

    /// <summary>The XML Schema type for data forms (XEP-0122); null where a plain text will do.</summary>
    public string DataType
    {
        get
        {
            switch (Kind)
            {
                case FieldKind.Int: return "xs:int";
                case FieldKind.Long: return "xs:long";
                case FieldKind.Double:
                case FieldKind.Numeric: return "xs:double";
                case FieldKind.DateTime: return "xs:dateTime";
                case FieldKind.Date: return "xs:date";
                case FieldKind.Time: return "xs:time";
                case FieldKind.Duration: return "xs:duration";
                default: return null;
            }
        }
    }

    /// <summary>Checks a value on the wire against type and range.</summary>
    /// <param name="text">The value.</param>
    /// <param name="value">What was meant.</param>
    /// <returns>Null when it is good, else why not.</returns>
    public string Check(string text, out ControlValue value)
    {
        value = new ControlValue(this, text);
        switch (Kind)
        {
            case FieldKind.Boolean:
                value.Boolean = text == "true" || text == "1";
                return value.Boolean || text == "false" || text == "0" ? null : "must be true or false";
            case FieldKind.Int:
            case FieldKind.Long:
                byte[] digits = Utf8.Encode(text);
                if (!Utf8.TryParseLong(digits, 0, digits.Length, out long integer) || Kind == FieldKind.Int && (integer < int.MinValue || integer > int.MaxValue))
                {
                    return "must be an integer";
                }
                value.Integer = integer;
                value.Number = integer;
                return CheckRange(integer);
            case FieldKind.Double:
            case FieldKind.Numeric:
                if (!NumberFormat.TryParse(text, out double number))
                {
                    return "must be a number";
                }
                value.Number = number;
                return CheckRange(number);
            case FieldKind.DateTime:
                bool good = TimeFormat.TryParse(text, out long time);
                value.Integer = time;
                return good ? null : "must be a date and time with zone";
        }
        for (int i = 0; Options != null && i < Options.Length; i++)
        {
            if (Options[i] == text)
            {
                return null;
            }
        }
        return Options == null ? null : "is not one of the choices";
    }

    private string CheckRange(double number)
    {
        return HasRange && !(number >= Minimum && number <= Maximum) ? "must be from " + NumberFormat.Text(Minimum) + " to " + NumberFormat.Text(Maximum) : null;
    }
}

/// <summary>A value that has been checked against its parameter.</summary>
public sealed class ControlValue
{
    internal ControlValue(ControlParameter parameter, string text)
    {
        Parameter = parameter;
        Text = text;
    }

    /// <summary>The parameter.</summary>
    public ControlParameter Parameter { get; }

    /// <summary>The value as on the wire.</summary>
    public string Text { get; }

    /// <summary>The value of a boolean.</summary>
    public bool Boolean { get; internal set; }

    /// <summary>The value of an integer; of a point in time, milliseconds since 1970.</summary>
    public long Integer { get; internal set; }

    /// <summary>The value of a number.</summary>
    public double Number { get; internal set; }
}

/// <summary>A command whose values are all checked; it is done as a whole or not at all.</summary>
public sealed class ControlCommand
{
    /// <summary>Who commands; null for the own account.</summary>
    public Jid From;
    /// <summary>The node that is meant; "" for the thing itself.</summary>
    public string NodeId;
    /// <summary>What is to be set.</summary>
    public ControlValue[] Values;
}

/// <summary>Why a command was not done.</summary>
public sealed class ControlFailure
{
    /// <summary>A failure.</summary>
    /// <param name="parameter">The parameter that is at fault; "" for none.</param>
    /// <param name="text">For people.</param>
    /// <param name="error">The stanza error.</param>
    public ControlFailure(string parameter, string text, StanzaError error)
    {
        Parameter = parameter;
        Text = text;
        Error = error;
    }

    /// <summary>The parameter that is at fault; "" for none.</summary>
    public string Parameter { get; }

    /// <summary>For people.</summary>
    public string Text { get; }

    /// <summary>The stanza error.</summary>
    public StanzaError Error { get; }
}

/// <summary>Can be controlled.</summary>
public interface IControlTarget
{
    /// <summary>The parameters of a node; null when there is no such node. "" is the thing itself.</summary>
    ControlParameter[] Parameters(string nodeId);

    /// <summary>The present value of a parameter, as on the wire.</summary>
    string Current(string nodeId, ControlParameter parameter);

    /// <summary>Does a command, all of it or nothing.</summary>
    /// <returns>Null when it has been done; else why not.</returns>
    ControlFailure Set(ControlCommand command);
}
