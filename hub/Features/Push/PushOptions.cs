using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Push;

/// <summary>Which messages of rooms a device is told of while its session waits to be resumed.</summary>
public enum PushGroupchat
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those that name the account: by a reference (XEP-0372), or by its localpart in the text.</summary>
    Mentions,

    /// <summary>All that have a text.</summary>
    All,
}

/// <summary>What devices are told, and how often (settings section <c>Push</c>). What a notification says passes through the services of others: so by default it says that there is something, and no more.</summary>
public sealed class PushOptions
{
    /// <summary>Whether accounts may have notifications.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Whether notifications say who wrote last.</summary>
    public bool IncludeSender { get; set; }

    /// <summary>Whether notifications carry the text of the last message.</summary>
    public bool IncludeBody { get; set; }

    /// <summary>A text in the place of the last message's, for services that show nothing without one; empty: none. <see cref="IncludeBody"/> goes before it.</summary>
    [StringLength(256)]
    public string Text { get; set; } = string.Empty;

    /// <summary>Characters of a message's text that a notification carries (256: what a lock screen shows).</summary>
    [Range(1, 4_096)]
    public int MaxTextLength { get; set; } = 256;

    /// <summary>Which messages of rooms count.</summary>
    public PushGroupchat Groupchat { get; set; } = PushGroupchat.Mentions;

    /// <summary>Whether a client that is connected and says that nobody looks at it (XEP-0352) is told too: for devices that freeze the connections of such clients.</summary>
    public bool WhenInactive { get; set; }

    /// <summary>Devices of one account (10); the one that was enabled first makes room for another.</summary>
    [Range(1, 1_000)]
    public int MaxRegistrations { get; set; } = 10;

    /// <summary>Bytes of the form that a service wants with each notification (4 KiB).</summary>
    [Range(64, 1 << 20)]
    public int MaxOptionsBytes { get; set; } = 4 * 1024;

    /// <summary>Seconds between two notifications of one device (10): what comes meanwhile goes with the next.</summary>
    [Range(1, 86_400)]
    public int IntervalSeconds { get; set; } = 10;

    /// <summary>Seconds that a client whose stream was lost has to come back before it is told of what it did not acknowledge (5): most do.</summary>
    [Range(0, 3_600)]
    public int GraceSeconds { get; set; } = 5;

    /// <summary>Seconds that a service has for its answer (60).</summary>
    [Range(1, 3_600)]
    public int AnswerSeconds { get; set; } = 60;

    /// <summary>Notifications in a row that failed for a reason that may pass, before the device is disabled (20).</summary>
    [Range(1, 10_000)]
    public int MaxFailures { get; set; } = 20;

    /// <summary>Notifications that wait for their answer (1,000); more wait for their next turn.</summary>
    [Range(1, 100_000)]
    public int MaxUnderWay { get; set; } = 1_000;
}
