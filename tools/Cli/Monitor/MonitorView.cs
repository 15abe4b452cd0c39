using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Output;
using IotXmpp.Esp32;
using IotXmpp.Esp32.Improv;
using IotXmpp.Hub.Features.Sniffer;

namespace IotXmpp.Cli.Monitor;

/// <summary>Shows what a board says: its own report in words, its stanzas with direction, size and meaning, everything else as it came.</summary>
/// <param name="screen">Where.</param>
/// <param name="time">The clock; null leaves times away (a recorded file has none).</param>
/// <param name="raw">Whether lines are shown as they came.</param>
internal sealed class MonitorView(Screen screen, TimeProvider? time, bool raw)
{
    private const int ThingWidth = 14;
    private const int KindWidth = 12;

    private string _thing = "board";

    /// <summary>Shows one thing that came.</summary>
    public void Show(SerialItem item)
    {
        switch (item)
        {
            case SerialItem.Line { Text: var text }:
                if (SerialReportLine.Parse(text) is { } report && !raw)
                {
                    Report(report);
                }
                else
                {
                    screen.Json(() => Stamp(new JsonObject { ["event"] = "line", ["text"] = text }));
                    screen.Line((Clock(), "dim"), (text, raw ? null : "dim"));
                }

                break;
            case SerialItem.Improv { Type: var type, Data: var data }:
                string words = ImprovWords(type, data);
                screen.Json(() => Stamp(new JsonObject { ["event"] = "improv", ["type"] = type, ["text"] = words }));
                screen.Line((Clock(), "dim"), ($"Improv: {words}", "magenta"));
                break;
            case SerialItem.Packet { Command: var command, Bytes: var bytes }:
                screen.Json(() => Stamp(new JsonObject { ["event"] = "packet", ["command"] = command, ["bytes"] = bytes }));
                if (raw)
                {
                    screen.Line((Clock(), "dim"), ($"wire protocol: command 0x{command:X8}, {bytes} bytes", "dim"));
                }

                break;
        }
    }

    private void Report(SerialReportLine report)
    {
        if (report.Event == SerialReport.Started && report["thing"].Length > 0)
        {
            _thing = report["thing"];
        }

        if (report.Event == SerialReport.Stanza)
        {
            StanzaMeaning meaning = StanzaMeaning.Of(report["xml"]);
            bool outgoing = report["dir"] == "out";
            int bytes = int.TryParse(report["bytes"], NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0;
            screen.Json(() => Stamp(new JsonObject
            {
                ["event"] = "stanza",
                ["thing"] = _thing,
                ["direction"] = outgoing ? "out" : "in",
                ["bytes"] = bytes,
                ["stanza"] = meaning.Kind,
                ["meaning"] = meaning.Meaning,
                ["xml"] = report["xml"],
            }));
            screen.Line(
                (Clock(), "dim"), (_thing.PadRight(ThingWidth), "bold"), (outgoing ? "  → hub " : "  ← hub ", outgoing ? "cyan" : "magenta"), ($"{bytes,5} B  ", "dim"),
                (meaning.Kind.PadRight(KindWidth), null), ("  " + meaning.Meaning, outgoing ? "cyan" : "magenta"));
            return;
        }

        (string text, string? style) = BoardEvents.Describe(report);
        screen.Json(() =>
        {
            var json = new JsonObject { ["event"] = report.Event, ["thing"] = _thing };
            foreach ((string name, string value) in report.Values)
            {
                json.TryAdd(name, value);
            }

            return Stamp(json);
        });
        screen.Line((Clock(), "dim"), (_thing.PadRight(ThingWidth), "bold"), ("  " + text, style));
    }

    private string Clock() => time is null ? string.Empty : Words.Clock(time.GetUtcNow()) + "  ";

    private JsonObject Stamp(JsonObject json)
    {
        if (time is not null)
        {
            json["time"] = Words.Stamp(time.GetUtcNow());
        }

        return json;
    }

    private static string ImprovWords(byte type, byte[] data) => type switch
    {
        ImprovFrame.CurrentState when data.Length > 0 => data[0] switch
        {
            ImprovFrame.Stopped => "not to be had now",
            ImprovFrame.Ready => "ready for Wi-Fi settings",
            ImprovFrame.Provisioning => "tries the Wi-Fi",
            ImprovFrame.Provisioned => "in the Wi-Fi",
            var other => $"state {other}",
        },
        ImprovFrame.ErrorState when data.Length > 0 => data[0] switch
        {
            ImprovFrame.NoError => "no error",
            ImprovFrame.InvalidRpc => "a malformed command",
            ImprovFrame.UnknownRpc => "an unknown command",
            ImprovFrame.UnableToConnect => "the Wi-Fi settings do not work",
            var other => $"error {other}",
        },
        ImprovFrame.Rpc when data.Length > 0 => $"command {data[0]}",
        ImprovFrame.RpcResult when data.Length > 0 => $"result of command {data[0]}",
        _ => $"frame of type {type}",
    };
}
