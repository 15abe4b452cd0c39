using System.Globalization;
using IotXmpp.Hub.Features.Liveness;

namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>Why a thing calls for somebody. The lower a flag, the more it does; what stands in one list is in this order.</summary>
[Flags]
public enum Attention
{
    /// <summary>It does not.</summary>
    None = 0,

    /// <summary>An alert is open.</summary>
    Alert = 1,

    /// <summary>It went without a word.</summary>
    Lost = 2,

    /// <summary>It should have woken and has not.</summary>
    Overdue = 4,

    /// <summary>It comes and goes more often than it should.</summary>
    Flapping = 8,

    /// <summary>Its battery is nearly empty.</summary>
    LowBattery = 16,

    /// <summary>It was started again by a fault: watchdog, panic, brownout.</summary>
    Crashed = 32,

    /// <summary>It is not configured as it shall be.</summary>
    Drift = 64,

    /// <summary>Its signal is weak.</summary>
    WeakSignal = 128,

    /// <summary>Most things of its model run a newer firmware.</summary>
    OldFirmware = 256,
}

/// <summary>Says why a thing calls for somebody.</summary>
public static class AttentionRules
{
    /// <summary>All reasons in their order.</summary>
    public static IReadOnlyList<Attention> All { get; } = [.. Enum.GetValues<Attention>().Where(a => a != Attention.None)];

    /// <summary>The reasons that lie in how a thing is; without what is known by comparison (<see cref="Attention.OldFirmware"/>) and by other services.</summary>
    public static Attention Of(ThingLiveness? live, bool isFlapping, FleetOptions options)
    {
        Attention found = isFlapping ? Attention.Flapping : Attention.None;
        if (live is null)
        {
            return found;
        }

        found |= live.State == LivenessState.Overdue ? Attention.Overdue : live.IsLost ? Attention.Lost : Attention.None;
        found |= live.Status.Battery <= options.LowBatteryPercent ? Attention.LowBattery : Attention.None;
        found |= live.Status.Boot is "watchdog" or "panic" or "brownout" ? Attention.Crashed : Attention.None;
        // What a thing told when it was last there says nothing of its signal now.
        found |= live.IsOnline && live.Status.Signal <= options.WeakSignalDbm ? Attention.WeakSignal : Attention.None;
        return found;
    }

    /// <summary>A reason in words, with the figure it is about.</summary>
    public static string Text(Attention reason, ThingLiveness? live) => reason switch
    {
        Attention.Alert => "open alert",
        Attention.Lost => $"lost: {ReasonText(live?.Reason ?? "")}",
        Attention.Overdue => "overdue: it has not woken",
        Attention.Flapping => "comes and goes",
        Attention.LowBattery => string.Create(CultureInfo.InvariantCulture, $"battery {live?.Status.Battery} %"),
        Attention.Crashed => $"restarted by {live?.Status.Boot}",
        Attention.Drift => "configuration differs",
        Attention.WeakSignal => string.Create(CultureInfo.InvariantCulture, $"weak signal {live?.Status.Signal} dBm"),
        Attention.OldFirmware => $"older firmware {live?.Status.Firmware}",
        _ => string.Empty,
    };

    /// <summary>All reasons of a thing in words, the most urgent first.</summary>
    public static IEnumerable<string> Texts(Attention attention, ThingLiveness? live) => All.Where(a => attention.HasFlag(a)).Select(a => Text(a, live));

    /// <summary>What a reason is called where it stands for many things.</summary>
    public static string Title(Attention reason) => reason switch
    {
        Attention.Alert => "Open alert",
        Attention.Lost => "Lost",
        Attention.Overdue => "Overdue",
        Attention.Flapping => "Comes and goes",
        Attention.LowBattery => "Low battery",
        Attention.Crashed => "Restarted by a fault",
        Attention.Drift => "Configuration differs",
        Attention.WeakSignal => "Weak signal",
        Attention.OldFirmware => "Older firmware",
        _ => string.Empty,
    };

    /// <summary>Why a thing is offline, in words for people (wire profile: the reasons).</summary>
    public static string ReasonText(string reason) => reason switch
    {
        "" => "",
        "shutdown" => "it took its leave",
        "connection-lost" => "its connection broke",
        "keepalive-timeout" => "it went silent",
        "stream-error" => "its stream failed",
        "replaced" => "another session took its place",
        "revoked" => "its keys were taken away",
        _ => reason,
    };

    /// <summary>The order of firmware versions: by their numbers, then as text; 1.10.0 is newer than 1.9.2.</summary>
    public static int Compare(string a, string b)
    {
        string[] left = a.Split('.', '-', '+');
        string[] right = b.Split('.', '-', '+');
        for (int i = 0; i < Math.Max(left.Length, right.Length); i++)
        {
            string l = i < left.Length ? left[i] : "0";
            string r = i < right.Length ? right[i] : "0";
            int order = long.TryParse(l, NumberStyles.None, CultureInfo.InvariantCulture, out long x) && long.TryParse(r, NumberStyles.None, CultureInfo.InvariantCulture, out long y)
                ? x.CompareTo(y) : string.CompareOrdinal(l, r);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }
}
