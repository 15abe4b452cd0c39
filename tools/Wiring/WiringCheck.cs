using IotXmpp.Virtual;

namespace IotXmpp.Wiring;

/// <summary>
/// Holds a board's wiring against its pins and its parts list: every role's pin has its wire, no wire is at a reserved pin, every part is fed from the rail
/// it is made for and has ground, nothing gives a GPIO more than 3.3 V, and every part can be bought.
/// </summary>
internal static class WiringCheck
{
    /// <summary>The highest voltage that a pin of these boards stands, V.</summary>
    private const double MaxPinVolts = 3.3;

    private static readonly string[] Grounds = ["GND", "G", "K", "-"];

    /// <summary>What is wrong with a board's folder.</summary>
    /// <returns>One line each; none when all is well.</returns>
    internal static IReadOnlyList<string> Find(string path)
    {
        BoardFolder folder;
        try
        {
            folder = BoardFolder.Open(path);
        }
        catch (WiringException e)
        {
            return [e.Message];
        }

        var found = new List<string>();
        found.AddRange(Rendered(folder));
        found.AddRange(Find(folder.Pinout, folder.Wiring, folder.Bom));
        return [.. found.Select(f => $"{folder.Pinout.Board}: {f}")];
    }

    /// <summary>What is wrong between pins, wiring and parts list.</summary>
    internal static IEnumerable<string> Find(BoardPinout board, WiringFile wiring, BomFile bom)
        => Headers(board, wiring).Concat(Roles(board, wiring)).Concat(Parts(board, wiring, bom)).Concat(Rails(board, wiring)).Concat(Power(board, wiring, bom));

    private static IEnumerable<string> Rendered(BoardFolder folder)
    {
        IReadOnlyDictionary<string, string> rendered;
        string? wrong = null;
        try
        {
            rendered = folder.Render();
        }
        catch (WiringException e)
        {
            rendered = new Dictionary<string, string>();
            wrong = e.Message;
        }

        if (wrong is not null)
        {
            yield return wrong;
        }

        foreach ((string name, string text) in rendered)
        {
            if (!folder.IsCurrent(name, text))
            {
                yield return $"{name} is not current: run tools/Wiring render";
            }
        }
    }

    private static IEnumerable<string> Headers(BoardPinout board, WiringFile wiring)
    {
        foreach (BoardHeader header in board.Headers)
        {
            if (!wiring.Connectors.TryGetValue(header.Name, out Connector? connector))
            {
                yield return $"wiring.yml lacks the header {header.Name}";
                continue;
            }

            string[] labels = [.. Enumerable.Range(1, header.Pins).Select(i => board.GpioAt(header.Name, i) is { } gpio ? $"GPIO{gpio.Gpio}" : board.LabelAt(header.Name, i))];
            if (!connector.Pins.SequenceEqual(labels))
            {
                yield return $"wiring.yml labels {header.Name} otherwise than pins.json: {string.Join(", ", labels)}";
                continue;
            }

            foreach (IGrouping<int, PinRef> ends in wiring.Links(connector).Select(l => l.Own).GroupBy(e => e.Index))
            {
                if (ends.Count() > 1)
                {
                    yield return $"{header.Name}.{ends.Key + 1} has {ends.Count()} wires: a header pin takes one";
                }

                if (board.GpioAt(header.Name, ends.Key + 1) is { IsReserved: true } pin)
                {
                    yield return $"a wire is at GPIO {pin.Gpio}, which is reserved: {pin.Note}";
                }
            }
        }
    }

    private static IEnumerable<string> Roles(BoardPinout board, WiringFile wiring)
    {
        foreach ((string role, int gpio) in board.Roles)
        {
            BoardPin pin = board.Pin(gpio)!;
            if (pin.OnBoard is null && !wiring.Connectors[pin.Header].IsUsed(wiring, pin.Position - 1))
            {
                yield return $"no wire is at GPIO {gpio}, which is {role}";
            }
        }

        foreach (BoardPin pin in board.Pins)
        {
            if (!board.Roles.Values.Contains(pin.Gpio) && wiring.Connectors.TryGetValue(pin.Header, out Connector? header) && header.IsUsed(wiring, pin.Position - 1) && !pin.IsReserved)
            {
                yield return $"a wire is at GPIO {pin.Gpio}, which has no role";
            }
        }
    }

    private static IEnumerable<string> Parts(BoardPinout board, WiringFile wiring, BomFile bom)
    {
        foreach (Connector part in wiring.Parts(board))
        {
            if (bom.Lines.FirstOrDefault(l => l.Ref == part.Name) is not { } line)
            {
                yield return $"{part.Name} is wired and not in bom.csv";
                continue;
            }

            for (int i = 0; i < part.Pins.Count; i++)
            {
                if (!part.IsUsed(wiring, i) && !part.Notes.Contains(part.Pins[i] + ": open", StringComparison.Ordinal))
                {
                    yield return $"{part.Name}.{part.Pins[i]} has no wire";
                }
            }

            Connector[] rails = [.. wiring.Links(part).Select(l => l.Other.Connector).Where(c => c.IsRail)];
            if (line.Supply is "3.3V" or "5V")
            {
                if (!rails.Any(r => r.Rail() == line.Supply))
                {
                    yield return $"{part.Name} needs {line.Supply} and is not at that rail";
                }

                if (!IsPassive(part) && !rails.Any(r => r.Rail() == "GND"))
                {
                    yield return $"{part.Name} has no ground";
                }
            }

            if (rails.FirstOrDefault(r => r.Rail() is "3.3V" or "5V" && r.Rail() != line.Supply) is { } other)
            {
                yield return $"{part.Name} is at the rail {other.Rail()} and made for {(line.Supply.Length == 0 ? "none" : line.Supply)}";
            }

            if (line.SignalVolts > MaxPinVolts && wiring.Links(part).Any(l => board.IsGpio(l.Other)))
            {
                yield return $"{part.Name} gives up to {line.SignalVolts} V to a pin that stands {MaxPinVolts} V";
            }

            foreach ((PinRef own, PinRef end, _) in wiring.Links(part))
            {
                if (Grounds.Contains(part.Pins[own.Index]) != (end.Connector.Rail() == "GND") && part.Pins.Count > 1 && !IsPassive(part))
                {
                    yield return $"{part.Name}.{part.Pins[own.Index]} is at {(end.Connector.IsRail ? "the rail " + end.Connector.Rail() : end.Connector.Name)}: ground belongs to GND and nothing else does";
                }
            }
        }
    }

    /// <summary>A resistor: two equal pins, so that none of them is ground by its name.</summary>
    private static bool IsPassive(Connector part) => part.Pins.SequenceEqual(["1", "2"]);

    private static IEnumerable<string> Power(BoardPinout board, WiringFile wiring, BomFile bom)
    {
        if (bom.Lines.FirstOrDefault(l => l.Ref == PowerBudget.BoardRef) is null || bom.Lines.FirstOrDefault(l => l.Ref == PowerBudget.SupplyRef) is null)
        {
            yield return $"bom.csv lacks {PowerBudget.BoardRef} (the board) or {PowerBudget.SupplyRef} (its supply)";
            yield break;
        }

        var budget = new PowerBudget(bom);
        if (budget.PeakMilliamperes > budget.SupplyMilliamperes)
        {
            yield return $"the parts draw up to {budget.PeakMilliamperes} mA, more than the supply's {budget.SupplyMilliamperes} mA";
        }

        if (budget.PeakAt33 > budget.RegulatorMilliamperes)
        {
            yield return $"the parts at 3.3 V draw up to {budget.PeakAt33} mA, more than the {budget.RegulatorMilliamperes} mA that the board gives";
        }

        foreach (BomLine line in bom.Lines.Where(l => l.Ref is not (PowerBudget.BoardRef or PowerBudget.SupplyRef) && !wiring.Connectors.ContainsKey(l.Ref) && !wiring.Cables.ContainsKey(l.Ref) && l.TypicalMilliamperes > 0))
        {
            yield return $"{line.Ref} of bom.csv draws current and is not wired on {board.Board}";
        }
    }

    private static IEnumerable<string> Rails(BoardPinout board, WiringFile wiring)
    {
        foreach (Connector rail in wiring.Connectors.Values.Where(c => c.IsRail))
        {
            if (rail.Rail().Length == 0)
            {
                yield return $"{rail.Name} is a rail whose subtype is not 3.3V, 5V or GND";
                continue;
            }

            PinRef[] sources = [.. wiring.Links(rail).Select(l => l.Other).Where(e => board.Headers.Any(h => h.Name == e.Connector.Name))];
            if (sources.Length == 0)
            {
                yield return $"the rail {rail.Rail()} is fed from nowhere";
            }

            foreach (PinRef source in sources)
            {
                string at = board.RailAt(source.Connector.Name, source.Index + 1);
                if (at != rail.Rail())
                {
                    yield return $"the rail {rail.Rail()} is fed from {source.Connector.Name}.{source.Index + 1}, which is {(at.Length == 0 ? "a GPIO" : at)}";
                }
            }
        }

        // A color means the same everywhere: a red wire that is not 3.3 V burns boards.
        foreach (Wire wire in wiring.Wires)
        {
            string rail = wire.From.Connector.IsRail ? wire.From.Connector.Rail() : wire.To.Connector.IsRail ? wire.To.Connector.Rail() : "";
            string meant = wire.Color switch { "RD" => "3.3V", "OG" => "5V", "BK" => "GND", _ => "" };
            if (rail != meant)
            {
                yield return $"the {WireColor.Name(wire.Color)} wire of {wire.Cable} is at {(rail.Length == 0 ? "a signal" : rail)}: 3.3V is red, 5V orange, GND black";
            }
        }
    }
}
