using System.Text;
using IotXmpp.Esp32;
using IotXmpp.Esp32.Improv;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>Improv served by the application of the board: from an empty flash to online, and what becomes of wrong settings.</summary>
public sealed class ImprovDoorTests
{
    private readonly ImprovReader _reader = new();

    [Fact]
    public void An_empty_board_gets_files_and_network_by_its_serial_line_and_is_online()
    {
        using var bench = new Esp32Bench(start: false);
        bench.Run.Radio.FlashedSsid = "";
        byte[] conf = ((IBoardFiles)bench.Board.Flash).Read(BoardConfig.Path);
        byte[] key = ((IBoardFiles)bench.Board.Flash).Read(DeviceKey.Path);
        bench.Board.Flash.Delete(BoardConfig.Path);
        bench.Board.Flash.Delete(DeviceKey.Path);
        bench.Run.PowerOn();
        Assert.Equal(BoardState.Unprovisioned, bench.Run.Application!.State);
        Assert.Equal([(ImprovFrame.CurrentState, "02")], Ask(bench, ImprovFrame.RequestState));
        Assert.Contains(Ask(bench, ImprovFrame.RequestInfo), f => f.Data.Contains(Hex("IotXmpp"), StringComparison.Ordinal) && f.Data.Contains(Hex("ESP32"), StringComparison.Ordinal));
        Assert.Contains(Ask(bench, ImprovFrame.RequestNetworks), f => f.Data.Contains(Hex("home"), StringComparison.Ordinal));

        Write(bench, "thing.conf", conf);
        Write(bench, "thing.key", key);
        Assert.Equal(conf, ((IBoardFiles)bench.Board.Flash).Read(BoardConfig.Path));
        Assert.Equal((ImprovFrame.CurrentState, "03"), Ask(bench, ImprovFrame.SendWifi, Wifi("home", "home secret"))[^1]);
        Assert.True(bench.Run.RunUntil(() => bench.Run.Radio.IsConnected, Esp32Bench.Seconds(20)));
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.Contains((ImprovFrame.CurrentState, "04"), Take(bench));

        Ask(bench, ImprovFrame.Restart);
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(30)));
        Assert.Equal(2, bench.Board.Boots);
        Assert.Equal("home", bench.Run.Radio.Ssid);
        // The hub was reached: the door is shut, and its memory given back.
        Assert.False(bench.Board.Line!.IsOpen);
        Assert.DoesNotContain(bench.Board.Serial, line => line.Contains("home secret", StringComparison.Ordinal));
    }

    [Fact]
    public void Network_settings_that_do_not_work_are_refused_and_the_old_ones_hold()
    {
        using var bench = new Esp32Bench(start: false);
        bench.Network.TakeDown();
        bench.Run.PowerOn();
        Assert.True(bench.Run.RunUntil(() => bench.Run.Radio.IsConnected, Esp32Bench.Seconds(20)));
        Ask(bench, ImprovFrame.SendWifi, Wifi("nowhere", "x"));
        bench.Run.RunFor(Esp32Bench.Seconds((ImprovResponder.ConnectMs / 1000) + 1));
        Assert.Contains((ImprovFrame.ErrorState, "03"), Take(bench));
        Assert.True(bench.Run.RunUntil(() => bench.Run.Radio.IsConnected, Esp32Bench.Seconds(20)));
        Assert.Equal("home", bench.Run.Radio.Ssid);
        bench.Network.BringUp();
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
    }

    [Fact]
    public void A_board_that_has_the_wrong_password_gets_the_right_one()
    {
        using var bench = new Esp32Bench(start: false);
        bench.Run.Radio.FlashedPassword = "misspelled";
        bench.Run.PowerOn();
        Assert.False(bench.Run.RunUntil(() => bench.Run.Radio.IsConnected, Esp32Bench.Seconds(100)));
        Ask(bench, ImprovFrame.SendWifi, Wifi("home", "home secret"));
        Assert.True(bench.WaitOnline());
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
    }

    [Theory]
    [InlineData("boot.ini", 0)]
    [InlineData("..\\thing.conf", 0)]
    [InlineData("set_network.0", 0)]
    [InlineData("thing.conf", 4090)]
    [InlineData("thing.conf", 17)]
    public void Other_files_and_pieces_out_of_order_are_refused(string name, int at)
    {
        using var bench = new Esp32Bench(start: false);
        bench.Network.TakeDown();
        bench.Run.PowerOn();
        byte[] before = ((IBoardFiles)bench.Board.Flash).Read(BoardConfig.Path);
        Assert.Equal([(ImprovFrame.ErrorState, "FF")], Ask(bench, ImprovFrame.WriteFile, Piece(name, at, new byte[20])));
        Assert.Equal(before, ((IBoardFiles)bench.Board.Flash).Read(BoardConfig.Path));
    }

    [Theory]
    [InlineData("relay@4", -1)]
    [InlineData("", 13)]
    public void A_line_whose_pins_are_taken_is_not_opened(string parts, int watchdog)
    {
        using var bench = new Esp32Bench(start: false, config: c =>
        {
            c.Parts = parts;
            c.WatchdogPin = watchdog;
        });
        bench.Network.TakeDown();
        bench.Run.PowerOn();
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.Null(bench.Board.Line);
    }

    private static string Hex(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Wifi(string ssid, string password) => [.. Text(ssid), .. Text(password)];

    private static byte[] Piece(string name, int at, byte[] bytes) => [.. Text(name), (byte)(at >> 8), (byte)at, .. bytes];

    private void Write(Esp32Bench bench, string name, byte[] file)
    {
        for (int at = 0; at < file.Length; at += ImprovFrame.FileBytes)
        {
            (byte type, string data) = Assert.Single(Ask(bench, ImprovFrame.WriteFile, Piece(name, at, file[at..Math.Min(file.Length, at + ImprovFrame.FileBytes)])));
            Assert.Equal(ImprovFrame.RpcResult, type);
            Assert.EndsWith(Hex(Math.Min(file.Length, at + ImprovFrame.FileBytes).ToString(System.Globalization.CultureInfo.InvariantCulture)), data, StringComparison.Ordinal);
        }
    }

    private List<(byte Type, string Data)> Ask(Esp32Bench bench, byte command, params byte[] data)
    {
        byte[] rpc = [command, (byte)data.Length, .. data];
        byte[] frame = new byte[ImprovFrame.MaxBytes];
        int length = ImprovFrame.Write(ImprovFrame.Rpc, rpc, rpc.Length, frame);
        // The first step opens the line.
        Assert.True(bench.Run.RunUntil(() => bench.Board.Line is not null, Esp32Bench.Seconds(1)));
        bench.Board.Line!.Write(frame.AsSpan(0, length));
        bench.Run.RunFor(Esp32Bench.Seconds(0.1));
        return Take(bench);
    }

    private List<(byte Type, string Data)> Take(Esp32Bench bench)
    {
        List<(byte Type, string Data)> frames = [];
        foreach (byte b in bench.Board.Line!.Take())
        {
            if (_reader.Take(b))
            {
                frames.Add((_reader.Type, Convert.ToHexString(_reader.Buffer, _reader.Offset, _reader.Count)));
            }
        }

        return frames;
    }
}
