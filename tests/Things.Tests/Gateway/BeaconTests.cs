using System.Collections.Concurrent;
using System.Threading.Channels;
using IotXmpp.Gateway;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

/// <summary>Bluetooth sensors over a socket that replays HCI packets: reports as an adapter gives them, and its answers to commands.</summary>
public sealed class BeaconTests : INodeObserver, IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly ManualTime _time = new();
    private readonly TempFolder _folder = new("beacons");
    private readonly FakeHci _hci = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _events = new();
    private readonly SemaphoreSlim _more = new(0);
    private readonly NodeTable _table;
    private Task _running = Task.CompletedTask;

    public BeaconTests()
    {
        _table = new NodeTable(new NodeKeys(_folder.File("nodes.json")), _time, new Lock()) { Listened = ["porch", "cellar"] };
        _table.Refresh();
        _table.Observe(this);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _more.Dispose();
        _folder.Dispose();
    }

    void INodeObserver.NodeAdded(Node node) => Note($"{node.Id} added");

    void INodeObserver.NodeUpdated(Node node) => Note($"{node.Id} battery {node.Battery}");

    void INodeObserver.NodeStateChanged(Node node) => Note($"{node.Id} {node.StateName} {node.Reason}".TrimEnd());

    void INodeObserver.NodeRemoved(Node node) => Note($"{node.Id} removed");

    void INodeObserver.NodeSampled(Node node, Sample sample, Action? durable)
        => Note($"{node.Id} {string.Join(' ', Enumerable.Range(0, sample.Count).Select(i => $"{sample.Name(i)}={sample.Value(i)}"))}");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sensor_comes_speaks_and_is_lost(bool extended)
    {
        _hci.IsExtended = extended;
        Start("porch=A4:C1:38:12:34:56");
        Heard(extended, "A4C138123456", "4002C40903BF130161", -60);
        await SeenAsync("porch online", "porch temperature=25 humidity=50.55 battery=97");
        lock (_table.Gate)
        {
            Node node = _table.Find("porch")!;
            Assert.Equal((-60, 97, "bluetooth hci0"), (node.Rssi, node.Battery, node.Peer));
        }

        // The same once more on another channel, a stranger, another service: nothing.
        Heard(extended, "A4C138123456", "4002C40903BF130161", -62);
        Heard(extended, "010203040506", "4002C409", -50);
        await _hci.IdleAsync();
        _time.Advance(BeaconPort.Shortest);
        Heard(extended, "A4C138123456", "40026400 0161", -60);
        await SeenAsync("porch temperature=1 battery=97");

        // The same value is a sample again after a minute, and it is alive by each that is heard.
        _time.Advance(TimeSpan.FromSeconds(600));
        Step();
        Heard(extended, "A4C138123456", "40026400 0160", -60);
        await SeenAsync("porch battery 96", "porch temperature=1 battery=96");
        _time.Advance(TimeSpan.FromSeconds(BeaconPort.KeepAliveSeconds * 1.5) + TimeSpan.FromSeconds(1));
        Step();
        await SeenAsync("porch offline keepalive-timeout");
        Assert.Empty(_events);
    }

    [Fact]
    public async Task Who_cannot_prove_himself_is_not_the_thing()
    {
        Start("porch=54:48:E6:8F:80:A5/231d39c1d7cc1ab1aee224cd096db932");
        Heard(false, "5448E68F80A5", "4002C409", -60);
        await SeenAsync("porch: it speaks encrypted and there is no key for it, or in the open though there is one; nothing of it is taken");
        Heard(false, "5448E68F80A5", "41A47266C95F730011223378237215", -60);
        await SeenAsync("porch: what is heard is not of who has its key; nothing of it is taken");
        Heard(false, "5448E68F80A5", "41A47266C95F730011223378237214", -60);
        await SeenAsync("porch online", "porch temperature=25.06 humidity=50.55");
    }

    [Fact]
    public async Task Several_reports_in_one_event_and_cut_ones()
    {
        Start("porch=A4:C1:38:12:34:56 cellar=A4:C1:38:00:00:01");
        byte[] one = Report("A4C138123456", "4002C409", -60);
        byte[] two = Report("A4C138000001", "4002CA09", -60);
        _hci.Event([0x3E, (byte)(2 + one.Length + two.Length), 0x02, 2, .. one, .. two]);
        await SeenAsync("porch online", "porch temperature=25", "cellar online", "cellar temperature=25.06");
        for (int length = 0; length < one.Length; length++)
        {
            _hci.Raw([4, 0x3E, (byte)(2 + one.Length), 0x02, 1, .. one[..length]]);
        }

        await _hci.IdleAsync();
        _time.Advance(BeaconPort.Shortest);
        Heard(false, "A4C138123456", "40026400", -60);
        await SeenAsync("porch temperature=1");
    }

    [Fact]
    public async Task An_adapter_that_is_gone_is_told_once_and_opened_again()
    {
        Start("porch=A4:C1:38:12:34:56");
        _hci.Gone();
        await SeenAsync("bluetooth hci0: the adapter is gone; tried again");
        while (_time.Waiting.Count == 0)
        {
            await Task.Yield(); // it waits a moment before it tries again
        }

        _time.Advance(TimeSpan.FromSeconds(5));
        await SeenAsync("sensors are listened to at bluetooth hci0");
        Heard(false, "A4C138123456", "4002C409", -60);
        await SeenAsync("porch online", "porch temperature=25");
    }

    [Fact]
    public async Task An_adapter_that_another_uses_says_so()
    {
        _hci.Refuse = 0x0C;
        _running = Run("porch=A4:C1:38:12:34:56");
        await SeenAsync("bluetooth hci0: the adapter does not start to listen: another program uses it for that; let bluetoothctl stop scanning; tried again");
    }

    [Fact]
    public void It_listens_and_says_nothing_on_the_air()
    {
        Start("porch=A4:C1:38:12:34:56");
        Assert.Equal(["200C 0000", "200B 000001A0000000", "200C 0100"], _hci.Commands.Where(c => c.StartsWith("200", StringComparison.Ordinal)));
    }

    [Fact]
    public void This_machines_own_adapter_opens_or_says_in_one_line_why_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Bluetooth adapters are opened on Linux only");
        try
        {
            HciSocket.Open("hci0").Dispose();
        }
        catch (IOException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            TestContext.Current.SendDiagnosticMessage($"hci0: {e.Message}");
        }
    }

    [Theory]
    [InlineData("porch", "\"porch\"")]
    [InlineData("Porch=A4:C1:38:12:34:56", "\"Porch=A4:C1:38:12:34:56\"")]
    [InlineData("porch=A4C138123456", "\"porch=A4C138123456\"")]
    [InlineData("porch=A4:C1:38:12:34:5G", "is not ID=")]
    [InlineData("porch=A4:C1:38:12:34:56/123", "the key of porch is not 32")]
    [InlineData("porch=A4:C1:38:12:34:56 porch=A4:C1:38:12:34:57", "twice")]
    [InlineData("porch=A4:C1:38:12:34:56,cellar=a4:c1:38:12:34:56", "twice")]
    public void A_wrong_list_is_told(string text, string expected) => Assert.Contains(expected, Assert.Throws<GatewaySettingsException>(() => Beacon.ParseAll(text)).Message, StringComparison.Ordinal);

    private static byte[] Report(string address, string payload, int rssi)
    {
        byte[] data = Data(payload);
        return [0, 0, .. Convert.FromHexString(address).Reverse(), (byte)data.Length, .. data, (byte)(sbyte)rssi];
    }

    // Flags, then the service data.
    private static byte[] Data(string payload)
    {
        byte[] service = Convert.FromHexString(payload.Replace(" ", "", StringComparison.Ordinal));
        return [2, 1, 6, (byte)(service.Length + 3), 0x16, 0xD2, 0xFC, .. service];
    }

    private void Heard(bool extended, string address, string payload, int rssi)
    {
        if (!extended)
        {
            byte[] report = Report(address, payload, rssi);
            _hci.Event([0x3E, (byte)(2 + report.Length), 0x02, 1, .. report]);
            return;
        }

        byte[] data = Data(payload);
        byte[] head = [0x13, 0, 0, .. Convert.FromHexString(address).Reverse(), 1, 0, 0xFF, 127, (byte)(sbyte)rssi, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)data.Length];
        _hci.Event([0x3E, (byte)(2 + head.Length + data.Length), 0x0D, 1, .. head, .. data]);
    }

    private void Start(string beacons)
    {
        _running = Run(beacons);
        SeenAsync("sensors are listened to at bluetooth hci0").GetAwaiter().GetResult();
    }

    private Task Run(string beacons) => Task.Run(() => new BeaconPort(Beacon.ParseAll(beacons), "hci0", () => _hci, _table, _time).RunAsync(Note, _stop.Token));

    private void Step()
    {
        lock (_table.Gate)
        {
            _table.Step();
        }
    }

    private void Note(string what)
    {
        _events.Enqueue(what);
        _more.Release();
    }

    private async Task SeenAsync(params string[] expected)
    {
        foreach (string one in expected)
        {
            Assert.True(await _more.WaitAsync(Limit), $"\"{one}\" did not happen");
            Assert.True(_events.TryDequeue(out string? seen));
            Assert.Equal(one, seen);
        }
    }

    private sealed class FakeHci : IHciSocket
    {
        private Channel<byte[]> _packets = Channel.CreateUnbounded<byte[]>();
        private int _written;
        private int _asked;

        public bool IsExtended { get; set; }

        public byte Refuse { get; set; }

        public ConcurrentQueue<string> Commands { get; } = new();

        public void Event(byte[] bytes) => Raw([4, .. bytes]);

        public void Raw(byte[] bytes)
        {
            Interlocked.Increment(ref _written);
            _packets.Writer.TryWrite(bytes);
        }

        public void Gone() => Raw([]);

        /// <summary>Waits until all that came so far was dealt with: the next packet is asked for.</summary>
        public Task IdleAsync() => Wait.UntilAsync(() => Volatile.Read(ref _asked) > Volatile.Read(ref _written));

        public void Send(ReadOnlySpan<byte> packet)
        {
            int command = packet[1] | (packet[2] << 8);
            Commands.Enqueue($"{command:X4} {Convert.ToHexString(packet[4..])}");
            bool isExtended = command is 0x2041 or 0x2042;
            bool starts = packet[4] == 1 && command is 0x200C or 0x2042;
            byte status = isExtended && !IsExtended ? (byte)0x01 : starts ? Refuse : (byte)0;
            // Command complete: one packet may be sent, the command, its status.
            Event([0x0E, 4, 1, packet[1], packet[2], status]);
        }

        public async Task<int> ReceiveAsync(Memory<byte> packet, CancellationToken cancel)
        {
            Interlocked.Increment(ref _asked);
            byte[] next = await _packets.Reader.ReadAsync(cancel);
            next.CopyTo(packet);
            return next.Length;
        }

        public void Dispose()
        {
            _packets = Channel.CreateUnbounded<byte[]>();
            (_written, _asked) = (0, 0);
        }
    }
}
