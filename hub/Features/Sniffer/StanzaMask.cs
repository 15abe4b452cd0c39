using System.Security;
using System.Text;
using System.Text.RegularExpressions;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Sniffer;

/// <summary>Writes a stanza for people: indented, and without what would let them in somewhere: passwords, keys, tokens, whatever element, field or parameter they stand in.</summary>
public static partial class StanzaMask
{
    /// <summary>What stands in place of a secret.</summary>
    public const string Hidden = "•••";

    /// <summary>Shows one stanza.</summary>
    /// <param name="stanza">As UTF-8; one that the hub let through.</param>
    public static string Show(ReadOnlySpan<byte> stanza)
    {
        var text = new StringBuilder();
        Write(text, Element.Parse(stanza), Ns.Client, 0, isSecret: false);
        return text.ToString();
    }

    /// <summary>Whether a name is that of a secret, such as <c>wifi-password</c>, <c>KEY</c> or <c>apiToken</c>.</summary>
    public static bool IsSecret(string? name) => name is not null && SecretName().IsMatch(name);

    private static void Write(StringBuilder text, Element element, string outer, int depth, bool isSecret)
    {
        // A field or parameter that has a secret's name hides its value wherever it stands.
        isSecret = isSecret || IsSecret(element.Name) || IsSecret(element["name"]) || IsSecret(element["var"]) || element["type"] == "text-private";
        string indent = new(' ', depth * 2);
        text.Append(indent).Append('<').Append(element.Name);
        if (element.Namespace != outer)
        {
            text.Append(" xmlns='").Append(SecurityElement.Escape(element.Namespace)).Append('\'');
        }

        foreach ((string name, string value) in element.Attributes)
        {
            if (name != "xmlns")
            {
                bool isHidden = (isSecret && name == "value") || IsSecret(name);
                text.Append(' ').Append(name).Append("='").Append(isHidden ? Hidden : SecurityElement.Escape(Shown(value))).Append('\'');
            }
        }

        var children = element.Children.ToList();
        string inner = element.Text;
        if (children.Count == 0 && inner.Length == 0)
        {
            text.Append("/>\n");
            return;
        }

        text.Append('>');
        if (inner.Length > 0 && (children.Count == 0 || !string.IsNullOrWhiteSpace(inner)))
        {
            text.Append(isSecret ? Hidden : SecurityElement.Escape(Shown(inner)));
        }

        if (children.Count > 0)
        {
            text.Append('\n');
            foreach (Element child in children)
            {
                Write(text, child, element.Namespace, depth + 1, isSecret);
            }

            text.Append(indent);
        }

        text.Append("</").Append(element.Name).Append(">\n");
    }

    // The text of a QR code carries the KEY wherever it stands (XEP-0347 §3.5).
    private static string Shown(string value) => value.Contains("IoTDisco", StringComparison.Ordinal) ? KeyTag().Replace(value, "KEY:" + Hidden) : value;

    [GeneratedRegex(@"(?i:passw(or)?d|passphrase|passcode|psk|secret|token|credential)|(?i:(^|[-_. ])(key|pin|pass)s?$)|[a-z0-9](Key|Pin|PIN)$|^(?i:auth|authenticate|response|initial-response|challenge)$", RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex SecretName();

    [GeneratedRegex(@"KEY:(\\.|[^;\\])*", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex KeyTag();
}
