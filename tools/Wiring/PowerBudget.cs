namespace IotXmpp.Wiring;

/// <summary>What a board and its parts draw, summed from the parts list; all in mA at the supply's 5 V (the boards' 3.3 V regulators are linear: what goes out comes in).</summary>
internal sealed class PowerBudget
{
    /// <summary>The line of the board itself: <c>rated_a</c> is what its 3.3 V pin gives to parts.</summary>
    internal const string BoardRef = "BOARD";

    /// <summary>The line of the supply: <c>rated_a</c> is what it gives.</summary>
    internal const string SupplyRef = "PSU";

    /// <summary>Sums a parts list that has both lines.</summary>
    internal PowerBudget(BomFile bom)
    {
        Drawing = [.. bom.Lines.Where(l => l.Supply is "3.3V" or "5V" && l.PeakMilliamperes > 0)];
        TypicalMilliamperes = Drawing.Sum(l => l.TypicalMilliamperes * l.Quantity);
        PeakMilliamperes = Drawing.Sum(l => l.PeakMilliamperes * l.Quantity);
        PeakAt33 = Drawing.Where(l => l.Supply == "3.3V").Sum(l => l.PeakMilliamperes * l.Quantity);
        SupplyMilliamperes = bom.Lines.First(l => l.Ref == SupplyRef).RatedAmperes * 1000;
        RegulatorMilliamperes = bom.Lines.First(l => l.Ref == BoardRef).RatedAmperes * 1000;
    }

    /// <summary>The parts that draw current.</summary>
    internal IReadOnlyList<BomLine> Drawing { get; }

    /// <summary>All at work.</summary>
    internal double TypicalMilliamperes { get; }

    /// <summary>All at their peak in the same moment.</summary>
    internal double PeakMilliamperes { get; }

    /// <summary>The parts at the board's 3.3 V pin, at their peak.</summary>
    internal double PeakAt33 { get; }

    /// <summary>What the supply gives.</summary>
    internal double SupplyMilliamperes { get; }

    /// <summary>What the board's 3.3 V pin gives to parts.</summary>
    internal double RegulatorMilliamperes { get; }
}
