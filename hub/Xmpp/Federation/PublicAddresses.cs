using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace IotXmpp.Hub.Federation;

/// <summary>
/// Which addresses are somewhere in the Internet, for everybody the same. A name server tells what the owner of a domain wants: without this, anybody could have the hub connect to the machines beside
/// it, or to itself. The registries of special-purpose addresses (RFC 6890, IANA) list what is not.
/// </summary>
internal static class PublicAddresses
{
    // Network and length of its prefix.
    private static readonly (uint Network, int Length)[] SpecialV4 =
    [
        (V4(0, 0, 0, 0), 8), // this network
        (V4(10, 0, 0, 0), 8), // private use
        (V4(100, 64, 0, 0), 10), // shared by customers of a provider
        (V4(127, 0, 0, 0), 8), // loopback
        (V4(169, 254, 0, 0), 16), // link-local; here the machines of clouds ask who they are
        (V4(172, 16, 0, 0), 12), // private use
        (V4(192, 0, 0, 0), 24), // protocol assignments
        (V4(192, 0, 2, 0), 24), // documentation
        (V4(192, 88, 99, 0), 24), // relays to 6to4, given up
        (V4(192, 168, 0, 0), 16), // private use
        (V4(198, 18, 0, 0), 15), // benchmarks
        (V4(198, 51, 100, 0), 24), // documentation
        (V4(203, 0, 113, 0), 24), // documentation
        (V4(224, 0, 0, 0), 3), // multicast, reserved, broadcast
    ];

    // Of 2000::/3, which is all that is given out (the first 64 bits are enough to tell them).
    private static readonly (ulong Network, int Length)[] SpecialV6 =
    [
        (0x2001_0000_0000_0000, 23), // protocol assignments, among them Teredo and ORCHID
        (0x2001_0db8_0000_0000, 32), // documentation
        (0x2002_0000_0000_0000, 16), // 6to4: an IPv4 address in disguise
        (0x3fff_0000_0000_0000, 20), // documentation
    ];

    /// <summary>Whether an address is public.</summary>
    public static bool Contains(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            address.TryWriteBytes(bytes, out _);
            return IsPublicV4(BinaryPrimitives.ReadUInt32BigEndian(bytes));
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return false;
        }

        address.TryWriteBytes(bytes, out _);
        ulong high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        // ::ffff:0:0/96, and 64:ff9b::/96, by which networks without IPv4 reach it (RFC 6052): what counts is the address within.
        if ((high == 0 && low >> 32 == 0xffff) || (high == 0x0064_ff9b_0000_0000 && low >> 32 == 0))
        {
            return IsPublicV4((uint)low);
        }

        return high >> 61 == 1 && !Array.Exists(SpecialV6, special => high >> (64 - special.Length) == special.Network >> (64 - special.Length));
    }

    private static bool IsPublicV4(uint address) => !Array.Exists(SpecialV4, special => address >> (32 - special.Length) == special.Network >> (32 - special.Length));

    private static uint V4(byte a, byte b, byte c, byte d) => ((uint)a << 24) | ((uint)b << 16) | ((uint)c << 8) | d;
}
