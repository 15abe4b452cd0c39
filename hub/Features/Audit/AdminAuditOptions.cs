using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Audit;

/// <summary>Settings of section <c>Audit</c>: how long it is kept who administered what.</summary>
public sealed class AdminAuditOptions
{
    /// <summary>Days that an entry is kept; default 730: two years.</summary>
    [Range(1, 36_500)]
    public int Days { get; set; } = 730;

    /// <summary>Entries that are kept; default 200,000: far more than people do in two years. Over it the oldest go.</summary>
    [Range(1_000, 10_000_000)]
    public int MaxEntries { get; set; } = 200_000;

    /// <summary>Refused sign-ins that are kept of one hour; default 100: who guesses passwords must not push out what others did. All of them are in the log.</summary>
    [Range(0, 10_000)]
    public int RefusedPerHour { get; set; } = 100;
}
