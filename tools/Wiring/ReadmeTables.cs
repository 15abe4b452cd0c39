using System.Globalization;
using System.Text;
using IotXmpp.Virtual;

namespace IotXmpp.Wiring;

/// <summary>The tables of a board's README that are made from its files: the pins to keep off, the wires one by one, and the power budget. Each stands between two comments.</summary>
internal static class ReadmeTables
{
    /// <summary>Puts the tables into a README.</summary>
    /// <exception cref="WiringException">It lacks the comments that say where.</exception>
    internal static string Insert(string readme, BoardFolder folder)
        => Between(Between(Between(readme, "pins", Pins(folder.Pinout)), "wires", Wires(folder.Pinout, folder.Wiring)), "power", Power(folder.Bom));

    private static string Between(string readme, string name, string table)
    {
        string start = $"<!-- {name}: made by tools/Wiring -->\n";
        string end = $"<!-- end of {name} -->";
        int from = readme.IndexOf(start, StringComparison.Ordinal);
        int to = readme.IndexOf(end, StringComparison.Ordinal);
        return from < 0 || to < from
            ? throw new WiringException($"README.md lacks the lines \"{start.TrimEnd()}\" and \"{end}\"")
            : readme[..(from + start.Length)] + table + readme[to..];
    }

    private static string Pins(BoardPinout board)
    {
        var table = new StringBuilder("| keep off | printed | why |\n|---|---|---|\n");
        foreach (BoardPin pin in board.Pins.Where(p => p.IsReserved))
        {
            table.Append(CultureInfo.InvariantCulture, $"| GPIO {pin.Gpio} | {pin.Label} ({pin.Header} pin {pin.Position}) | {pin.Note} |\n");
        }

        return table.ToString();
    }

    private static string Wires(BoardPinout board, WiringFile wiring)
    {
        var table = new StringBuilder("| part | its pin | wire | goes to |\n|---|---|---|---|\n");
        foreach (Connector rail in wiring.Connectors.Values.Where(c => c.IsRail))
        {
            foreach ((_, PinRef other, Wire wire) in wiring.Links(rail).Where(l => board.Headers.Any(h => h.Name == l.Other.Connector.Name)))
            {
                table.Append(CultureInfo.InvariantCulture, $"| the board | {Place(board, other)} | {WireColor.Name(wire.Color)} | rail {Volts(rail)} |\n");
            }
        }

        foreach (Connector part in wiring.Parts(board))
        {
            foreach ((PinRef own, PinRef other, Wire wire) in wiring.Links(part).OrderBy(l => l.Own.Index))
            {
                // A wire between two parts is told once, by the part it starts at.
                if (other.Connector.IsRail || board.Headers.Any(h => h.Name == other.Connector.Name) || wire.From == own)
                {
                    string to = other.Connector.IsRail ? "rail " + Volts(other.Connector) : Place(board, other);
                    table.Append(CultureInfo.InvariantCulture, $"| {part.Type} ({part.Name}) | {part.Pins[own.Index]} | {WireColor.Name(wire.Color)} | {to} |\n");
                }
            }
        }

        return table.ToString();
    }

    private static string Place(BoardPinout board, PinRef end)
    {
        int position = end.Index + 1;
        string header = end.Connector.Name;
        return board.GpioAt(header, position) is { } pin
            ? $"GPIO {pin.Gpio} ({header} pin {position})"
            : board.Headers.Any(h => h.Name == header) ? $"{board.LabelAt(header, position)} ({header} pin {position})" : $"{end.Connector.Type} ({header}), {end.Connector.Pins[end.Index]}";
    }

    private static string Volts(Connector rail) => rail.Rail() switch { "3.3V" => "3.3 V", "5V" => "5 V", _ => "GND" };

    private static string Power(BomFile bom)
    {
        var budget = new PowerBudget(bom);
        var table = new StringBuilder("| part | rail | typical, mA | peak, mA |\n|---|---|--:|--:|\n");
        foreach (BomLine line in budget.Drawing)
        {
            string quantity = line.Quantity > 1 ? $"{line.Quantity} × " : "";
            table.Append(CultureInfo.InvariantCulture, $"| {quantity}{line.Part} | {line.Supply.Replace("V", " V", StringComparison.Ordinal)} | {line.TypicalMilliamperes * line.Quantity:0.##} | {line.PeakMilliamperes * line.Quantity:0.##} |\n");
        }

        table.Append(CultureInfo.InvariantCulture, $"| **sum** | | **{budget.TypicalMilliamperes:0.#}** | **{budget.PeakMilliamperes:0.#}** |\n");
        table.Append(CultureInfo.InvariantCulture, $"| of it parts at the board's 3.3 V pin, which gives {budget.RegulatorMilliamperes:0} mA | 3.3 V | | {budget.PeakAt33:0.#} |\n");
        table.Append(CultureInfo.InvariantCulture, $"| the supply gives | 5 V | | {budget.SupplyMilliamperes:0} |\n");
        return table.ToString();
    }
}
