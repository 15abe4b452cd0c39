using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Xml;

/// <summary>Names that a dialogue has bound to texts.</summary>
public sealed class Captures
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    /// <summary>Binds a name.</summary>
    public string this[string name]
    {
        get => values[name];
        set => values[name] = value;
    }

    /// <summary>The text of a name, if it is bound.</summary>
    public bool TryGet(string name, out string value)
    {
        var known = values.TryGetValue(name, out var v);
        value = v ?? "";
        return known;
    }

    /// <summary>A copy, to try a match on.</summary>
    public Captures Copy()
    {
        var copy = new Captures();
        copy.Take(this);
        return copy;
    }

    /// <summary>Takes over all bindings of another.</summary>
    public void Take(Captures other)
    {
        foreach (var (name, value) in other.values)
        {
            values[name] = value;
        }
    }
}

/// <summary>
/// Holds an element against a pattern (tests/Dialogues/README.md has the rules). A pattern is XML whose attribute values and texts may contain
/// <c>{any}</c>, <c>{some}</c>, <c>{time}</c>, <c>{re:…}</c> and names that are captured at first and compared afterwards.
/// </summary>
public static partial class XmlPattern
{
    private static readonly XNamespace Client = "jabber:client";
    private static readonly XName StanzaId = XName.Get("stanza-id", "urn:xmpp:sid:0");

    /// <summary>Matches and binds captures.</summary>
    /// <returns>Null if it matches, else what differs, in one line.</returns>
    public static string? Match(XElement pattern, XElement actual, Captures captures)
    {
        var trial = captures.Copy();
        var difference = Compare(pattern, actual, trial, isStanza: true);
        if (difference is null)
        {
            captures.Take(trial);
        }

        return difference;
    }

    /// <summary>Matches one text against a pattern and binds captures.</summary>
    public static bool MatchText(string pattern, string actual, Captures captures)
    {
        var expression = new StringBuilder("^");
        var fresh = new Dictionary<string, string>(StringComparer.Ordinal);
        var end = 0;
        foreach (Match hole in Hole().Matches(pattern))
        {
            expression.Append(Regex.Escape(pattern[end..hole.Index]));
            end = hole.Index + hole.Length;
            var name = hole.Groups[1].Value;
            if (name == "any")
            {
                expression.Append("[\\s\\S]*");
            }
            else if (name == "some")
            {
                expression.Append("[\\s\\S]+");
            }
            else if (name == "time")
            {
                // XEP-0082 §3.2
                expression.Append(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)");
            }
            else if (name.StartsWith("re:", StringComparison.Ordinal))
            {
                var inner = Hole().Replace(name[3..], m => captures.TryGet(m.Groups[1].Value, out var v) ? Regex.Escape(v) : m.Value);
                expression.Append("(?:").Append(inner).Append(')');
            }
            else if (captures.TryGet(name, out var known))
            {
                expression.Append(Regex.Escape(known));
            }
            else if (fresh.TryGetValue(name, out var group))
            {
                expression.Append("\\k<").Append(group).Append('>');
            }
            else
            {
                fresh[name] = group = "g" + fresh.Count;
                expression.Append("(?<").Append(group).Append(">[\\s\\S]+)");
            }
        }

        expression.Append(Regex.Escape(pattern[end..])).Append("\\z");
        var match = Regex.Match(actual, expression.ToString(), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
        if (!match.Success)
        {
            return false;
        }

        foreach (var (name, group) in fresh)
        {
            captures[name] = match.Groups[group].Value;
        }

        return true;
    }

    private static string? Compare(XElement pattern, XElement actual, Captures captures, bool isStanza)
    {
        if (pattern.Name != actual.Name)
        {
            return $"expected <{Short(pattern.Name)}>, got <{Short(actual.Name)}>";
        }

        foreach (var wanted in pattern.Attributes().Where(a => !a.IsNamespaceDeclaration))
        {
            var got = actual.Attribute(wanted.Name);
            if (wanted.Value == "{none}")
            {
                if (got is not null)
                {
                    return $"<{Short(pattern.Name)}> must not have {wanted.Name}, got '{got.Value}'";
                }

                continue;
            }

            if (got is null)
            {
                return $"<{Short(pattern.Name)}> lacks {wanted.Name}='{wanted.Value}'";
            }

            if (!MatchText(wanted.Value, got.Value, captures))
            {
                return $"<{Short(pattern.Name)}>: {wanted.Name} should be '{wanted.Value}', is '{got.Value}'";
            }
        }

        foreach (var extra in actual.Attributes().Where(a => !a.IsNamespaceDeclaration && pattern.Attribute(a.Name) is null))
        {
            // What a server may add to a stanza says nothing about it, except for the type, which changes what it is.
            var free = isStanza ? extra.Name != "type" || (extra.Value == "normal" && actual.Name == Client + "message") : extra.Name.LocalName is "lang" or "by"
                // RFC 6121 §2.6.2: a server may tell the version of a roster to whoever asks for it.
                || (extra.Name == "ver" && pattern.Name.NamespaceName == "jabber:iq:roster");
            if (!free)
            {
                return $"<{Short(pattern.Name)}> has {extra.Name}='{extra.Value}', which was not expected";
            }
        }

        return Children(pattern, actual, captures, isStanza);
    }

    private static string? Children(XElement pattern, XElement actual, Captures captures, bool isStanza)
    {
        var text = string.Concat(pattern.Nodes().OfType<XText>().Select(t => t.Value));
        var open = text.Contains("{...}", StringComparison.Ordinal) || (isStanza && (string?)pattern.Attribute("type") == "error");
        foreach (Match ban in Without().Matches(text))
        {
            if (actual.Element(XName.Get(ban.Groups[1].Value, ban.Groups[2].Value)) is not null)
            {
                return $"<{Short(pattern.Name)}> has <{ban.Groups[1].Value}>, which it must not have";
            }
        }

        text = Without().Replace(text, "");
        var ordered = text.Contains("{in order}", StringComparison.Ordinal);
        text = text.Replace("{...}", "", StringComparison.Ordinal).Replace("{in order}", "", StringComparison.Ordinal);
        // RFC 6120 §8.3.2: a server may add a text for humans to any error.
        // XEP-0359: an archive may add its id to any message.
        var rest = actual.Elements().Where(e => !(actual.Name.LocalName is "error" or "failure" && e.Name.LocalName == "text")
            && !(e.Name == StanzaId && actual.Name == Client + "message" && pattern.Element(StanzaId) is null)).ToList();
        foreach (var wanted in pattern.Elements())
        {
            string? nearest = null;
            XElement? found = null;
            foreach (var candidate in rest)
            {
                var trial = captures.Copy();
                var difference = Compare(wanted, candidate, trial, isStanza: false);
                if (difference is null)
                {
                    captures.Take(trial);
                    found = candidate;
                    break;
                }

                if (candidate.Name == wanted.Name || nearest is null)
                {
                    nearest = difference;
                }
            }

            if (found is null)
            {
                return $"<{Short(pattern.Name)}> lacks <{Short(wanted.Name)}>{(nearest is null ? "" : ": " + nearest)}";
            }

            rest.RemoveRange(ordered ? 0 : rest.IndexOf(found), ordered ? rest.IndexOf(found) + 1 : 1);
        }

        if (rest.Count > 0 && !open)
        {
            return $"<{Short(pattern.Name)}> has <{Short(rest[0].Name)}>, which was not expected";
        }

        if (pattern.HasElements || open)
        {
            return null;
        }

        var said = string.Concat(actual.Nodes().OfType<XText>().Select(t => t.Value));
        return MatchText(text.Trim(), said.Trim(), captures) ? null : $"<{Short(pattern.Name)}>: text should be '{text.Trim()}', is '{said.Trim()}'";
    }

    private static string Short(XName name) => name.Namespace == Client ? name.LocalName : $"{name.LocalName} xmlns='{name.NamespaceName}'";

    [GeneratedRegex(@"\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")]
    private static partial Regex Hole();

    [GeneratedRegex(@"\{without ([^\s}]+) ([^\s}]+)\}")]
    private static partial Regex Without();
}
