using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>What of the fleet calls for somebody, and how quickly pages hear of changes (settings section <c>Fleet</c>).</summary>
public sealed class FleetOptions
{
    /// <summary>A battery at this many percent or fewer calls for somebody (20).</summary>
    [Range(0, 100)]
    public int LowBatteryPercent { get; set; } = 20;

    /// <summary>A signal of this many dBm or fewer calls for somebody (-85: there Wi-Fi begins to lose packets).</summary>
    [Range(-150, 0)]
    public int WeakSignalDbm { get; set; } = -85;

    /// <summary>Milliseconds for which changes are gathered before open pages are told (500): many things that change at once are one update.</summary>
    [Range(50, 60_000)]
    public int GatherMilliseconds { get; set; } = 500;

    /// <summary>Rows of the fleet's table on one page (100): what a browser shows at once, whatever the size of the fleet.</summary>
    [Range(10, 1_000)]
    public int RowsPerPage { get; set; } = 100;

    /// <summary>Things in the list of what calls for somebody (12); how many more there are is told, and the table can be filtered to all of them.</summary>
    [Range(1, 100)]
    public int AttentionRows { get; set; } = 12;
}
