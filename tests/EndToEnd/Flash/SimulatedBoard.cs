using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IotXmpp.Esp32;
using IotXmpp.TestKit;
using IotXmpp.Virtual;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>
/// A board at the end of a pseudo-terminal. The fake nanoff writes to its folder what the real one writes to a chip; a press on its reset button starts a virtual ESP32 with just
/// those files: the application of the real board, over real sockets. What it says goes out by the cable.
/// </summary>
public sealed class SimulatedBoard : IAsyncDisposable
{
    /// <summary>Where the partition <c>deploy</c> lies, as the runtimes' partition tables have it: an application elsewhere is not found.</summary>
    private static readonly Dictionary<string, string> s_deploy = new() { ["ESP32"] = "0x1E0000", ["ESP32-S3"] = "0x1B0000", ["ESP32-C3"] = "0x1B0000" };

    private readonly TempFolder _folder = new("board");
    private readonly string _chip;
    private CancellationTokenSource? _off;
    private Task? _life;

    /// <summary>A board that was never flashed.</summary>
    /// <param name="chip">Its chip, as nanoff names it.</param>
    public SimulatedBoard(string chip = "ESP32-S3") => _chip = chip;

    /// <summary>Its cable.</summary>
    public PseudoTerminal Cable { get; } = new();

    /// <summary>The access point in the air.</summary>
    public (string Ssid, string Password) Air { get; set; } = ("home", "home secret");

    /// <summary>The clock that the board lives by.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>The present life; null before the first.</summary>
    public Esp32Host? Host { get; private set; }

    /// <summary>The calls of nanoff, but for those that ask its version.</summary>
    public string[] Calls => File.Exists(_folder.File("calls.txt")) ? File.ReadAllLines(_folder.File("calls.txt")) : [];

    /// <summary>What nanoff has written, by name.</summary>
    public string[] Written => [.. Directory.EnumerateFiles(_folder.Path).Select(f => Path.GetFileName(f)!).Where(f => f != "calls.txt").Order(StringComparer.Ordinal)];

    /// <summary>The variables by which the fake nanoff finds it.</summary>
    public Dictionary<string, string?> Environment(string version = "2.5.98", string? fault = null) => new()
    {
        ["FAKE_NANOFF_BOARD"] = _folder.Path,
        ["FAKE_NANOFF_CHIP"] = _chip,
        ["FAKE_NANOFF_VERSION"] = version,
        ["FAKE_NANOFF_FAULT"] = fault,
    };

    /// <summary>A file that nanoff has written; null when it has not.</summary>
    public byte[]? Read(string name) => File.Exists(_folder.File(name)) ? File.ReadAllBytes(_folder.File(name)) : null;

    /// <summary>Presses the reset button: what runs ends, and the board starts with what is on its flash.</summary>
    public async Task ResetAsync()
    {
        await OffAsync();
        Cable.Write(Encoding.ASCII.GetBytes("ESP-ROM:esp32\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"));
        if (Read("runtime") is null || Read("app-" + s_deploy[_chip]) is null)
        {
            Cable.WriteLine("no application in the deployment partition");
            return;
        }

        _off = new CancellationTokenSource();
        Host = Make();
        _life = Host.RunAsync(_off.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await OffAsync();
        Cable.Dispose();
        _folder.Dispose();
    }

    private Esp32Host Make()
    {
        BoardConfig? config = BoardConfig.Parse(Read("thing.conf"), out _);
        byte[] authority = Read("ca.pem") ?? [];
        // The TLS library of the board takes no PEM without its closing NUL.
        bool isWhole = authority is [.., 0];
        var authorities = new X509Certificate2Collection();
        if (isWhole)
        {
            authorities.ImportFromPem(Encoding.ASCII.GetString(authority.AsSpan(0, authority.Length - 1)));
        }

        var host = new Esp32Host(config?.Parts is { Length: > 0 } parts ? VirtualKind.Find(parts) : VirtualKind.Bare, authorities, Time);
        host.Board.NoTransport = isWhole ? null : "I:\\ca.pem lacks its closing NUL";
        foreach (string name in (string[])["thing.conf", "thing.key", "ca.pem"])
        {
            if (Read(name) is { } bytes)
            {
                host.Board.Flash.TryWrite("I:\\" + name, bytes);
            }
        }

        string[] wifi = Encoding.UTF8.GetString(Read("wifi") ?? "\n\n"u8.ToArray()).Split('\n');
        (host.Radio.FlashedSsid, host.Radio.FlashedPassword) = (wifi[0], wifi[2] == "None" ? string.Empty : wifi[1]);
        (host.Radio.AirSsid, host.Radio.AirPassword) = Air;
        host.Board.Said += Cable.WriteLine;
        return host;
    }

    private async Task OffAsync()
    {
        if (_off is not null)
        {
            await _off.CancelAsync();
            await _life!;
            _off.Dispose();
            Host!.Dispose();
            _off = null;
        }
    }
}

/// <summary>The system's clock for somebody in a hurry: its timestamps and timers go faster, its time of day does not.</summary>
/// <param name="times">How much faster.</param>
public sealed class HurriedTime(int times) : TimeProvider
{
    /// <inheritdoc/>
    public override long GetTimestamp() => System.GetTimestamp() * times;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{times} times as fast");

    private TimeSpan Shorter(TimeSpan span) => span == Timeout.InfiniteTimeSpan ? span : span / times;
}
