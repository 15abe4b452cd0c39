using IotXmpp.Virtual;

namespace IotXmpp.Cli.Flash;

/// <summary>What <c>iotxmpp flash</c> shall do, read from the command line.</summary>
internal sealed record FlashWish
{
    /// <summary>The board.</summary>
    public required BoardPinout Board { get; init; }

    /// <summary>The serial port.</summary>
    public required string Port { get; init; }

    /// <summary>The thing's id.</summary>
    public required string Thing { get; init; }

    /// <summary>The Wi-Fi network.</summary>
    public required string Ssid { get; init; }

    /// <summary>Its password; "" for an open network. Never printed.</summary>
    public required string Password { get; init; }

    /// <summary>The part list.</summary>
    public string Parts { get; init; } = string.Empty;

    /// <summary>The hub as the board sees it; null to work it out.</summary>
    public string? HubAddress { get; init; }

    /// <summary>Whose it is; null for who asks.</summary>
    public string? Owner { get; init; }

    /// <summary>Seconds between samples; null for the firmware's own.</summary>
    public int? Interval { get; init; }

    /// <summary>The time server; null for the firmware's own.</summary>
    public string? TimeServer { get; init; }

    /// <summary>Whether the board tells each stanza on its serial line.</summary>
    public bool LogStanzas { get; init; }

    /// <summary>The fleet's update key; null where there is none: the board then takes no updates. Never printed.</summary>
    public byte[]? UpdateKey { get; init; }

    /// <summary>A ready image; null to build one.</summary>
    public string? Image { get; init; }

    /// <summary>The runtime to write; null for the board's own.</summary>
    public string? Target { get; init; }

    /// <summary>Whether only settings are written: the board has runtime and firmware already.</summary>
    public bool SettingsOnly { get; init; }

    /// <summary>Whether settings go by Improv, without nanoff.</summary>
    public bool Improv { get; init; }

    /// <summary>Whether to wait until the thing is online.</summary>
    public bool Wait { get; init; } = true;

    /// <summary>Whether what the tools say is shown.</summary>
    public bool Verbose { get; init; }

    /// <summary>How long the thing may take to come online.</summary>
    public TimeSpan OnlineLimit { get; init; } = TimeSpan.FromMinutes(2);
}
