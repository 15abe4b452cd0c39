using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;

namespace IotXmpp.Cli.Output;

/// <summary>What happens, as it happens: one line an event, until it is closed.</summary>
internal sealed class LiveView(Screen screen)
{
    private const int NameWidth = 14;
    private readonly Lock _gate = new();
    private bool _closed;
    private bool _wasOnline;

    /// <summary>Nothing is shown any more: what the command writes next comes after all events.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>A thing's presence has changed.</summary>
    public void Presence(ThingView thing)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string details = thing.Details();
        Show(
            () => thing.ToJson("presence"),
            ($"{Words.Clock(now)}  ", "dim"), (thing.Id.PadRight(NameWidth), "bold"), ("  ", null), (thing.StateText(now), thing.Style), (details.Length > 0 ? $"  {details}" : string.Empty, null));
    }

    /// <summary>A sample has come.</summary>
    public void Sample(string thing, ThingSample sample)
    {
        string node = sample.Node.Length > 0 && sample.Node != thing ? $"{sample.Node}: " : string.Empty;
        Show(() => sample.ToJson("sample", thing), ($"{Words.Clock(sample.Time)}  ", "dim"), (thing.PadRight(NameWidth), "bold"), ("  ", null), (node + sample.Text, "cyan"));
    }

    /// <summary>A thing has been told to do something.</summary>
    public void Command(string thing, string from, string parameter, string value, string? error)
    {
        Show(
            () => new JsonObject
            {
                ["event"] = "command",
                ["thing"] = thing,
                ["from"] = from,
                ["parameter"] = parameter,
                ["value"] = value,
                ["outcome"] = error is null ? "done" : "refused",
                ["error"] = error,
            },
            ($"{Words.Clock(DateTimeOffset.UtcNow)}  ", "dim"), (thing.PadRight(NameWidth), "bold"), ($"  {parameter}={value} by {from} ", "magenta"), (error is null ? "done" : $"refused: {error}", error is null ? "green" : "red"));
    }

    /// <summary>A remark.</summary>
    public void Note(string text, string? style = null)
    {
        Show(() => new JsonObject { ["event"] = "note", ["text"] = text }, ($"{Words.Clock(DateTimeOffset.UtcNow)}  ", "dim"), (text, style));
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

    private void Show(Func<JsonObject> json, params (string Text, string? Style)[] line)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                screen.Json(json);
                screen.Line(line);
            }
        }
    }
}
