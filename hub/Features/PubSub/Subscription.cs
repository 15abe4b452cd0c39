using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>States of presence (RFC 6121 §4.7.2.1), as a set: <c>pubsub#show-values</c>.</summary>
[Flags]
public enum ShowValues
{
    /// <summary>No choice: whatever the state.</summary>
    None = 0,
    /// <summary>Available without more.</summary>
    Online = 1,
    /// <summary><c>away</c>.</summary>
    Away = 2,
    /// <summary><c>chat</c>.</summary>
    Chat = 4,
    /// <summary><c>dnd</c>.</summary>
    Dnd = 8,
    /// <summary><c>xa</c>.</summary>
    Xa = 16,
}

/// <summary>Of what a subscription to a collection hears (XEP-0248 §6.1).</summary>
public enum SubscriptionType
{
    /// <summary>Nodes that come, go and change.</summary>
    Nodes,
    /// <summary>Items.</summary>
    Items,
    /// <summary>Both.</summary>
    All,
}

/// <summary>The options of a subscription (XEP-0060 §16.4.2, XEP-0248 §6.1); immutable. What has no column of its own is kept as JSON with these names: a test holds them.</summary>
public sealed record SubscriptionOptions
{
    /// <summary>A depth without end: <c>all</c>.</summary>
    public const int AllDepths = int.MaxValue;

    /// <summary>Milliseconds between digests where nobody says: a day.</summary>
    public const int DefaultDigestFrequency = 86_400_000;

    /// <summary>The options of a subscription that says nothing.</summary>
    public static readonly SubscriptionOptions Default = new();

    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary><c>pubsub#deliver</c>: false pauses notifications.</summary>
    [JsonIgnore]
    public bool Deliver { get; init; } = true;

    /// <summary><c>pubsub#expire</c>: when the subscription ends by itself; null for never.</summary>
    [JsonIgnore]
    public DateTimeOffset? Expire { get; init; }

    /// <summary><c>pubsub#expire</c> as <c>presence</c>: it ends when the subscriber goes (§12.4).</summary>
    [JsonIgnore]
    public bool UntilPresence { get; init; }

    /// <summary><c>pubsub#digest</c>: notifications are gathered.</summary>
    public bool Digest { get; init; }

    /// <summary><c>pubsub#digest_frequency</c>: milliseconds between two digests, at least.</summary>
    public int DigestFrequency { get; init; } = DefaultDigestFrequency;

    /// <summary><c>pubsub#include_body</c>: a body for clients that do not know the payload.</summary>
    public bool IncludeBody { get; init; }

    /// <summary><c>pubsub#show-values</c>: only in these states of presence.</summary>
    public ShowValues ShowValues { get; init; }

    /// <summary><c>pubsub#subscription_type</c>.</summary>
    public SubscriptionType Type { get; init; }

    /// <summary><c>pubsub#subscription_depth</c>: levels below the collection; <see cref="AllDepths"/> for <c>all</c>.</summary>
    public int Depth { get; init; } = 1;

    /// <summary>Whether a notification goes out to it as it does to everybody: nothing of it is to be looked at when something is published.</summary>
    [JsonIgnore]
    public bool IsPlain => !Digest && !IncludeBody && ShowValues == ShowValues.None;

    /// <summary>What has no column of its own; null where all is as by default.</summary>
    internal string? ToJson()
    {
        SubscriptionOptions rest = this with { Deliver = true, Expire = null, UntilPresence = false };
        return rest == Default ? null : JsonSerializer.Serialize(rest, Json);
    }

    internal static SubscriptionOptions FromJson(string? json, bool deliver, DateTimeOffset? expire, bool untilPresence)
    {
        SubscriptionOptions rest = json is null ? Default : JsonSerializer.Deserialize<SubscriptionOptions>(json, Json) ?? Default;
        return deliver && expire is null && !untilPresence ? rest : rest with { Deliver = deliver, Expire = expire, UntilPresence = untilPresence };
    }
}

/// <summary>A subscription.</summary>
/// <param name="Jid">Who is notified: a bare or a full JID.</param>
/// <param name="State">Pending or subscribed.</param>
/// <param name="Options">Its options.</param>
public sealed record Subscription(Jid Jid, SubscriptionState State, SubscriptionOptions Options)
{
    /// <summary>Which of the entity's subscriptions to the node it is (§6.1.6).</summary>
    public string SubId { get; init; } = "";

    /// <summary>Whether it has ended by itself.</summary>
    public bool IsExpired(DateTimeOffset now) => Options.Expire is { } expire && expire <= now;

    /// <summary>An identifier for a new subscription: unguessed by others, short enough for twenty thousand of them in memory.</summary>
    internal static string NewSubId() => Random.Shared.NextInt64().ToString("x16", CultureInfo.InvariantCulture);
}

/// <summary>
/// To whom notifications of a node go, worked out once after a change: entities with one subscription and nothing special about it, who all get the same bytes, and the others.
/// The arrays are shared and not to be changed.
/// </summary>
/// <param name="Plain">Who gets them as they are.</param>
/// <param name="Special">Subscriptions by entity whose options are to be looked at each time.</param>
/// <param name="Until">When the first of them ends by itself.</param>
internal sealed record DeliveryPlan(Jid[] Plain, Subscription[][] Special, DateTimeOffset Until);
