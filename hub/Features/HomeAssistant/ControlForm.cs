using System.Text;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>Forms of things (XEP-0325 §3.7) and what is sent to them.</summary>
internal static class ControlForm
{
    /// <summary>Parameters of one thing that are read (64): more than a thing has.</summary>
    private const int MaxParameters = 64;

    /// <summary>The parameters of a form that a home may be shown.</summary>
    /// <param name="form">The form; null for none.</param>
    /// <param name="now">When it was told.</param>
    public static List<Parameter> Read(Element? form, DateTimeOffset now)
    {
        if (form is null || !form.Is("x", Ns.DataForms))
        {
            return [];
        }

        return [.. ControlField.Read(form).Where(Parameter.Has).Take(MaxParameters).Select(field => new Parameter(field, field.Value ?? string.Empty, now))];
    }

    /// <summary>The question for the form.</summary>
    public static XmlBuilder Ask(XmlBuilder xml, string node)
    {
        xml.Open("getForm"u8, Ns.Control);
        return WriteNode(xml, node).Close("getForm"u8);
    }

    /// <summary>Sets one parameter; the value is checked.</summary>
    public static XmlBuilder Set(XmlBuilder xml, string node, Parameter parameter, string value)
    {
        byte[] element = Encoding.UTF8.GetBytes(parameter.Field.Element);
        xml.Open("set"u8, Ns.Control);
        return WriteNode(xml, node).Open(element).Attribute("name"u8, parameter.Name).Attribute("value"u8, value).Close(element).Close("set"u8);
    }

    private static XmlBuilder WriteNode(XmlBuilder xml, string node) => node.Length == 0 ? xml : xml.Open("node"u8).Attribute("nodeId"u8, node).Close("node"u8);
}
