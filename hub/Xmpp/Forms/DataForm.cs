using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Forms;

/// <summary>What a form is for (XEP-0004 §3.1): the attribute <c>type</c>.</summary>
public enum FormType
{
    /// <summary>To be filled in.</summary>
    Form,
    /// <summary>Filled in.</summary>
    Submit,
    /// <summary>Not filled in: the request is taken back.</summary>
    Cancel,
    /// <summary>An answer.</summary>
    Result,
}

/// <summary>An option of a list field (XEP-0004 §3.2.3).</summary>
/// <param name="Value">What is submitted.</param>
/// <param name="Label">What a person reads; null for the value itself.</param>
public sealed record FormOption(string Value, string? Label = null);

/// <summary>A field of a form (XEP-0004 §3.2).</summary>
/// <param name="Var">The name.</param>
public sealed record FormField(string Var)
{
    /// <summary><c>boolean</c>, <c>fixed</c>, <c>hidden</c>, <c>jid-multi</c>, <c>jid-single</c>, <c>list-multi</c>, <c>list-single</c>, <c>text-multi</c>, <c>text-private</c>, <c>text-single</c>; null in a submitted form that leaves it out.</summary>
    public string? Type { get; init; }

    /// <summary>What a person reads.</summary>
    public string? Label { get; init; }

    /// <summary>The values in their order.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>The choices of a list.</summary>
    public IReadOnlyList<FormOption> Options { get; init; } = [];

    /// <summary>Whether the form cannot be submitted without a value (XEP-0004 §3.2: <c>required</c>).</summary>
    public bool IsRequired { get; init; }

    /// <summary>The first value; empty when there is none.</summary>
    public string Value => Values.Count > 0 ? Values[0] : "";

    /// <summary>A field with one value.</summary>
    public static FormField Single(string var, string type, string value, string? label = null, IReadOnlyList<FormOption>? options = null) =>
        new(var) { Type = type, Label = label, Values = [value], Options = options ?? [] };

    /// <summary>A field that is true or false.</summary>
    public static FormField Boolean(string var, bool value, string? label = null) => Single(var, "boolean", value ? "1" : "0", label);

    /// <summary>Reads <c>0</c>, <c>1</c>, <c>false</c>, <c>true</c> (XEP-0004 §3.3).</summary>
    public bool TryBoolean(out bool value)
    {
        value = Value is "1" or "true";
        return value || Value is "0" or "false";
    }
}

/// <summary>A data form (XEP-0004), its kind told by FORM_TYPE (XEP-0068).</summary>
public sealed class DataForm
{
    /// <summary>Fields that a submitted form may have; more are refused: a form here has some thirty.</summary>
    public const int FieldLimit = 128;

    /// <summary>Values that a field may have, options not counted; more are refused.</summary>
    public const int ValueLimit = 1_024;

    private readonly Dictionary<string, FormField> _fields = new(StringComparer.Ordinal);
    private readonly List<FormField> _order = [];

    /// <summary>An empty form.</summary>
    /// <param name="type">What it is for.</param>
    /// <param name="formType">The value of the hidden field FORM_TYPE; null for none.</param>
    public DataForm(FormType type, string? formType = null)
    {
        Type = type;
        FormType = formType;
    }

    /// <summary>What it is for.</summary>
    public FormType Type { get; }

    /// <summary>The value of FORM_TYPE, or null.</summary>
    public string? FormType { get; private set; }

    /// <summary>What a person reads above the fields, or null.</summary>
    public string? Title { get; init; }

    /// <summary>What a person is told to do, or null.</summary>
    public string? Instructions { get; init; }

    /// <summary>What stands behind the fields: whole elements of another namespace as UTF-8, such as the roster of XEP-0133 §4.8; written, not read.</summary>
    public ReadOnlyMemory<byte> Attachment { get; init; }

    /// <summary>The fields in their order, without FORM_TYPE.</summary>
    public IReadOnlyList<FormField> Fields => _order;

    /// <summary>The field of that name, or null.</summary>
    public FormField? this[string var] => _fields.GetValueOrDefault(var);

    /// <summary>Adds a field; one of the same name stays as it was first.</summary>
    public DataForm Add(FormField field)
    {
        if (_fields.TryAdd(field.Var, field))
        {
            _order.Add(field);
        }

        return this;
    }

    /// <summary>Reads a form; null when the element is none, has a field without <c>var</c> (other than <c>fixed</c>), or is over the limits.</summary>
    public static DataForm? Read(Element element)
    {
        if (!element.Is("x", Ns.DataForms))
        {
            return null;
        }

        FormType? type = element["type"] switch
        {
            "form" => Forms.FormType.Form,
            "submit" => Forms.FormType.Submit,
            "cancel" => Forms.FormType.Cancel,
            "result" => Forms.FormType.Result,
            _ => null,
        };
        if (type is null)
        {
            return null;
        }

        var form = new DataForm(type.Value) { Title = element.Child("title")?.Text, Instructions = element.Child("instructions")?.Text };
        int fields = 0;
        foreach (Element child in element.Children)
        {
            if (!child.Is("field", Ns.DataForms))
            {
                continue;
            }

            if (++fields > FieldLimit)
            {
                return null;
            }

            string? var = child["var"];
            if (string.IsNullOrEmpty(var))
            {
                if (child["type"] == "fixed")
                {
                    continue;
                }

                return null;
            }

            var values = new List<string>();
            var options = new List<FormOption>();
            foreach (Element part in child.Children)
            {
                if (part.Is("value", Ns.DataForms))
                {
                    values.Add(part.Text);
                }
                else if (part.Is("option", Ns.DataForms))
                {
                    options.Add(new FormOption(part.Child("value")?.Text ?? "", part["label"]));
                }
            }

            if (values.Count > ValueLimit)
            {
                return null;
            }

            var field = new FormField(var) { Type = child["type"], Label = child["label"], Values = values, Options = options, IsRequired = child.Child("required") is not null };
            if (var == "FORM_TYPE")
            {
                form.FormType ??= field.Value;
            }
            else
            {
                form.Add(field);
            }
        }

        return form;
    }

    /// <summary>Writes the element <c>x</c>.</summary>
    public void WriteTo(XmlBuilder xml)
    {
        xml.Open("x"u8, Ns.DataForms).Attribute("type"u8, Type switch
        {
            Forms.FormType.Form => "form"u8,
            Forms.FormType.Submit => "submit"u8,
            Forms.FormType.Cancel => "cancel"u8,
            _ => "result"u8,
        });
        xml.Text("title"u8, Title).Text("instructions"u8, Instructions);
        if (FormType is not null)
        {
            xml.Open("field"u8).Attribute("var"u8, "FORM_TYPE"u8).Attribute("type"u8, "hidden"u8).Text("value"u8, FormType).Close("field"u8);
        }

        foreach (FormField field in Fields)
        {
            // XEP-0004 §3.2: a submitted form need not repeat the type.
            xml.Open("field"u8).Attribute("var"u8, field.Var).Attribute("type"u8, Type == Forms.FormType.Submit ? null : field.Type).Attribute("label"u8, field.Label);
            if (field.IsRequired && Type == Forms.FormType.Form)
            {
                xml.Empty("required"u8);
            }

            foreach (FormOption option in field.Options)
            {
                xml.Open("option"u8).Attribute("label"u8, option.Label).Text("value"u8, option.Value).Close("option"u8);
            }

            foreach (string value in field.Values)
            {
                xml.Text("value"u8, value);
            }

            xml.Close("field"u8);
        }

        xml.Raw(Attachment.Span).Close("x"u8);
    }

    /// <summary>The element as UTF-8.</summary>
    public byte[] ToBytes()
    {
        using var xml = new XmlBuilder();
        WriteTo(xml);
        return xml.ToArray();
    }
}
