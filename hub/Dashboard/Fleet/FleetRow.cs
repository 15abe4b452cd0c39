using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;

namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>How the fleet's pages name a state: those of <see cref="LivenessState"/>, with what calls for somebody told apart.</summary>
public enum FleetState
{
    /// <summary>There.</summary>
    Online,

    /// <summary>Its connection is lost and may come back.</summary>
    Resuming,

    /// <summary>It sleeps, as it said.</summary>
    Sleeping,

    /// <summary>It should have woken.</summary>
    Overdue,

    /// <summary>It went without a word.</summary>
    Lost,

    /// <summary>It took its leave, or was locked out.</summary>
    Offline,

    /// <summary>The hub has never heard of it.</summary>
    Never,
}

/// <summary>One thing as the fleet's table has it: references to what the hub holds anyway, shared by all who look. Immutable.</summary>
/// <param name="Thing">What the registry knows.</param>
/// <param name="Live">How it is; null for one that was never heard of.</param>
/// <param name="Attention">Why it calls for somebody.</param>
public sealed record FleetRow(Thing Thing, ThingLiveness? Live, Attention Attention)
{
    /// <summary>Its id.</summary>
    public string Id => Thing.Id;

    /// <summary>The name that people gave it, or its id.</summary>
    public string Name { get; } = Thing.Name;

    /// <summary>Its model; empty when not told.</summary>
    public string Model { get; } = TagOf(Thing, "MODEL");

    /// <summary>Where it is; empty when not told. XEP-0347 §5.2 has a tag for each part of an address; PLACE, ROOM and others stand for what people write.</summary>
    public string Place
    {
        get
        {
            string room = Tag("ROOM");
            string place = Tag("PLACE") is { Length: > 0 } told ? told : Tag("LOC") is { Length: > 0 } location ? location : Tag("AREA");
            return place.Length > 0 && room.Length > 0 ? $"{place}, {room}" : place.Length > 0 ? place : room;
        }
    }

    /// <summary>How it is.</summary>
    public FleetState State => StateOf(Live);

    /// <summary>Since when; null for one that was never heard of.</summary>
    public DateTimeOffset? Since => Live?.Since;

    /// <summary>Why, or until when, in words; empty where there is nothing to say.</summary>
    public string Why => State switch
    {
        FleetState.Lost or FleetState.Offline => AttentionRules.ReasonText(Live!.Reason),
        FleetState.Resuming => "its connection is lost and may come back",
        FleetState.Overdue => "it has not woken",
        FleetState.Never => "never heard of",
        _ => string.Empty,
    };

    /// <summary>Its firmware; empty when not told.</summary>
    public string Firmware => Live?.Status.Firmware ?? "";

    /// <summary>The state of what is known of a thing.</summary>
    public static FleetState StateOf(ThingLiveness? live) => live switch
    {
        null => FleetState.Never,
        { State: LivenessState.Online } => FleetState.Online,
        { State: LivenessState.Resuming } => FleetState.Resuming,
        { State: LivenessState.Sleeping } => FleetState.Sleeping,
        { State: LivenessState.Overdue } => FleetState.Overdue,
        { IsLost: true } => FleetState.Lost,
        _ => FleetState.Offline,
    };

    /// <summary>A state as it stands on pages and in addresses.</summary>
    public static string Word(FleetState state) => state switch
    {
        FleetState.Online => "online",
        FleetState.Resuming => "resuming",
        FleetState.Sleeping => "sleeping",
        FleetState.Overdue => "overdue",
        FleetState.Lost => "lost",
        FleetState.Offline => "offline",
        _ => "never seen",
    };

    /// <summary>A tag's value; empty for none.</summary>
    public string Tag(string name) => TagOf(Thing, name);

    /// <summary>Whether a text stands in its id, name, model, place, firmware, owner or another tag; without regard to case.</summary>
    public bool Has(string text)
    {
        if (Id.Contains(text, StringComparison.OrdinalIgnoreCase) || Firmware.Contains(text, StringComparison.OrdinalIgnoreCase) || (Thing.Owner?.Local.Contains(text, StringComparison.OrdinalIgnoreCase) ?? false))
        {
            return true;
        }

        foreach (MetaTag tag in Thing.Tags.Values)
        {
            if (tag.Value.Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static string TagOf(Thing thing, string name) => thing.Tags.TryGetValue(name, out MetaTag? tag) ? tag.Value : string.Empty;
}
