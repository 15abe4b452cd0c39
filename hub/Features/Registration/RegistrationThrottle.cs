using System.Net;
using System.Net.Sockets;

namespace IotXmpp.Hub.Features.Registration;

/// <summary>
/// Counts attempts to register: of an address, and of all. A window begins with its first attempt and ends after <see cref="RegistrationOptions.Window"/>. Thread-safe; nothing waits.
/// </summary>
public sealed class RegistrationThrottle(RegistrationOptions options, TimeProvider time)
{
    /// <summary>Addresses that are counted at once, at most; default 16,384 (some 100 bytes each). When it is full, old windows go; where none is old, nobody new may register for now.</summary>
    public const int MaxAddresses = 16_384;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Count> _addresses = [];
    private Count _all;

    /// <summary>Counts an attempt; false where it is one too many.</summary>
    /// <param name="address">Where it comes from; null where that is not known.</param>
    public bool TryTake(IPAddress? address)
    {
        long now = time.GetTimestamp();
        lock (_lock)
        {
            if (!_all.TryTake(now, options.Attempts, IsOver))
            {
                return false;
            }

            if (address is null || IPAddress.IsLoopback(address))
            {
                return true;
            }

            address = Network(address);
            if (!_addresses.TryGetValue(address, out Count count) && _addresses.Count >= MaxAddresses && !Sweep(now))
            {
                return false;
            }

            bool isFree = count.TryTake(now, options.AttemptsPerAddress, IsOver);
            _addresses[address] = count;
            return isFree;
        }
    }

    // One machine has all addresses of an IPv6 network of 64 bits.
    private static IPAddress Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out _);
        octets[8..].Clear();
        return new IPAddress(octets);
    }

    private bool IsOver(long since, long now) => time.GetElapsedTime(since, now) >= options.Window;

    private bool Sweep(long now)
    {
        foreach ((IPAddress address, Count count) in _addresses.ToList())
        {
            if (IsOver(count.Since, now))
            {
                _addresses.Remove(address);
            }
        }

        return _addresses.Count < MaxAddresses;
    }

    private struct Count
    {
        private int _taken;

        public long Since { get; private set; }

        public bool TryTake(long now, int limit, Func<long, long, bool> isOver)
        {
            if (_taken == 0 || isOver(Since, now))
            {
                (Since, _taken) = (now, 0);
            }

            if (_taken >= limit)
            {
                return false;
            }

            _taken++;
            return true;
        }
    }
}
