using System.Text;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>
/// Comma-separated values (RFC 4180) that a spreadsheet may open: a cell that it would take for a formula begins with an apostrophe, which reading takes off again, so nothing is lost on the way.
/// </summary>
public static class Csv
{
    /// <summary>Whether a spreadsheet may take a cell for a formula, by how it begins (OWASP, CSV injection): by a sign, also a full-width one, or by white space that goes before one.</summary>
    public static bool BeginsFormula(ReadOnlySpan<char> cell) => cell is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠', ..];

    /// <summary>Writes a line, with its end.</summary>
    public static void Write(StringBuilder to, params ReadOnlySpan<string> cells)
    {
        for (int i = 0; i < cells.Length; i++)
        {
            string cell = IsGuarded(cells[i]) ? "'" + cells[i] : cells[i];
            to.Append(i > 0 ? "," : "");
            if (cell.AsSpan().IndexOfAny(",\"\r\n") < 0 && cell.AsSpan().Trim().Length == cell.Length)
            {
                to.Append(cell);
            }
            else
            {
                to.Append('"').Append(cell.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            }
        }

        to.Append("\r\n");
    }

    /// <summary>Reads lines, each with the number of the one it begins on; empty ones are left out.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fault">What is wrong with it and where, or null.</param>
    public static List<(int Line, List<string> Cells)> Read(string text, out (int Line, string Why)? fault)
    {
        var lines = new List<(int, List<string>)>();
        var cells = new List<string>();
        var cell = new StringBuilder();
        (int line, int begin) = (1, 1);
        bool isQuoted = false;
        bool wasQuoted = false;
        fault = null;
        int i = text.StartsWith('\uFEFF') ? 1 : 0;
        for (; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : '\n';
            if (isQuoted)
            {
                if (i == text.Length)
                {
                    fault = (begin, "A quoted cell does not end.");
                    return lines;
                }

                if (c != '"')
                {
                    line += c == '\n' ? 1 : 0;
                    cell.Append(c);
                }
                else if (i + 1 < text.Length && text[i + 1] == '"')
                {
                    cell.Append('"');
                    i++;
                }
                else
                {
                    (isQuoted, wasQuoted) = (false, true);
                }
            }
            else if (c is ',' or '\n' || (c == '\r' && i + 1 < text.Length && text[i + 1] == '\n'))
            {
                string value = cell.ToString();
                cells.Add(value is ['\'', ..] && IsGuarded(value.AsSpan(1)) ? value[1..] : value);
                cell.Clear();
                wasQuoted = false;
                if (c != ',')
                {
                    if (cells.Count > 1 || cells[0].Length > 0)
                    {
                        lines.Add((begin, cells));
                    }

                    cells = [];
                    i += c == '\r' ? 1 : 0;
                    begin = ++line;
                }
            }
            else if (c == '"' && cell.Length == 0 && !wasQuoted)
            {
                isQuoted = true;
            }
            else if (c == '"' || wasQuoted)
            {
                fault = (begin, "A quote stands within a cell.");
                return lines;
            }
            else
            {
                cell.Append(c);
            }
        }

        return lines;
    }

    // The apostrophe itself too: one that stood there before is there after reading.
    private static bool IsGuarded(ReadOnlySpan<char> cell) => cell is ['\'', ..] || BeginsFormula(cell);
}
