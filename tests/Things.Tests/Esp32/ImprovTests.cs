using System.Text;
using FsCheck.Fluent;
using IotXmpp.Esp32.Improv;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>Improv Wi-Fi over a serial line, byte by byte as its specification and its reference client have it.</summary>
public sealed class ImprovTests : IImprovBoard, IImprovLine
{
    private readonly List<(byte Type, byte[] Data)> _sent = [];
    private readonly ImprovReader _reader = new();
    private readonly ImprovResponder _responder;
    private readonly Dictionary<string, List<byte>> _files = [];
    private (string Ssid, string Password)? _tried;
    private bool _restarted;

    public ImprovTests() => _responder = new ImprovResponder(this, this);

    public string FirmwareName => "IotXmpp";

    public string FirmwareVersion => "1.4.0";

    public string Chip => "ESP32-S3";

    public string Name { get; private set; } = "lamp-1";

    public bool IsConnected { get; private set; }

    public string NextUrl { get; private set; } = "http://hub.test/claim";

    [Fact]
    public void A_frame_is_as_the_specification_says()
    {
        byte[] target = new byte[32];
        int length = ImprovFrame.Write(ImprovFrame.Rpc, [ImprovFrame.RequestState, 0], 2, target);
        // Header, version 1, type 3, length 2, command 2 and no data, the sum, line feed: what the reference client sends to ask for the state.
        Assert.Equal("494D50524F56010302020" + "0E50A", Convert.ToHexString(target, 0, length));
    }

    [Fact]
    public void A_board_without_wifi_says_that_it_is_ready()
    {
        Ask(ImprovFrame.RequestState);
        Assert.Equal([(ImprovFrame.CurrentState, "02")], Sent());
    }

    [Fact]
    public void A_connected_board_says_where_to_go_on()
    {
        IsConnected = true;
        Ask(ImprovFrame.RequestState);
        Assert.Equal((ImprovFrame.CurrentState, "04"), Sent()[0]);
        Assert.Equal([NextUrl], Strings(1, ImprovFrame.RequestState));
    }

    [Fact]
    public void It_tells_what_it_is()
    {
        Ask(ImprovFrame.RequestInfo);
        Assert.Equal(["IotXmpp", "1.4.0", "ESP32-S3", "lamp-1"], Strings(0, ImprovFrame.RequestInfo));
    }

    [Fact]
    public void Networks_come_one_by_one_and_end_with_an_empty_result()
    {
        Ask(ImprovFrame.RequestNetworks);
        Assert.Equal(["Home", "-55", "YES"], Strings(0, ImprovFrame.RequestNetworks));
        Assert.Equal(["Café", "-80", "NO"], Strings(1, ImprovFrame.RequestNetworks));
        Assert.Empty(Strings(2, ImprovFrame.RequestNetworks));
    }

    [Fact]
    public void Good_wifi_is_provisioning_then_provisioned_with_the_url()
    {
        Ask(ImprovFrame.SendWifi, [4, .. "Home"u8, 6, .. "secret"u8]);
        Assert.Equal(("Home", "secret"), _tried);
        Assert.Equal([(ImprovFrame.ErrorState, "00"), (ImprovFrame.CurrentState, "03")], Sent());
        IsConnected = true;
        _responder.Step(5000);
        Assert.Equal((ImprovFrame.CurrentState, "04"), Sent()[2]);
        Assert.Equal([NextUrl], Strings(3, ImprovFrame.SendWifi));
        _responder.Step(6000);
        Assert.Equal(4, _sent.Count);
    }

    [Fact]
    public void Wifi_that_does_not_connect_is_told_in_time()
    {
        Ask(ImprovFrame.SendWifi, [4, .. "Home"u8, 0]);
        Assert.Equal(("Home", ""), _tried);
        _responder.Step(ImprovResponder.ConnectMs - 1);
        Assert.Equal(2, _sent.Count);
        _responder.Step(ImprovResponder.ConnectMs);
        Assert.Equal([(ImprovFrame.ErrorState, "03"), (ImprovFrame.CurrentState, "02")], Sent()[2..]);
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 4, 65, 66 })]
    [InlineData(new byte[] { 1, 65, 9, 66 })]
    [InlineData(new byte[] { 1, 65, 1, 66, 67 })]
    [InlineData(new byte[] { 33, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0 })]
    public void Malformed_wifi_is_refused_and_not_tried(byte[] data)
    {
        Ask(ImprovFrame.SendWifi, data);
        Assert.Equal([(ImprovFrame.ErrorState, "01")], Sent());
        Assert.Null(_tried);
    }

    [Fact]
    public void Unknown_commands_are_told()
    {
        Ask(0x42);
        Assert.Equal([(ImprovFrame.ErrorState, "02")], Sent());
    }

    [Fact]
    public void A_wrong_checksum_is_told_and_the_next_frame_is_read()
    {
        byte[] frame = Frame(ImprovFrame.RequestState, []);
        frame[^2]++;
        _responder.Feed([.. frame, .. Frame(ImprovFrame.RequestState, [])], 0, frame.Length * 2, 0);
        Assert.Equal([(ImprovFrame.ErrorState, "01"), (ImprovFrame.CurrentState, "02")], Sent());
    }

    [Fact]
    public void A_frame_that_stops_in_its_middle_does_not_eat_the_next()
    {
        byte[] frame = Frame(ImprovFrame.RequestState, []);
        _responder.Feed(frame, 0, 9, 0);
        _responder.Feed(frame, 0, frame.Length, ImprovResponder.FrameMs + 1);
        Assert.Equal([(ImprovFrame.CurrentState, "02")], Sent());
    }

    [Fact]
    public void Files_come_in_pieces()
    {
        Ask(ImprovFrame.WriteFile, [8, .. "thing.cf"u8, 0, 0, .. "thing="u8]);
        Ask(ImprovFrame.WriteFile, [8, .. "thing.cf"u8, 0, 6, .. "lamp"u8]);
        Assert.Equal("thing=lamp", Encoding.ASCII.GetString([.. _files["thing.cf"]]));
        Assert.Equal(["6"], Strings(0, ImprovFrame.WriteFile));
        Assert.Equal(["10"], Strings(1, ImprovFrame.WriteFile));
        Ask(ImprovFrame.WriteFile, [6, .. "passwd"u8, 0, 0, .. "x"u8]);
        Assert.Equal((ImprovFrame.ErrorState, "FF"), Sent()[2]);
        Ask(ImprovFrame.Restart);
        Assert.Empty(Strings(3, ImprovFrame.Restart));
        Assert.True(_restarted);
    }

    [Fact]
    public void Names_that_do_not_fit_are_cut_between_characters()
    {
        Name = new string('é', 300);
        Ask(ImprovFrame.RequestInfo);
        string name = Strings(0, ImprovFrame.RequestInfo)[3];
        Assert.InRange(name.Length, 100, 127);
        Assert.DoesNotContain('\uFFFD', name);
    }

    /// <summary>Whatever stands between frames and however the bytes are split, every frame is found.</summary>
    [Fact]
    public void Frames_are_found_in_any_stream() => FsCheck.Check.QuickThrowOnFailure(Prop.ForAll<byte[]>(noise =>
    {
        // Noise without the first letter cannot look like a beginning that swallows what follows.
        byte[] clean = [.. noise.Where(b => b != 'I')];
        var reader = new ImprovReader();
        int found = 0;
        foreach (byte b in (byte[])[.. clean, .. "IIMPIMPRO"u8, .. Frame(ImprovFrame.RequestInfo, []), .. clean, .. Frame(ImprovFrame.RequestState, [])])
        {
            found += reader.Take(b) ? 1 : 0;
        }

        return found == 2 && reader.Dropped == 0;
    }));

    string[][] IImprovBoard.Scan() => [["Home", "-55", "YES"], ["Café", "-80", "NO"]];

    void IImprovBoard.Connect(string ssid, string password) => _tried = (ssid, password);

    bool IImprovBoard.WriteFile(string name, int at, byte[] buffer, int offset, int count)
    {
        if (name != "thing.cf")
        {
            return false;
        }

        if (at == 0)
        {
            _files[name] = [];
        }

        _files[name].AddRange(buffer.AsSpan(offset, count).ToArray());
        return _files[name].Count == at + count;
    }

    void IImprovBoard.Restart() => _restarted = true;

    void IImprovLine.Send(byte[] buffer, int offset, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (_reader.Take(buffer[offset + i]))
            {
                _sent.Add((_reader.Type, _reader.Buffer.AsSpan(_reader.Offset, _reader.Count).ToArray()));
            }
        }
    }

    private static byte[] Frame(byte command, byte[] data)
    {
        byte[] target = new byte[ImprovFrame.MaxBytes];
        return target[..ImprovFrame.Write(ImprovFrame.Rpc, [command, (byte)data.Length, .. data], data.Length + 2, target)];
    }

    private void Ask(byte command, byte[]? data = null)
    {
        byte[] frame = Frame(command, data ?? []);
        _responder.Feed(frame, 0, frame.Length, 0);
    }

    private List<(byte Type, string Data)> Sent() => [.. _sent.Select(s => (s.Type, Convert.ToHexString(s.Data)))];

    private string[] Strings(int index, byte command)
    {
        (byte type, byte[] data) = _sent[index];
        Assert.Equal(ImprovFrame.RpcResult, type);
        Assert.Equal(command, data[0]);
        Assert.Equal(data.Length - 2, data[1]);
        var found = new List<string>();
        for (int at = 2; at < data.Length; at += data[at] + 1)
        {
            found.Add(Encoding.UTF8.GetString(data, at + 1, data[at]));
        }

        return [.. found];
    }
}
