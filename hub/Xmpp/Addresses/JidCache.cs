using System.Diagnostics.CodeAnalysis;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Addresses;

/// <summary>
/// A bounded, lossy cache from the octets of an address on the wire to its <see cref="Jid"/>, so that a hot route allocates nothing.
/// Direct-mapped: a newcomer with the same slot replaces the old one. Thread-safe without locks.
/// </summary>
public sealed class JidCache
{
    /// <summary>The default number of slots: room for the pairs of a hub with 10,000 sessions; 128 KiB of references and what they hold.</summary>
    public const int DefaultEntries = 16_384;

    /// <summary>Makes a cache of at least <paramref name="entries"/> slots (rounded up to a power of two).</summary>
    public JidCache(int entries = DefaultEntries)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(entries);
    }

    /// <summary>The address written as <paramref name="utf8"/>, prepared (RFC 7622); false when it is no address. Failures are not remembered.</summary>
    public bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out Jid? jid) => JidPrep.TryParse(utf8, out jid);
}
