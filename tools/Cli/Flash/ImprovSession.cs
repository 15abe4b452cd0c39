using System.Globalization;
using System.Text;
using IotXmpp.Cli.Serial;
using IotXmpp.Esp32.Improv;

namespace IotXmpp.Cli.Flash;

/// <summary>What a board said of itself by Improv.</summary>
internal sealed record ImprovInfo(string Firmware, string Version, string Chip, string Name);

/// <summary>A network that a board sees.</summary>
internal sealed record ImprovNetwork(string Ssid, int Dbm, bool NeedsPassword);

/// <summary>The tool's side of Improv Wi-Fi over a serial line. One command at a time.</summary>
/// <param name="port">The line.</param>
/// <param name="time">The clock.</param>
internal sealed class ImprovClient(ISerialPort port, TimeProvider time)
{
    /// <summary>How long an answer may take. Default 5 s; a scan and a try to connect have <see cref="LongLimit"/>.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    /// <summary>How long a scan, or a try to connect, may take. Default 30 s: boards give up after 20.</summary>
    public static readonly TimeSpan LongLimit = TimeSpan.FromSeconds(30);

    private readonly ImprovReader _reader = new();
    private readonly Queue<(byte Type, byte[] Data)> _frames = new();
    private readonly byte[] _buffer = new byte[1024];

    /// <summary>The board's state; the board may still be starting, so it is asked a few times.</summary>
    /// <exception cref="CliException">Nobody answers.</exception>
    public async Task<byte> StateAsync(CancellationToken cancel)
    {
        for (int tries = 0; tries < 4; tries++)
        {
            await SendAsync(ImprovFrame.RequestState, [], cancel);
            try
            {
                return await ReadAsync(f => f.Type == ImprovFrame.CurrentState && f.Data.Length == 1 ? f.Data[0] : (byte?)null, TimeSpan.FromSeconds(1.5), cancel);
            }
            catch (TimeoutException)
            {
                // Once more.
            }
        }

        throw new CliException(
            ExitCode.TimedOut, $"no board answers to Improv at {port.Name}: it speaks it on its second UART, not on the port that it is flashed by (firmware/Esp32/Improv/README.md says where); without that port use --settings-only");
    }

    /// <summary>What the board is.</summary>
    public async Task<ImprovInfo> InfoAsync(CancellationToken cancel)
    {
        string[] s = await CallAsync(ImprovFrame.RequestInfo, [], AnswerLimit, cancel);
        return s.Length >= 4 ? new ImprovInfo(s[0], s[1], s[2], s[3]) : throw Malformed();
    }

    /// <summary>The networks that it sees.</summary>
    public async Task<IReadOnlyList<ImprovNetwork>> NetworksAsync(CancellationToken cancel)
    {
        await SendAsync(ImprovFrame.RequestNetworks, [], cancel);
        var networks = new List<ImprovNetwork>();
        for (; ; )
        {
            string[] s = await ResultAsync(ImprovFrame.RequestNetworks, LongLimit, cancel);
            if (s.Length == 0)
            {
                return networks;
            }

            networks.Add(s.Length >= 3 && int.TryParse(s[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int dbm) ? new ImprovNetwork(s[0], dbm, s[2] != "NO") : throw Malformed());
        }
    }

    /// <summary>Gives it Wi-Fi settings and waits until they work.</summary>
    /// <returns>The URL that it says to go on at; "" for none.</returns>
    public async Task<string> WifiAsync(string ssid, string password, CancellationToken cancel)
    {
        byte[] name = Encoding.UTF8.GetBytes(ssid);
        byte[] secret = Encoding.UTF8.GetBytes(password);
        string[] urls = await CallAsync(ImprovFrame.SendWifi, [(byte)name.Length, .. name, (byte)secret.Length, .. secret], LongLimit, cancel);
        return urls.Length > 0 ? urls[0] : string.Empty;
    }

    /// <summary>Writes a file in pieces.</summary>
    public async Task WriteFileAsync(string name, byte[] bytes, CancellationToken cancel)
    {
        byte[] encoded = Encoding.ASCII.GetBytes(name);
        for (int at = 0; at < bytes.Length; at += ImprovFrame.FileBytes)
        {
            int count = Math.Min(ImprovFrame.FileBytes, bytes.Length - at);
            string[] end = await CallAsync(ImprovFrame.WriteFile, [(byte)encoded.Length, .. encoded, (byte)(at >> 8), (byte)at, .. bytes.AsSpan(at, count)], AnswerLimit, cancel);
            if (end.Length != 1 || end[0] != (at + count).ToString(CultureInfo.InvariantCulture))
            {
                throw Malformed();
            }
        }
    }

    /// <summary>Restarts the board.</summary>
    public Task RestartAsync(CancellationToken cancel) => CallAsync(ImprovFrame.Restart, [], AnswerLimit, cancel);

    private async Task<string[]> CallAsync(byte command, byte[] data, TimeSpan limit, CancellationToken cancel)
    {
        await SendAsync(command, data, cancel);
        return await ResultAsync(command, limit, cancel);
    }

    private async Task SendAsync(byte command, byte[] data, CancellationToken cancel)
    {
        byte[] frame = new byte[ImprovFrame.MaxBytes];
        byte[] rpc = [command, (byte)data.Length, .. data];
        await port.WriteAsync(frame.AsMemory(0, ImprovFrame.Write(ImprovFrame.Rpc, rpc, rpc.Length, frame)), cancel);
    }

    private async Task<string[]> ResultAsync(byte command, TimeSpan limit, CancellationToken cancel)
    {
        try
        {
            return await ReadAsync(frame => frame switch
            {
                (ImprovFrame.ErrorState, [not ImprovFrame.NoError]) => throw Refused(command, frame.Data[0]),
                (ImprovFrame.RpcResult, [var of, ..]) when of == command => Strings(frame.Data),
                _ => null,
            }, limit, cancel);
        }
        catch (TimeoutException)
        {
            throw new CliException(ExitCode.TimedOut, $"the board at {port.Name} stopped answering (Improv, command {command}); press its reset button and try again");
        }
    }

    private async Task<T> ReadAsync<T>(Func<(byte Type, byte[] Data), T?> take, TimeSpan limit, CancellationToken cancel)
        where T : struct
    {
        object? found = await ReadAsync(frame => (object?)take(frame), limit, cancel);
        return (T)found;
    }

    private async Task<T> ReadAsync<T>(Func<(byte Type, byte[] Data), T?> take, TimeSpan limit, CancellationToken cancel)
        where T : class
    {
        using var timed = new CancellationTokenSource(limit, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel, timed.Token);
        for (; ; )
        {
            while (_frames.TryDequeue(out (byte Type, byte[] Data) frame))
            {
                if (take(frame) is { } found)
                {
                    return found;
                }
            }

            int count;
            try
            {
                count = await port.ReadAsync(_buffer, end.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new TimeoutException("no answer");
            }

            if (count == 0)
            {
                throw new CliException(ExitCode.Failed, $"{port.Name} is gone in the middle of it; plug the board in again and run the same command");
            }

            for (int i = 0; i < count; i++)
            {
                if (_reader.Take(_buffer[i]))
                {
                    _frames.Enqueue((_reader.Type, _reader.Buffer.AsSpan(_reader.Offset, _reader.Count).ToArray()));
                }
            }
        }
    }

    private CliException Refused(byte command, byte error) => (command, error) switch
    {
        (_, ImprovFrame.UnableToConnect) => new CliException(ExitCode.Failed, "the board cannot get into the Wi-Fi: the password is wrong, or the network is not in reach (2.4 GHz only); run the same command again"),
        (ImprovFrame.WriteFile or ImprovFrame.Restart, ImprovFrame.UnknownRpc) => new CliException(ExitCode.Failed, $"the board at {port.Name} speaks Improv and is none of IotXmpp's; flash it first"),
        (ImprovFrame.WriteFile, _) => new CliException(ExitCode.Failed, "the board does not take the file: its flash is full or broken; flash it again"),
        _ => new CliException(ExitCode.Failed, $"the board at {port.Name} refuses (Improv, command {command}, error {error})"),
    };

    private CliException Malformed() => new(ExitCode.Failed, $"the board at {port.Name} does not answer as Improv says");

    private string[] Strings(byte[] data)
    {
        var strings = new List<string>();
        for (int at = 2; at < data.Length; at += data[at] + 1)
        {
            strings.Add(at + 1 + data[at] <= data.Length ? Encoding.UTF8.GetString(data, at + 1, data[at]) : throw Malformed());
        }

        return [.. strings];
    }
}

/// <summary>Settings by Improv: for a board that the browser has flashed.</summary>
internal static class ImprovSession
{
    /// <summary>Writes files and Wi-Fi settings, and restarts the board.</summary>
    /// <param name="wish">What is wanted.</param>
    /// <param name="files">The files.</param>
    /// <param name="step">Is told each step.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task SettleAsync(FlashWish wish, BoardFiles files, Action<string, string> step, CancellationToken cancel)
    {
        using ISerialPort port = SerialPorts.Open(wish.Port);
        var client = new ImprovClient(port, TimeProvider.System);
        await client.StateAsync(cancel);
        ImprovInfo info = await client.InfoAsync(cancel);
        if (info.Chip != wish.Board.Nano!.ChipFamily)
        {
            throw new CliException(ExitCode.Failed, $"the board at {wish.Port} has an {info.Chip}, and {wish.Board.Board} an {wish.Board.Nano!.ChipFamily}; --board names the right one");
        }

        step("board", $"{info.Firmware} {info.Version} on {info.Chip}");
        IReadOnlyList<ImprovNetwork> networks = await client.NetworksAsync(cancel);
        if (networks.Count > 0 && networks.All(n => n.Ssid != wish.Ssid))
        {
            throw new CliException(
                ExitCode.Failed, $"the board does not see the Wi-Fi {wish.Ssid}; it sees {string.Join(", ", networks.OrderByDescending(n => n.Dbm).Take(6).Select(n => $"{n.Ssid} ({n.Dbm} dBm)"))}; give one with --wifi");
        }

        foreach ((string destination, byte[] bytes) in files.All)
        {
            await client.WriteFileAsync(destination[(destination.LastIndexOf('\\') + 1)..], bytes, cancel);
        }

        step("settings", $"{string.Join(", ", files.All.Select(f => f.Destination))} written");
        string url = await client.WifiAsync(wish.Ssid, wish.Password, cancel);
        step("wi-fi", $"in {wish.Ssid}{(url.Length > 0 ? $"; go on at {url}" : string.Empty)}");
        await client.RestartAsync(cancel);
    }
}
