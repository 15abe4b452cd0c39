using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.History;

/// <summary>What is kept of telemetry, and how long (settings section <c>History</c>).</summary>
public sealed class HistoryOptions
{
    /// <summary>False: nothing is kept but the nodes' own items.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Days for which every sample is kept (30).</summary>
    [Range(1, 36_500)]
    public int RawDays { get; set; } = 30;

    /// <summary>Days for which, after that, one aggregate a minute is kept (365).</summary>
    [Range(1, 36_500)]
    public int MinuteDays { get; set; } = 365;

    /// <summary>Days for which, after that, one aggregate an hour is kept; 0, the default: for ever.</summary>
    [Range(0, 36_500)]
    public int HourDays { get; set; }

    /// <summary>Fields of one thing that are kept (64); what goes beyond is told in the log and not kept, so that no thing fills memory with names.</summary>
    [Range(1, 10_000)]
    public int FieldsPerThing { get; set; } = 64;

    /// <summary>Different texts of one enum (256).</summary>
    [Range(1, 65_536)]
    public int TextsPerField { get; set; } = 256;

    /// <summary>Bytes of the name of a field, its unit, or a text of an enum (256).</summary>
    [Range(8, 4096)]
    public int NameBytes { get; set; } = 256;

    /// <summary>How far ahead of the hub's clock a sample may be, in seconds (3,600): a thing with a wrong clock does not write into the future.</summary>
    [Range(0, 31_536_000)]
    public int FutureSeconds { get; set; } = 3_600;

    /// <summary>Samples in memory that are not in chunks yet (500,000, about 8 MB); then they are put into chunks. With twice as many, no more are taken until they are.</summary>
    [Range(1_000, 50_000_000)]
    public int PendingSamples { get; set; } = 500_000;

    /// <summary>Seconds after which samples are put into chunks at the latest (60): what has to be read again after a restart.</summary>
    [Range(1, 86_400)]
    public int PendingSeconds { get; set; } = 60;

    /// <summary>Samples in a full chunk (1,024): about 2 to 4 KB, and what is rewritten for a late sample.</summary>
    [Range(16, 65_536)]
    public int ChunkSamples { get; set; } = 1_024;

    /// <summary>The most points that one query gives (10,000).</summary>
    [Range(1, 1_000_000)]
    public int MaxPoints { get; set; } = 10_000;
}
