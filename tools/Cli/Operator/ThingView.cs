using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Output;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>What an operator knows of a thing's liveness, from its presence (wire profile, "Presence is liveness").</summary>
internal sealed class ThingView(Jid jid)
{
    /// <summary>How late a sleeping thing may wake before it is overdue: its clock is not exact, and connecting takes its time.</summary>
    public static readonly TimeSpan WakeGrace = TimeSpan.FromSeconds(30);

    /// <summary>The bare JID.</summary>
    public Jid Jid { get; } = jid.Bare;

    /// <summary>The thing's id.</summary>
    public string Id => Jid.Local;

    /// <summary>The id of the gateway that it is behind; null for a thing of its own.</summary>
    public string? Gateway { get; init; }

    /// <summary><c>online</c>, <c>resuming</c>, <c>sleeping</c>, <c>overdue</c>, <c>offline</c> or <c>unknown</c>.</summary>
    public string State { get; private set; } = "unknown";

    /// <summary>Since when; null when nobody says.</summary>
    public DateTimeOffset? Since { get; private set; }

    /// <summary>Why: for an online thing why it started, for another why it is away; null when nobody says.</summary>
    public string? Reason { get; private set; }

    /// <summary>Until when it sleeps.</summary>
    public DateTimeOffset? Until { get; private set; }

    /// <summary>Version of the firmware.</summary>
    public string? Firmware { get; private set; }

    /// <summary>Signal in dBm.</summary>
    public int? Rssi { get; private set; }

    /// <summary>Why it is in safe mode; null when it is not.</summary>
    public string? Safe { get; private set; }

    /// <summary>Samples that were lost before the hub had them, ever; null for none.</summary>
    public int? Dropped { get; private set; }

    /// <summary>Battery in percent.</summary>
    public int? Battery { get; private set; }

    /// <summary>Free heap in bytes.</summary>
    public int? Heap { get; private set; }

    /// <summary>Seconds between signs of life.</summary>
    public int? KeepAlive { get; private set; }

    /// <summary>Whether any presence has been seen.</summary>
    public bool IsKnown => State != "unknown";

    /// <summary>Whether it takes commands now.</summary>
    public bool IsOnline => State == "online";

    /// <summary>Takes a presence of the thing; false when it says nothing of liveness (a subscription, an error).</summary>
    public bool Apply(Element presence, DateTimeOffset now)
    {
        string type = presence.Attribute("type") ?? string.Empty;
        if (type is not "" and not "unavailable")
        {
            return false;
        }

        Element? thing = presence.Child(Ns.Thing, "thing");
        string? stamp = presence.Child(Ns.Delay, "delay")?.Attribute("stamp") ?? thing?.Attribute("since");
        string? status = presence.ChildText("status");
        DateTimeOffset at = TryTime(stamp, out DateTimeOffset told) ? told : now;
        bool wasOnline = IsOnline;
        Until = null;
        if (type.Length == 0)
        {
            State = thing?.Attribute("state") ?? "online";
            // A status update of a thing that was online already does not begin a new time online.
            Since = wasOnline && State == "online" && stamp is null ? Since : at;
            Firmware = thing?.Attribute("fw") ?? Firmware;
            Reason = State == "online" ? thing?.Attribute("boot") ?? Reason : thing?.Attribute("reason");
            Rssi = Number(thing, "rssi");
            Battery = Number(thing, "bat") ?? Battery;
            Safe = thing?.Attribute("safe");
            Dropped = Number(thing, "dropped");
            Heap = Number(thing, "heap");
            KeepAlive = Number(thing, "keepalive");
            return true;
        }

        Since = at;
        Rssi = null;
        Heap = null;
        Reason = thing?.Attribute("reason") ?? (string.IsNullOrEmpty(status) ? null : status);
        State = thing?.Attribute("state") ?? "offline";
        if (presence.Child(Ns.Thing, "sleep") is { } sleep && TryTime(sleep.Attribute("until") ?? string.Empty, out DateTimeOffset until))
        {
            Until = until;
            State = until + WakeGrace < now ? "overdue" : "sleeping";
        }

        return true;
    }

    /// <summary>Takes a last activity (XEP-0012) for a thing that is away and of which no presence came.</summary>
    public void ApplyLast(TimeSpan ago, string? status, DateTimeOffset now)
    {
        State = "offline";
        Since = now - ago;
        Reason = string.IsNullOrEmpty(status) ? null : status;
    }

    /// <summary>Says that it has never been there, or that the hub does not tell.</summary>
    public void ApplyNever(string reason)
    {
        State = "offline";
        Reason = reason;
    }

    /// <summary>State in words: <c>sleeping until 12:00:00</c>.</summary>
    public string StateText(DateTimeOffset now) => Until is { } until ? $"{State} until {Words.Moment(until, now)}" : State;

    /// <summary>The style of the state on a terminal.</summary>
    public string Style => State switch { "online" => "green", "sleeping" => "blue", "resuming" or "overdue" => "yellow", _ => "red" };

    /// <summary>The details of an online thing in a few words.</summary>
    public string Details()
    {
        var parts = new List<string>();
        if (Gateway is not null)
        {
            parts.Add($"via {Gateway}");
        }

        if (Reason is not null)
        {
            parts.Add(IsOnline ? $"started by {Reason}" : Reason);
        }

        if (IsOnline && Firmware is not null)
        {
            parts.Add($"firmware {Firmware}");
        }

        if (Rssi is { } rssi)
        {
            parts.Add($"{rssi} dBm");
        }

        if (IsOnline && Battery is { } battery)
        {
            parts.Add($"battery {battery} %");
        }

        if (IsOnline && Safe is not null)
        {
            parts.Add($"safe mode: {Safe}");
        }

        if (IsOnline && Dropped is { } dropped)
        {
            parts.Add($"{dropped} samples lost so far");
        }

        return string.Join(", ", parts);
    }

    /// <summary>All of it for programs.</summary>
    public JsonObject ToJson(string kind)
    {
        return new JsonObject
        {
            ["event"] = kind,
            ["thing"] = Id,
            ["jid"] = Jid.ToString(),
            ["via"] = Gateway,
            ["state"] = State,
            ["since"] = Since is { } since ? Words.Stamp(since) : null,
            ["until"] = Until is { } until ? Words.Stamp(until) : null,
            ["reason"] = Reason,
            ["firmware"] = Firmware,
            ["rssi"] = Rssi,
            ["battery"] = Battery,
            ["heap"] = Heap,
            ["safe"] = Safe,
            ["dropped"] = Dropped,
            ["keepalive"] = KeepAlive,
        };
    }

    internal static bool TryTime(string? text, out DateTimeOffset time)
    {
        bool good = TimeFormat.TryParse(text ?? string.Empty, out long ms);
        time = good ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : default;
        return good;
    }

    private static int? Number(Element? element, string name) =>
        int.TryParse(element?.Attribute(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;
}
