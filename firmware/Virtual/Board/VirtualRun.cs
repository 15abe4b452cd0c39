using System.Security.Cryptography;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>
/// Runs a virtual device in simulated time over a simulated network, single-threaded: a day takes seconds and every run is the same. Sleep is slept, and a
/// power cut ends the firmware's life until <see cref="PowerOn"/>.
/// </summary>
public sealed class VirtualRun
{
    private readonly VirtualNetwork _network;
    private readonly Func<ClientOptions> _options;
    private readonly IRandom _random;
    private VirtualLink? _link;
    private long _wakeUtcMs = -1;

    /// <summary>Makes a run; the device is off.</summary>
    /// <param name="device">The device.</param>
    /// <param name="network">Its network.</param>
    /// <param name="clock">Its time.</param>
    /// <param name="password">The account's password.</param>
    /// <param name="seed">Of the dice, so that a run can be repeated.</param>
    public VirtualRun(VirtualDevice device, VirtualNetwork network, VirtualClock clock, string password, int seed = 1)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
        Clock = clock;
        _network = network;
        _options = () => ClientOptions.ForThing(device.Account, password);
        _random = new SeededRandom(seed);
    }

    /// <summary>The device.</summary>
    public VirtualDevice Device { get; }

    /// <summary>Its time.</summary>
    public VirtualClock Clock { get; }

    /// <summary>The firmware's present life; null while the device is off or asleep.</summary>
    public ThingLoop? Loop { get; private set; }

    /// <summary>The client of the present life.</summary>
    public XmppClient? Client { get; private set; }

    /// <summary>Whether the device sleeps.</summary>
    public bool IsAsleep => _wakeUtcMs >= 0;

    /// <summary>Times that the power failed in the middle of a write.</summary>
    public int PowerCuts { get; private set; }

    /// <summary>Is told what the thing does, over all its lives.</summary>
    public IThingObserver? Observer { get; set; }

    /// <summary>Switches the device on.</summary>
    /// <param name="reason">Why it starts.</param>
    public void PowerOn(string reason = "power-on")
    {
        PowerOff();
        Device.Flash.RestorePower();
        _link = _network.CreateLink();
        Client = new XmppClient(_options(), _link, Sha.Instance, _random, Device.Settings);
        _link.Attach(Client);
        try
        {
            Loop = Device.Boot(Client, Clock, Sha.Instance, reason);
            Loop.Observer = Observer;
        }
        catch (PowerCutException)
        {
            Die();
        }
    }

    /// <summary>Pulls the plug: no good-bye, nothing is saved.</summary>
    public void PowerOff()
    {
        _link?.Abandon();
        _link = null;
        Loop = null;
        Client = null;
        _wakeUtcMs = -1;
    }

    /// <summary>Lets time pass.</summary>
    /// <param name="time">How much.</param>
    public void RunFor(TimeSpan time) => RunUntil(() => false, time);

    /// <summary>Lets time pass until something is so.</summary>
    /// <param name="condition">What is waited for.</param>
    /// <param name="limit">How long at most.</param>
    /// <returns>Whether it came to be.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(condition);
        long end = Clock.NowMs + (long)limit.TotalMilliseconds;
        while (true)
        {
            long next = Math.Min(Step(), end);
            if (condition())
            {
                return true;
            }

            if (Clock.NowMs >= end)
            {
                return false;
            }

            Clock.Advance(Math.Max(1, next - Clock.NowMs));
        }
    }

    // Does what is due now; returns when to go on.
    private long Step()
    {
        long now = Clock.NowMs;
        Device.Board.Step(now);
        if (IsAsleep && Clock.UtcNowMs >= _wakeUtcMs)
        {
            PowerOn("deep-sleep");
        }

        if (Loop is null)
        {
            return now + 1000;
        }

        try
        {
            _link!.Pump(now);
            int wait = Loop.Step(now);
            if (Loop.Life == ThingLife.Asleep)
            {
                if (Loop.IsRestarting)
                {
                    PowerOn("software");
                    return now;
                }

                long until = Loop.SleepUntilUtcMs;
                PowerOff();
                _wakeUtcMs = until;
                return now + 1000;
            }

            return Math.Min(now + wait, _link.NextDueMs);
        }
        catch (PowerCutException)
        {
            Die();
            return now + 1000;
        }
    }

    private void Die()
    {
        PowerCuts++;
        PowerOff();
    }

    private sealed class SeededRandom(int seed) : IRandom
    {
        private readonly Random _random = new(seed);

#pragma warning disable CA5394 // simulated dice, to be repeatable
        public void Fill(byte[] buffer) => _random.NextBytes(buffer);
#pragma warning restore CA5394
    }

    private sealed class Sha : IHash
    {
        public static readonly Sha Instance = new();
        private readonly PortableHash _portable = new();

        public byte[] Digest(HashName name, byte[] data) => name == HashName.Sha256 ? SHA256.HashData(data) : _portable.Digest(name, data);

        public byte[] Hmac(HashName name, byte[] key, byte[] data) => name == HashName.Sha256 ? HMACSHA256.HashData(key, data) : _portable.Hmac(name, key, data);

        public byte[] Pbkdf2(HashName name, byte[] password, byte[] salt, int iterations)
            => name == HashName.Sha256 ? Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, 32) : _portable.Pbkdf2(name, password, salt, iterations);
    }
}
