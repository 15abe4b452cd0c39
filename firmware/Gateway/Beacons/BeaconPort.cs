using System.Globalization;
using IotXmpp.Features;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>A Bluetooth sensor that the gateway listens to.</summary>
/// <param name="Id">The thing that it is.</param>
/// <param name="Address">Its address, most significant byte first.</param>
/// <param name="Key">Its key, 16 bytes; null for one that speaks in the open.</param>
public sealed record Beacon(string Id, ulong Address, byte[]? Key)
{
    /// <summary>Sensors at most. Default 32: half of the things that a gateway may have.</summary>
    public const int MaxBeacons = 32;

    /// <summary>Reads the setting <c>beacons</c>: <c>ID=AA:BB:CC:DD:EE:FF[/KEY]</c>, with blanks, commas or lines between; the key in hexadecimal.</summary>
    /// <param name="text">The setting.</param>
    /// <exception cref="GatewaySettingsException">Something is wrong; the message is one line.</exception>
    public static IReadOnlyList<Beacon> ParseAll(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var beacons = new List<Beacon>();
        foreach (string word in text.Split([' ', ',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = word.Split('=', 2);
            string[] sides = parts.Length == 2 ? parts[1].Split('/', 2) : [];
            string digits = sides.Length > 0 ? sides[0].Replace(":", string.Empty, StringComparison.Ordinal) : string.Empty;
            if (sides.Length == 0 || !ThingOptions.IsThingId(parts[0]) || sides[0].Length != 17 || !ulong.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong address) || digits.Length != 12)
            {
                // Without what may be a key.
                throw new GatewaySettingsException($"beacons: \"{word.Split('/')[0]}\" is not ID=AA:BB:CC:DD:EE:FF or ID=AA:BB:CC:DD:EE:FF/KEY.");
            }

            byte[]? key = sides.Length == 2 ? ParseKey(parts[0], sides[1]) : null;
            if (beacons.Exists(b => b.Id == parts[0] || b.Address == address))
            {
                throw new GatewaySettingsException($"beacons: {parts[0]} or its address is there twice.");
            }

            beacons.Add(new Beacon(parts[0], address, key));
            if (beacons.Count > MaxBeacons)
            {
                throw new GatewaySettingsException($"beacons: {MaxBeacons} are the most.");
            }
        }

        return beacons;
    }

    private static byte[] ParseKey(string id, string text)
    {
        try
        {
            return text.Length == 32 ? Convert.FromHexString(text) : throw new FormatException();
        }
        catch (FormatException)
        {
            throw new GatewaySettingsException($"beacons: the key of {id} is not 32 hexadecimal digits.");
        }
    }
}

/// <summary>
/// Listens to Bluetooth sensors (BTHome version 2 in advertisements): each that the settings name is a thing behind the gateway, which only speaks. It is online while it is heard; what it says anew is a
/// sample, and the same once a minute. Others that are heard are nobody's business.
/// </summary>
/// <param name="beacons">Who.</param>
/// <param name="adapter">The adapter's name, for people.</param>
/// <param name="open">Opens it.</param>
/// <param name="table">The things; its lock is taken.</param>
/// <param name="time">The clock.</param>
internal sealed class BeaconPort(IReadOnlyList<Beacon> beacons, string adapter, Func<IHciSocket> open, NodeTable table, TimeProvider time)
{
    /// <summary>Time between two samples of one sensor at least. Default 1 s: it says the same several times, on each channel.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>Time after which the same values are a sample again. Default 60 s.</summary>
    public static readonly TimeSpan Repeat = TimeSpan.FromSeconds(60);

    /// <summary>Seconds between a sensor's signs of life, as told to the hub. Default 600: sensors on a coin cell speak every some minutes; one and a half times that silent, it is lost.</summary>
    public const int KeepAliveSeconds = 600;

    /// <summary>Time until the adapter is tried again, at first; doubled up to <see cref="MaxRetry"/>.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(5);

    private readonly Dictionary<ulong, Ear> _ears = beacons.ToDictionary(b => b.Address, b => new Ear(b));

    /// <summary>Listens until it is cancelled. What fails on the way is tried again, and told in one line.</summary>
    public async Task RunAsync(Action<string> log, CancellationToken cancel)
    {
        TimeSpan wait = Retry;
        string? told = null;
        while (true)
        {
            string wrong;
            try
            {
                using IHciSocket socket = open();
                var scanner = new HciScanner(socket);
                await scanner.StartAsync(cancel).ConfigureAwait(false);
                log($"sensors are listened to at bluetooth {adapter}");
                told = null;
                wait = Retry;
                try
                {
                    await scanner.ListenAsync(heard => Hear(heard, log), cancel).ConfigureAwait(false);
                }
                finally
                {
                    scanner.Stop();
                }

                wrong = "it stopped";
            }
            catch (IOException e)
            {
                wrong = e.Message;
            }

            if (wrong != told)
            {
                told = wrong;
                log($"bluetooth {adapter}: {wrong}; tried again");
            }

            await Task.Delay(wait, time, cancel).ConfigureAwait(false);
            wait = wait * 2 < MaxRetry ? wait * 2 : MaxRetry;
        }
    }

    private void Hear(Advertisement heard, Action<string> log)
    {
        if (!_ears.TryGetValue(heard.Address, out Ear? ear) || heard.ServiceData(BtHome.Service) is not { Length: > 0 } data)
        {
            return;
        }

        DateTimeOffset now = time.GetUtcNow();
        var sample = new Sample();
        sample.Clear(now.ToUnixTimeMilliseconds());
        BtHomeOutcome outcome = ear.Device.TryRead(data, sample);
        if (outcome != BtHomeOutcome.Read)
        {
            if (ear.Outcome != outcome)
            {
                log($"{ear.Beacon.Id}: {Words(outcome)}");
            }

            // Who cannot prove himself is not the thing: it is not even alive by him.
            ear.Outcome = outcome;
            return;
        }

        ear.Outcome = outcome;
        bool same = data.SequenceEqual(ear.Last);
        bool isSample = sample.Count > 0 && now - ear.Sampled >= (same ? Repeat : Shortest);
        if (isSample)
        {
            ear.Sampled = now;
            ear.Last = data.ToArray();
        }

        lock (table.Gate)
        {
            if (table.Find(ear.Beacon.Id) is { } node)
            {
                table.Overheard(node, isSample ? sample : null, ear.Device.Battery, heard.Rssi, $"bluetooth {adapter}", KeepAliveSeconds);
            }
        }
    }

    private static string Words(BtHomeOutcome outcome) => outcome switch
    {
        BtHomeOutcome.KeyMismatch => "it speaks encrypted and there is no key for it, or in the open though there is one; nothing of it is taken",
        BtHomeOutcome.Forged => "what is heard is not of who has its key; nothing of it is taken",
        BtHomeOutcome.Replayed => "what is heard is old and comes again; nothing of it is taken",
        _ => "what is heard is no BTHome version 2",
    };

    private sealed class Ear(Beacon beacon)
    {
        public Beacon Beacon { get; } = beacon;

        public BtHome Device { get; } = new(AddressBytes(beacon.Address), beacon.Key);

        public BtHomeOutcome Outcome { get; set; } = BtHomeOutcome.Read;

        public byte[] Last { get; set; } = [];

        public DateTimeOffset Sampled { get; set; } = DateTimeOffset.MinValue;

        private static byte[] AddressBytes(ulong address) => [.. Enumerable.Range(0, 6).Select(i => (byte)(address >> (8 * (5 - i))))];
    }
}
