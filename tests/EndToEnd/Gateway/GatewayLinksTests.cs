using System.Text.Json.Nodes;
using System.Threading.Channels;
using IotXmpp.EndToEnd.Flash;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>Things behind the gateway by other ways than TCP: a serial line (a pseudo-terminal here), and Bluetooth sensors (an HCI socket that replays here); at the hub they are as all others.</summary>
public sealed class GatewayLinksTests : GatewayScene
{
    private readonly ReplayedHci _hci = new();

    protected override void Prepare(GatewayHost gateway) => gateway.Radio = () => _hci;

    protected override GatewaySettings Settings
    {
        get
        {
            GatewaySettings usual = base.Settings;
            return new GatewaySettings
            {
                Hub = usual.Hub,
                Account = usual.Account,
                Password = usual.Password,
                CaFile = usual.CaFile,
                DataFolder = usual.DataFolder,
                Interval = usual.Interval,
                Owner = usual.Owner,
                Nodes = usual.Nodes,
                Beacons = Beacon.ParseAll("porch=A4:C1:38:12:34:56"),
            };
        }
    }

    [Fact]
    public async Task A_thing_at_a_serial_line_is_as_any_other_and_the_line_may_be_pulled_and_plugged()
    {
        await StopGatewayAsync();
        using var cable = new PseudoTerminal();
        await StartGatewayAsync(ports: [new SerialNodePort(cable.Name, 115200, TimeProvider.System)]);
        string key = Gateway.Keys.Add("node-1");
        var node = new VirtualNode("node-1", key, new CableStream(cable));
        node.Values["relay"] = false;
        await node.HelloAsync(cancel: Cancel);
        Element online = await PresenceAsync("node-1", "online");
        Assert.Equal("gateway-1", online.Child(Ns.Thing, "thing")!.Attribute("gateway"));
        await node.SampleAsync(1, new JsonObject { ["temperature"] = 21.5 }, 1_764_158_400_000);
        await node.AcknowledgedAsync(1, Cancel);
        Assert.Equal("2025-11-26T12:00:00Z", (await ItemAsync("node-1")).Child("node")!.Child("timestamp")!.Attribute("value"));
        var set = new Element(Ns.Control, "set");
        set.Add("node").Set("nodeId", "node-1");
        set.Add("boolean").Set("name", "relay").Set("value", "true");
        Assert.NotNull((await Owner.SendIqAsync("set", GatewayJid, set)).Child(Ns.Control, "setResponse"));
        Assert.True((bool)node.Values["relay"]);

        cable.Pull();
        Element gone = await PresenceAsync("node-1", "offline");
        Assert.Equal("connection-lost", gone.Child(Ns.Thing, "thing")!.Attribute("reason"));
        await UntilAsync(() => Log.Any(l => l.StartsWith($"serial {cable.Name}: ", StringComparison.Ordinal) && l.EndsWith("; tried again", StringComparison.Ordinal)));
        await node.DisposeAsync();
    }

    [Fact]
    public async Task A_bluetooth_sensor_is_a_thing_that_only_speaks()
    {
        await OnlineAsync();
        byte[] service = Convert.FromHexString("400161" + "02C40903BF13");
        byte[] data = [2, 1, 6, (byte)(service.Length + 3), 0x16, 0xD2, 0xFC, .. service];
        _hci.Packets.Writer.TryWrite([4, 0x3E, (byte)(12 + data.Length), 0x02, 1, 0, 0, 0x56, 0x34, 0x12, 0x38, 0xC1, 0xA4, (byte)data.Length, .. data, 0xC4]);
        Element online = await PresenceAsync("porch", "online");
        Assert.Equal(("-60", "97"), (online.Child(Ns.Thing, "thing")!.Attribute("rssi"), online.Child(Ns.Thing, "thing")!.Attribute("bat")));
        Element fields = await ItemAsync("porch");
        Assert.Equal("25", fields.Child("node")!.Child("timestamp")!.Children().Single(c => c.Attribute("name") == "temperature").Attribute("value"));
        var set = new Element(Ns.Control, "set");
        set.Add("node").Set("nodeId", "porch");
        set.Add("boolean").Set("name", "relay").Set("value", "true");
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => Owner.SendIqAsync("set", GatewayJid, set));
        Assert.Equal("item-not-found", refused.Error.Condition);
    }

    /// <summary>The end of a cable that is the thing's.</summary>
    private sealed class CableStream(PseudoTerminal cable) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            byte[] bytes = new byte[buffer.Length];
            int count = await cable.ReadAsync(bytes, cancellationToken);
            bytes.AsSpan(0, count).CopyTo(buffer.Span);
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cable.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => cable.Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
            // Nothing is held back.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }

    /// <summary>An adapter that takes every command, and hears what the test says.</summary>
    private sealed class ReplayedHci : IHciSocket
    {
        public Channel<byte[]> Packets { get; } = Channel.CreateUnbounded<byte[]>();

        public void Send(ReadOnlySpan<byte> packet) => Packets.Writer.TryWrite([4, 0x0E, 4, 1, packet[1], packet[2], 0]);

        public async Task<int> ReceiveAsync(Memory<byte> packet, CancellationToken cancel)
        {
            byte[] next = await Packets.Reader.ReadAsync(cancel);
            next.CopyTo(packet);
            return next.Length;
        }

        public void Dispose()
        {
            // It is opened once.
        }
    }
}
