using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>Takes the fields of a form, one by one.</summary>
public interface IFormVisitor
{
    /// <summary>One field.</summary>
    /// <param name="name">Its name (<c>var</c>).</param>
    /// <param name="type">Its type (XEP-0004 §3.3); "" when not told.</param>
    /// <param name="label">Its text for people; "" for none.</param>
    /// <param name="dataType">Its data type (XEP-0122); "" for none.</param>
    /// <param name="minimum">The least value (XEP-0122); "" for none.</param>
    /// <param name="maximum">The greatest value (XEP-0122); "" for none.</param>
    /// <param name="value">The first value; null for none.</param>
    /// <param name="options">The choices; null for none.</param>
    void Field(string name, string type, string label, string dataType, string minimum, string maximum, string value, string[] options);
}

/// <summary>Data forms (XEP-0004) with data types and ranges (XEP-0122), as far as control and configuration need them.</summary>
public static class DataForm
{
    /// <summary>Namespace of data types and ranges (XEP-0122).</summary>
    public const string ValidateNamespace = "http://jabber.org/protocol/xdata-validate";

    /// <summary>Choices of one field that are read at most. Default 64.</summary>
    public const int MaxOptions = 64;

    private static readonly XmlName Validate = new XmlName(ValidateNamespace, "validate");
    private static readonly XmlName Range = new XmlName(ValidateNamespace, "range");

    /// <summary>Opens a form.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="type"><c>form</c>, <c>submit</c>, <c>cancel</c> or <c>result</c>.</param>
    /// <param name="formType">The hidden <c>FORM_TYPE</c> (XEP-0068); null for none.</param>
    public static StanzaWriter Begin(StanzaWriter writer, string type, string formType)
    {
        writer.Start("x", Ns.DataForms).Attribute("type", type);
        if (formType != null)
        {
            writer.Start("field").Attribute("var", "FORM_TYPE").Attribute("type", type == "submit" ? null : "hidden").Element("value", formType).End();
        }
        return writer;
    }

    /// <summary>Writes a field of a submitted form.</summary>
    public static void Write(StanzaWriter writer, string name, string value)
    {
        writer.Start("field").Attribute("var", name).Element("value", value).End();
    }

    /// <summary>Writes a parameter as a field with type, range, choices and present value.</summary>
    public static void Write(StanzaWriter writer, ControlParameter parameter, string value)
    {
        string type = parameter.Kind == FieldKind.Boolean ? "boolean" : parameter.Options != null ? "list-single" : parameter.IsSecret ? "text-private" : "text-single";
        writer.Start("field").Attribute("var", parameter.Name).Attribute("type", type).Attribute("label", parameter.Label);
        if (parameter.DataType != null)
        {
            writer.Start(Validate).Attribute("datatype", parameter.DataType);
            if (parameter.HasRange)
            {
                writer.Start("range").Attribute("min", parameter.Minimum, 6).Attribute("max", parameter.Maximum, 6).End();
            }
            writer.End();
        }
        if (value != null)
        {
            writer.Element("value", value);
        }
        for (int i = 0; parameter.Options != null && i < parameter.Options.Length; i++)
        {
            writer.Start("option").Element("value", parameter.Options[i]).End();
        }
        writer.End();
    }

    /// <summary>Reads the form that the parser stands on, to its end.</summary>
    /// <returns>Its type, or "".</returns>
    public static string Read(XmlPullParser parser, IFormVisitor visitor)
    {
        string formType = parser.Attribute("type");
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(Ns.DataForms, "field"))
            {
                ReadField(parser, visitor);
            }
        }
        return formType == null ? string.Empty : formType;
    }

    /// <summary>Reads the first value of the field that the parser stands on, to the field's end; null when it has none.</summary>
    public static string ReadValue(XmlPullParser parser)
    {
        string value = null;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (value == null && parser.Is(Ns.DataForms, "value"))
            {
                value = parser.ReadText();
            }
        }
        return value;
    }

    /// <summary>Reads all values of the field that the parser stands on (<c>text-multi</c>), to the field's end, with line ends between; null when it has none.</summary>
    public static string ReadValues(XmlPullParser parser)
    {
        string value = null;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(Ns.DataForms, "value"))
            {
                string text = parser.ReadText();
                value = value == null ? text : value + "\n" + text;
            }
        }
        return value;
    }

    private static void ReadField(XmlPullParser parser, IFormVisitor visitor)
    {
        string name = Text(parser.Attribute("var"));
        string type = Text(parser.Attribute("type"));
        string label = Text(parser.Attribute("label"));
        string dataType = string.Empty;
        string minimum = string.Empty;
        string maximum = string.Empty;
        string value = null;
        string[] options = new string[MaxOptions];
        int count = 0;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(Validate))
            {
                dataType = Text(parser.Attribute("datatype"));
                while (parser.NextChild(depth + 1))
                {
                    if (parser.Is(Range))
                    {
                        minimum = Text(parser.Attribute("min"));
                        maximum = Text(parser.Attribute("max"));
                    }
                }
            }
            else if (parser.Is(Ns.DataForms, "value"))
            {
                string text = parser.ReadText();
                value = value == null ? text : value;
            }
            else if (parser.Is(Ns.DataForms, "option"))
            {
                string option = ReadValue(parser);
                if (option != null && count < MaxOptions)
                {
                    options[count++] = option;
                }
            }
        }
        string[] choices = null;
        if (count > 0)
        {
            choices = new string[count];
            System.Array.Copy(options, 0, choices, 0, count);
        }
        visitor.Field(name, type, label, dataType, minimum, maximum, value, choices);
    }

    private static string Text(string text)
    {
        return text == null ? string.Empty : text;
    }
}
