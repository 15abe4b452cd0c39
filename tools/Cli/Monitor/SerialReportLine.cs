using System.Text;
using IotXmpp.Esp32;

namespace IotXmpp.Cli.Monitor;

/// <summary>A line of a board's own report (<see cref="SerialReport"/>), taken apart.</summary>
/// <param name="Event">The event's word.</param>
/// <param name="Values">Its values by name.</param>
internal sealed record SerialReportLine(string Event, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>A value, or "" when the line has none of this name.</summary>
    public string this[string name] => Values.GetValueOrDefault(name, string.Empty);

    /// <summary>Reads a line; null when it is none of a report, or is broken.</summary>
    public static SerialReportLine? Parse(string line)
    {
        if (!line.StartsWith(SerialReport.Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        string rest = line[SerialReport.Prefix.Length..];
        int at = rest.IndexOf(' ', StringComparison.Ordinal);
        string name = at < 0 ? rest : rest[..at];
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterLower(c) || c == '-'))
        {
            return null;
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        while (at >= 0 && at < rest.Length)
        {
            at++;
            int equals = rest.IndexOf('=', at);
            if (equals < 0)
            {
                return null;
            }

            string key = rest[at..equals];
            at = equals + 1;
            if (name == SerialReport.Stanza && key == "xml")
            {
                values[key] = rest[at..];
                break;
            }

            if (at < rest.Length && rest[at] == '"')
            {
                if (!TryQuoted(rest, ref at, out string? quoted))
                {
                    return null;
                }

                values[key] = quoted;
            }
            else
            {
                int end = rest.IndexOf(' ', at);
                end = end < 0 ? rest.Length : end;
                values[key] = rest[at..end];
                at = end;
            }
        }

        return new SerialReportLine(name, values);
    }

    private static bool TryQuoted(string text, ref int at, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value)
    {
        var found = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                value = found.ToString();
                return at == text.Length || text[at] == ' ';
            }

            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            found.Append(text[at]);
        }

        value = null;
        return false;
    }
}
