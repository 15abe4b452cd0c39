using System.Text.Json.Nodes;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>A command of <c>urn:iotxmpp:command:1</c> as the hub tells it.</summary>
/// <param name="Element">The element.</param>
internal sealed record CommandView(Element Element)
{
    private static readonly string[] Ends = ["done", "failed", "expired", "cancelled"];

    /// <summary>Its id.</summary>
    public string Id => Element.Attribute("id") ?? string.Empty;

    /// <summary>How it stands.</summary>
    public string State => Element.Attribute("state") ?? string.Empty;

    /// <summary>Whether nothing will become of it any more.</summary>
    public bool IsEnded => Array.IndexOf(Ends, State) >= 0;

    /// <summary>What is set, or the ad-hoc command that was run.</summary>
    public string What => Element.Attribute("node") is { Length: > 0 } node ? $"command {node}" : ParameterWords.Text(Element.Child(Ns.Control, "set"));

    /// <summary>Why it failed, for people; empty where it did not.</summary>
    public string Why
    {
        get
        {
            Element? end = Element.Child(Ns.Command, State);
            string condition = end?.Attribute("condition") ?? string.Empty;
            string text = end?.Text ?? string.Empty;
            return condition.Length > 0 && text.Length > 0 ? $"{condition}: {text}" : condition + text;
        }
    }

    /// <summary>The exit code that its end means.</summary>
    public int Code => State switch
    {
        "done" or "queued" or "sent" => ExitCode.Ok,
        "expired" => ExitCode.TimedOut,
        _ => ExitCode.Failed,
    };

    /// <summary>How to show its state.</summary>
    public string? Style => State switch
    {
        "done" => "green",
        "failed" or "expired" => "red",
        "cancelled" => "dim",
        _ => "yellow",
    };

    /// <summary>When something became of it; null where it did not.</summary>
    public DateTimeOffset? At(string state) => ThingView.TryTime(Element.Child(Ns.Command, state)?.Attribute("at"), out DateTimeOffset at) ? at : null;

    /// <summary>For programs.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["event"] = "command" };
        foreach (string name in (string[])["id", "thing", "by", "state", "way", "expires", "key", "batch", "node"])
        {
            if (Element.Attribute(name) is { } value)
            {
                json[name] = value;
            }
        }

        foreach (string state in (string[])["queued", "sent", "done", "failed", "expired", "cancelled"])
        {
            if (Element.Child(Ns.Command, state) is { } step)
            {
                json[state == "expired" ? "expiredAt" : state] = step.Attribute("at");
            }
        }

        if (Element.Child(Ns.Command, "sent")?.Attribute("attempts") is { } attempts && int.TryParse(attempts, out int number))
        {
            json["attempts"] = number;
        }

        if (Why.Length > 0)
        {
            json["error"] = Why;
        }

        var set = new JsonObject();
        foreach (Element parameter in Element.Child(Ns.Control, "set")?.Children() ?? [])
        {
            set[parameter.Attribute("name") ?? "?"] = parameter.Attribute("secret") == "true" ? null : parameter.Attribute("value");
        }

        json["set"] = set;
        return json;
    }

    /// <summary>One line of a table.</summary>
    public (string Text, string? Style)[] Row(DateTimeOffset now) =>
    [
        (At("queued") is { } at ? Words.Moment(at, now) : string.Empty, "dim"), (Element.Attribute("thing") ?? string.Empty, "bold"), (Element.Attribute("by") ?? string.Empty, null), (What, null), (State, Style), (Why, "dim"), (Id, "dim"),
    ];
}
