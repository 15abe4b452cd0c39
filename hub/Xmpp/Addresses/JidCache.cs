using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
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

    /// <summary>The longest address that is remembered, in octets; longer ones are rare, and a full cache must stay below some 16 MiB.</summary>
    public const int MaxKeyBytes = 256;

    private readonly Entry?[] _slots;
    // Not known to peers, so that nobody can aim addresses at one slot.
    private readonly ulong _seed;

    /// <summary>Makes a cache of at least <paramref name="entries"/> slots (rounded up to a power of two).</summary>
    public JidCache(int entries = DefaultEntries)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(entries);
        _slots = new Entry?[BitOperations.RoundUpToPowerOf2((uint)entries)];
        _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    }

    /// <summary>The address written as <paramref name="utf8"/>, prepared (RFC 7622); false when it is no address. Failures are not remembered.</summary>
    public bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out Jid? jid)
    {
        if (utf8.Length > MaxKeyBytes)
        {
            return JidPrep.TryParse(utf8, out jid);
        }

        ref Entry? slot = ref _slots[(int)(Hash(utf8) & (uint)(_slots.Length - 1))];
        // Entries never change after they are published, so one read of the reference is enough.
        Entry? entry = Volatile.Read(ref slot);
        if (entry is not null && utf8.SequenceEqual(entry.Key))
        {
            jid = entry.Jid;
            return true;
        }

        if (!JidPrep.TryParse(utf8, out jid))
        {
            return false;
        }

        // Most addresses are written as they are prepared: then the key is the address's own octets and costs nothing more.
        byte[] prepared = jid.Utf8;
        Volatile.Write(ref slot, new Entry(utf8.SequenceEqual(prepared) ? prepared : utf8.ToArray(), jid));
        return true;
    }

    /// <summary>A multiply-and-fold over eight octets at a time; it has to spread well, not to resist, since a collision only costs a parse.</summary>
    private uint Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = _seed ^ (ulong)bytes.Length;
        while (bytes.Length >= 8)
        {
            hash = Mix(hash ^ MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[8..];
        }

        ulong tail = 0;
        foreach (byte b in bytes)
        {
            tail = (tail << 8) | b;
        }

        return (uint)Mix(hash ^ tail);
    }

    private static ulong Mix(ulong value)
    {
        ulong high = Math.BigMul(value, 0x9E3779B97F4A7C15, out ulong low);
        return high ^ low;
    }

    private sealed class Entry(byte[] key, Jid jid)
    {
        public byte[] Key { get; } = key;

        public Jid Jid { get; } = jid;
    }
}
