using System.Globalization;

namespace IotXmpp.Wiring;

/// <summary>
/// The parts list of a board, <c>bom.csv</c>: one part a line, the header names the columns, a field with a comma stands in double quotes.
/// Voltages in V, currents in A for ratings and mA for what the part draws.
/// </summary>
internal sealed class BomFile
{
    /// <summary>The header line, which a file must begin with.</summary>
    internal const string Header = "ref,part,quantity,rated_v,rated_a,supply,signal_v,typical_ma,peak_ma,note";

    private BomFile(List<BomLine> lines) => Lines = lines;

    /// <summary>The parts.</summary>
    internal IReadOnlyList<BomLine> Lines { get; }

    /// <summary>Reads a parts list.</summary>
    /// <param name="csv">The text.</param>
    /// <exception cref="WiringException">It is none; one line says what is wrong where.</exception>
    internal static BomFile Parse(string csv)
    {
        string[] lines = csv.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        if (lines[0] != Header)
        {
            throw new WiringException($"bom.csv does not begin with {Header}");
        }

        var found = new List<BomLine>();
        for (int i = 1; i < lines.Length; i++)
        {
            List<string> fields = Fields(lines[i]);
            if (fields.Count != 10 || fields[0].Length == 0 || fields[1].Length == 0)
            {
                throw new WiringException($"bom.csv, line {i + 1}: it has {fields.Count} fields and needs 10, of which the first two are not empty");
            }

            if (fields[5] is not ("" or "3.3V" or "5V" or "mains" or "battery"))
            {
                throw new WiringException($"bom.csv, line {i + 1}: supply is 3.3V, 5V, mains, battery or empty, not \"{fields[5]}\"");
            }

            double Number(int field, string name) => fields[field].Length == 0
                ? 0
                : double.TryParse(fields[field], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                    ? value
                    : throw new WiringException($"bom.csv, line {i + 1}: {name} is a number, not \"{fields[field]}\"");

            double quantity = Number(2, "quantity");
            if (quantity < 1 || quantity != Math.Truncate(quantity))
            {
                throw new WiringException($"bom.csv, line {i + 1}: quantity is a whole number from 1, not \"{fields[2]}\"");
            }

            if (found.Any(l => l.Ref == fields[0]))
            {
                throw new WiringException($"bom.csv, line {i + 1}: {fields[0]} is there already");
            }

            found.Add(new BomLine(fields[0], fields[1], (int)quantity, Number(3, "rated_v"), Number(4, "rated_a"), fields[5], Number(6, "signal_v"), Number(7, "typical_ma"), Number(8, "peak_ma"), fields[9]));
        }

        return new BomFile(found);
    }

    private static List<string> Fields(string line)
    {
        var fields = new List<string>();
        var field = new System.Text.StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (quoted && c == '"' && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString());
        return fields;
    }
}

/// <summary>One part.</summary>
/// <param name="Ref">Its name in the wiring.</param>
/// <param name="Part">What to buy.</param>
/// <param name="Quantity">How many.</param>
/// <param name="RatedVolts">What it stands, V; 0 when it does not matter.</param>
/// <param name="RatedAmperes">What it carries or gives, A; 0 when it does not matter.</param>
/// <param name="Supply">The rail it is fed from: <c>3.3V</c>, <c>5V</c>, <c>mains</c>, <c>battery</c>, or empty.</param>
/// <param name="SignalVolts">The highest voltage that it puts on a pin of the board, V; 0 when it puts none.</param>
/// <param name="TypicalMilliamperes">What it draws at work, mA.</param>
/// <param name="PeakMilliamperes">What it draws at most, mA.</param>
/// <param name="Note">What to look at when buying.</param>
internal sealed record BomLine(
    string Ref, string Part, int Quantity, double RatedVolts, double RatedAmperes, string Supply, double SignalVolts, double TypicalMilliamperes, double PeakMilliamperes, string Note);
