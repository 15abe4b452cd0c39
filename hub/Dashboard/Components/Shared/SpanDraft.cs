using System.Globalization;

namespace IotXmpp.Hub.Dashboard.Components.Shared;

/// <summary>A time as people say it: an amount and a unit.</summary>
public sealed class SpanDraft
{
    /// <summary>The units, by their seconds.</summary>
    public static readonly IReadOnlyList<(int Seconds, string Name)> Units = [(1, "seconds"), (60, "minutes"), (3_600, "hours"), (86_400, "days")];

    /// <summary>How many; empty for the usual.</summary>
    public string Amount { get; set; } = "";

    /// <summary>Seconds of the unit.</summary>
    public int Unit { get; set; } = 60;

    /// <summary>In the largest unit of which it is a whole number.</summary>
    public static SpanDraft Of(double seconds)
    {
        int unit = Units.Reverse().First(u => u.Seconds == 1 || (seconds > 0 && seconds % u.Seconds == 0)).Seconds;
        return new SpanDraft { Amount = (seconds / unit).ToString("0.###", CultureInfo.InvariantCulture), Unit = seconds == 0 ? 60 : unit };
    }

    /// <summary>Seconds; null where the amount is no number.</summary>
    public double? Seconds => double.TryParse(Amount.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double amount) && double.IsFinite(amount * Unit) ? amount * Unit : null;
}
