using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;

namespace IotXmpp.Cli.Output;

/// <summary>What happens, as it happens: one line an event.</summary>
internal sealed class LiveView(Screen screen)
{
    private const int NameWidth = 14;
    private bool _wasOnline;

    /// <summary>A thing's presence has changed.</summary>
    public void Presence(ThingView thing)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        screen.Json(() => thing.ToJson("presence"));
        string details = thing.Details();
        screen.Line(
            ($"{Words.Clock(now)}  ", "dim"), (thing.Id.PadRight(NameWidth), "bold"), ("  ", null), (thing.StateText(now), thing.Style), (details.Length > 0 ? $"  {details}" : string.Empty, null));
    }

    /// <summary>A sample has come.</summary>
    public void Sample(string thing, ThingSample sample)
    {
        screen.Json(() => sample.ToJson("sample", thing));
        string node = sample.Node.Length > 0 && sample.Node != thing ? $"{sample.Node}: " : string.Empty;
        screen.Line(($"{Words.Clock(sample.Time)}  ", "dim"), (thing.PadRight(NameWidth), "bold"), ("  ", null), (node + sample.Text, "cyan"));
    }

    /// <summary>A thing has been told to do something.</summary>
    public void Command(string thing, string from, string parameter, string value, string? error)
    {
        screen.Json(() => new JsonObject
        {
            ["event"] = "command",
            ["thing"] = thing,
            ["from"] = from,
            ["parameter"] = parameter,
            ["value"] = value,
            ["outcome"] = error is null ? "done" : "refused",
            ["error"] = error,
        });
        screen.Line(
            ($"{Words.Clock(DateTimeOffset.UtcNow)}  ", "dim"), (thing.PadRight(NameWidth), "bold"), ($"  {parameter}={value} by {from} ", "magenta"), (error is null ? "done" : $"refused: {error}", error is null ? "green" : "red"));
    }

    /// <summary>A remark.</summary>
    public void Note(string text, string? style = null)
    {
        screen.Json(() => new JsonObject { ["event"] = "note", ["text"] = text });
        screen.Line(($"{Words.Clock(DateTimeOffset.UtcNow)}  ", "dim"), (text, style));
    }

    /// <summary>A session is there; only one after a loss is worth a line.</summary>
    public void Reconnected(bool resumed)
    {
        if (_wasOnline)
        {
            Note(resumed ? "connected again, nothing was missed" : "connected again", "green");
        }

        _wasOnline = true;
    }
}
