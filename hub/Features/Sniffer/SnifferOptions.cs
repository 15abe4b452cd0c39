using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Sniffer;

/// <summary>Bounds of looking on at stanzas (settings section <c>Sniffer</c>).</summary>
public sealed class SnifferOptions
{
    /// <summary>Sniffs at a time, of all people together (32): each copies every stanza of its thing.</summary>
    [Range(1, 1_000)]
    public int AtATime { get; set; } = 32;

    /// <summary>Stanzas of one sniff that wait to be looked at (500); then the oldest go, and how many is told.</summary>
    [Range(10, 10_000)]
    public int Waiting { get; set; } = 500;

    /// <summary>Bytes of one stanza that are kept (16,384); what is longer is told with its size, not with its text.</summary>
    [Range(256, 262_144)]
    public int StanzaBytes { get; set; } = 16_384;
}
