using IotXmpp.Cli.Monitor;
using IotXmpp.Cli.Serial;
using IotXmpp.Esp32;

namespace IotXmpp.Cli.Flash;

/// <summary>
/// Listens to a board's own report after a flash and judges it: some events mean that it will never come online. Thread-safe for one feeder and one who asks.
/// </summary>
/// <param name="wish">What was flashed.</param>
/// <param name="hub">The hub as the board was told.</param>
/// <param name="report">Is told each event in words.</param>
internal sealed class BoardWatch(FlashWish wish, HubAddress hub, Action<string, string?> report)
{
    /// <summary>Refusals after which the Wi-Fi is wrong. Default 2: a first one may be a busy access point.</summary>
    public const int WifiTries = 2;

    /// <summary>Tries after which the hub is out of reach. Default 2: the first may have met a network that was just coming up, and the client's back-off makes the second within a second or two.</summary>
    public const int HubTries = 2;

    private readonly SerialDecoder _decoder = new();
    private readonly TaskCompletionSource<CliException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _wifiRefused;
    private int _hubTries;
    private string? _hubReason;

    /// <summary>Completes when the board will not come online, with what is to be told.</summary>
    public Task<CliException> Failed => _failed.Task;

    /// <summary>The last that is known, for people.</summary>
    public string Last { get; private set; } = "it has said nothing on the serial line: is the firmware on it, and did it restart (reset button)?";

    /// <summary>Listens to a port until it is cancelled; a port that goes away, because the chip's own USB restarts with it, is opened again.</summary>
    /// <param name="port">The open port; it is closed at the end.</param>
    /// <param name="open">Opens it again.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">The end.</param>
    public async Task ListenAsync(ISerialPort port, Func<ISerialPort> open, TimeProvider time, CancellationToken cancel)
    {
        byte[] buffer = new byte[4096];
        ISerialPort? at = port;
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                int count = at is null ? 0 : await at.ReadAsync(buffer, cancel);
                if (count > 0)
                {
                    Feed(buffer.AsSpan(0, count));
                    continue;
                }

                at?.Dispose();
                at = null;
                await Task.Delay(TimeSpan.FromMilliseconds(250), time, cancel);
                try
                {
                    at = open();
                }
                catch (CliException)
                {
                    // Not yet back; the whole wait has its bound.
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The wait is over.
        }
        finally
        {
            at?.Dispose();
        }
    }

    /// <summary>Takes bytes that the board has sent.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        foreach (SerialItem item in _decoder.Feed(bytes))
        {
            if (item is SerialItem.Line { Text: var text } && SerialReportLine.Parse(text) is { } line && line.Event != SerialReport.Stanza)
            {
                Take(line);
            }
        }
    }

    private void Take(SerialReportLine line)
    {
        (string words, string? style) = BoardEvents.Describe(line);
        Last = words;
        report(words, style);
        switch (line.Event)
        {
            case SerialReport.WifiRefused when ++_wifiRefused >= WifiTries:
                Fail(ExitCode.Failed, $"the board cannot get into the Wi-Fi: {BoardEvents.Wifi(line)}; {WifiAdvice(line["reason"])} by the same command with --settings-only");
                break;
            case SerialReport.WifiUp:
                _wifiRefused = 0;
                break;
            case SerialReport.HubUnreachable:
                // The board tells a reason once, and each try: what has failed twice is seen when the next try begins.
                _hubReason = line["reason"];
                break;
            case SerialReport.HubConnecting when _hubReason is not null && ++_hubTries >= HubTries:
                Fail(
                    ExitCode.Unreachable,
                    $"the board is in the Wi-Fi {wish.Ssid} and cannot reach the hub at {hub} from there ({_hubReason}): is the hub in that network, does it listen there (--c2s-tls '*:{hub.Port}'), does a firewall let the port in? Give another address with --hub-address and --settings-only");
                break;
            case SerialReport.HubUntrusted:
                Fail(ExitCode.Failed, $"the board does not trust the hub's certificate ({line["reason"]}): is --ca the authority of the hub at {hub}, and does its certificate name the domain? Give the right one with --ca and --settings-only");
                break;
            case SerialReport.HubRefused:
                Fail(ExitCode.Failed, $"the hub does not take the board's keys ({line["reason"]}); make new ones by the same command with --settings-only");
                break;
            // An unknown setting is passed over by the board; the others are why it stops.
            case SerialReport.BadSettings when !line["reason"].Contains("there is no setting", StringComparison.Ordinal):
                Fail(ExitCode.Failed, $"the board does not take its settings: {line["reason"]}; write them again by the same command with --settings-only");
                break;
            case SerialReport.Online:
                _hubTries = 0;
                _hubReason = null;
                break;
        }
    }

    private string WifiAdvice(string reason) => reason switch
    {
        "not-found" => $"move it nearer, or write another network (--wifi is \"{wish.Ssid}\" now)",
        "no-address" => "look at the access point's DHCP, then write the settings again",
        _ => "write the password again",
    };

    private void Fail(int code, string message) => _failed.TrySetResult(new CliException(code, message));
}
