using System.Net;
using System.Net.Sockets;

namespace IotXmpp.Hub.Sasl;

/// <summary>Settings of the log-in throttle (<c>Security:LoginThrottle</c>).</summary>
public sealed class LoginThrottleOptions
{
    /// <summary>False switches the delays off.</summary>
    public bool Enabled { get; set; } = true;
}

/// <summary>
/// The growing delay after failed log-ins. Three counts grow it: of an address with one account, of an address, and of an account from anywhere.
/// The first two book time, so that attempts in parallel wait one after another, and refuse what would have to wait longer than <see cref="MaxDelay"/>;
/// the third is mild and books nothing, so that who guesses from elsewhere costs the owner two seconds at most. An address that has logged in with an
/// account before is judged by its own failures only: neighbours behind the same router do not keep a device out.
/// Everything is forgotten after <see cref="ForgetAfter"/>. Tables are bounded. Thread-safe; no waiting inside.
/// </summary>
public sealed class LoginThrottle
{
    /// <summary>The longest time that an answer is held back, so that attempts that wait do not pile up: below the 30 s that a stream has before it is authenticated.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(20);

    /// <summary>Without a failure for so long, earlier ones do not count.</summary>
    public static readonly TimeSpan ForgetAfter = TimeSpan.FromMinutes(15);

    /// <summary>The most entries of each of the four tables; about 100 octets each. A full table loses its oldest entries.</summary>
    public const int MaxEntries = 16_384;

    /// <summary>What <see cref="DelayFor"/> gives when the attempt would have to wait too long: refuse it at once, unverified.</summary>
    public static readonly TimeSpan Refused = Timeout.InfiniteTimeSpan;

    // One account from one address: three typing errors are free.
    private static readonly Rule s_pairRule = new(3, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(15));
    // One address: a gateway or a company's router stands for many; a fleet with a wrong setting must not hurt its neighbours at once.
    private static readonly Rule s_addressRule = new(20, TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(5));
    // One account from anywhere: mild, since the owner suffers too.
    private static readonly Rule s_accountRule = new(10, TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(2));

    private readonly bool _enabled;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Lock _lock = new();
    private readonly BoundedTable<(IPAddress, string)> _pairs;
    private readonly BoundedTable<IPAddress> _addresses;
    private readonly BoundedTable<string> _accounts;
    private readonly BoundedTable<(IPAddress, string)> _known;

    /// <summary>Makes a throttle.</summary>
    public LoginThrottle(LoginThrottleOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _enabled = options.Enabled;
        _time = time;
        _start = time.GetTimestamp();
        int entries = options.Enabled ? MaxEntries : 0;
        _pairs = new(entries);
        _addresses = new(entries);
        _accounts = new(entries);
        _known = new(entries);
    }

    /// <summary>
    /// How long the answer to this attempt must be held back, be it yes or no; <see cref="Refused"/> when it must be refused at once. The time is booked:
    /// the next attempt waits behind this one.
    /// </summary>
    public TimeSpan DelayFor(IPAddress address, string account)
    {
        if (!_enabled)
        {
            return TimeSpan.Zero;
        }

        address = Normalize(address);
        long now = Now();
        lock (_lock)
        {
            bool known = _known.Find((address, account)) is not null;
            Record? pair = _pairs.Find((address, account));
            Record? whole = known ? null : _addresses.Find(address);
            TimeSpan wait = Longer(Pending(pair, now), Pending(whole, now));
            if (wait > MaxDelay)
            {
                return Refused;
            }

            Book(pair, s_pairRule, now);
            Book(whole, s_addressRule, now);
            return known ? wait : Longer(wait, s_accountRule.Step(Count(_accounts.Find(account), now)));
        }
    }

    /// <summary>An attempt failed.</summary>
    public void Failed(IPAddress address, string account)
    {
        if (!_enabled)
        {
            return;
        }

        address = Normalize(address);
        long now = Now();
        lock (_lock)
        {
            Fail(_pairs.GetOrAdd((address, account), now), s_pairRule, now);
            Fail(_addresses.GetOrAdd(address, now), s_addressRule, now);
            Fail(_accounts.GetOrAdd(account, now), null, now);
        }
    }

    /// <summary>An attempt succeeded: the failures of this account from this address are forgotten, those of others stay.</summary>
    public void Succeeded(IPAddress address, string account)
    {
        if (!_enabled)
        {
            return;
        }

        address = Normalize(address);
        long now = Now();
        lock (_lock)
        {
            _pairs.Remove((address, account));
            _known.GetOrAdd((address, account), now).Last = now;
        }
    }

    /// <summary>IPv4 in IPv6's dress is IPv4; of IPv6 the network of 64 bits counts, since one machine has all addresses in it.</summary>
    internal static IPAddress Normalize(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
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

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Pending(Record? record, long now) => record is null || record.FreeAt <= now ? TimeSpan.Zero : new TimeSpan(record.FreeAt - now);

    private static int Count(Record? record, long now) => record is null || now - record.Last > ForgetAfter.Ticks ? 0 : record.Failures;

    private static void Book(Record? record, Rule rule, long now)
    {
        if (record is not null && Count(record, now) >= rule.Free)
        {
            record.FreeAt = Math.Max(record.FreeAt, now) + rule.Step(record.Failures).Ticks;
        }
    }

    private static void Fail(Record record, Rule? rule, long now)
    {
        record.Failures = Math.Min(Count(record, now) + 1, 1_000_000);
        record.Last = now;
        // The first failure beyond the free ones starts the waiting; from then on DelayFor books.
        if (rule is { } starting && record.Failures == starting.Free)
        {
            record.FreeAt = Math.Max(record.FreeAt, now) + starting.Step(record.Failures).Ticks;
        }
    }

    /// <summary>Ticks of 100 ns since the start; a clock that is set does not disturb it.</summary>
    private long Now() => _time.GetElapsedTime(_start).Ticks;

    /// <summary>After <paramref name="Free"/> failures the delay begins with <paramref name="First"/> and doubles up to <paramref name="Most"/>.</summary>
    private readonly record struct Rule(int Free, TimeSpan First, TimeSpan Most)
    {
        public TimeSpan Step(int failures)
            => failures < Free ? TimeSpan.Zero : new TimeSpan(Math.Min(Most.Ticks, First.Ticks << Math.Min(failures - Free, 20)));
    }

    private sealed class Record
    {
        public int Failures { get; set; }

        /// <summary>When something last happened.</summary>
        public long Last { get; set; }

        /// <summary>When the next attempt may be answered.</summary>
        public long FreeAt { get; set; }
    }

    /// <summary>Sets of eight; in a full set the entry that has been quiet for longest makes place.</summary>
    private sealed class BoundedTable<TKey>(int entries)
        where TKey : notnull
    {
        private const int Ways = 8;
        private readonly (TKey Key, Record? Record)[] _slots = new (TKey, Record?)[entries];

        public Record? Find(TKey key)
        {
            foreach ((TKey Key, Record? Record) slot in Set(key))
            {
                if (slot.Record is not null && EqualityComparer<TKey>.Default.Equals(slot.Key, key))
                {
                    return slot.Record;
                }
            }

            return null;
        }

        public Record GetOrAdd(TKey key, long now)
        {
            if (Find(key) is { } found)
            {
                return found;
            }

            Span<(TKey Key, Record? Record)> set = Set(key);
            int place = 0;
            long oldest = long.MaxValue;
            for (int i = 0; i < Ways; i++)
            {
                long last = set[i].Record?.Last ?? long.MinValue;
                if (last < oldest)
                {
                    place = i;
                    oldest = last;
                }
            }

            var record = new Record { Last = now };
            set[place] = (key, record);
            return record;
        }

        public void Remove(TKey key)
        {
            foreach (ref (TKey Key, Record? Record) slot in Set(key))
            {
                if (slot.Record is not null && EqualityComparer<TKey>.Default.Equals(slot.Key, key))
                {
                    slot = default;
                }
            }
        }

        private Span<(TKey Key, Record? Record)> Set(TKey key)
            => _slots.AsSpan((int)((uint)key.GetHashCode() % (uint)(_slots.Length / Ways)) * Ways, Ways);
    }
}
