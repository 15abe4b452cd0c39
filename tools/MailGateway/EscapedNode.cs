using System.Globalization;
using System.Text;

namespace IotXmpp.MailGateway;

/// <summary>Addresses of other networks as localparts (XEP-0106): <c>ann@example.org</c> is <c>ann\40example.org</c>.</summary>
public static class EscapedNode
{
    private const string Escaped = " \"&'/:<>@";

    /// <summary>Writes an address as a localpart. Spaces at its ends have no form there (§2): null.</summary>
    public static string? Escape(string text)
    {
        if (text.Length == 0 || text[0] == ' ' || text[^1] == ' ')
        {
            return null;
        }

        var node = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            // §4.2: a backslash only where it would be taken for an escape.
            if (Escaped.Contains(text[i], StringComparison.Ordinal) || (text[i] == '\\' && TryCode(text, i, out _)))
            {
                node.Append('\\').Append(((int)text[i]).ToString("x2", CultureInfo.InvariantCulture));
            }
            else
            {
                node.Append(text[i]);
            }
        }

        return node.ToString();
    }

    /// <summary>Reads a localpart.</summary>
    public static string Unescape(string node)
    {
        var text = new StringBuilder();
        for (int i = 0; i < node.Length; i++)
        {
            // §2: an escaped space at an end is none.
            if (node[i] == '\\' && TryCode(node, i, out char code) && !(code == ' ' && (i == 0 || i + 3 == node.Length)))
            {
                text.Append(code);
                i += 2;
            }
            else
            {
                text.Append(node[i]);
            }
        }

        return text.ToString();
    }

    private static bool TryCode(string text, int at, out char code)
    {
        code = default;
        if (at + 2 >= text.Length || !byte.TryParse(text.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
        {
            return false;
        }

        code = (char)value;
        return code == '\\' || Escaped.Contains(code, StringComparison.Ordinal);
    }
}
