namespace IotXmpp.Hub.Features.Alerts;

/// <summary>How far a delivery has come. The numbers are on disk: never change one.</summary>
public enum DeliveryState
{
    /// <summary>It waits: for its turn, for another attempt, or for the end of a silence.</summary>
    Waiting = 0,

    /// <summary>Its recipient has taken it.</summary>
    Sent = 1,

    /// <summary>It was given up; it can be sent again by hand.</summary>
    Failed = 2,

    /// <summary>It was not sent: the alert was over before the end of a maintenance window or silence.</summary>
    Suppressed = 3,

    /// <summary>It was not sent: the recipient may not see the thing.</summary>
    Refused = 4,
}

/// <summary>What is delivered. The numbers are on disk: never change one.</summary>
public enum DeliveryEvent
{
    /// <summary>The alert was raised.</summary>
    Raised = 0,

    /// <summary>It is over.</summary>
    Cleared = 1,
}

/// <summary>One alert on its way to one recipient: at least once, with an id by which a second time is known.</summary>
/// <param name="Id">Its number, rising.</param>
/// <param name="Alert">The alert.</param>
/// <param name="Event">What is told of it.</param>
/// <param name="Target">To whom.</param>
public sealed record AlertDelivery(long Id, long Alert, DeliveryEvent Event, DeliveryTarget Target)
{
    /// <summary>How far it has come.</summary>
    public DeliveryState State { get; init; }

    /// <summary>Whether it waits for the end of a maintenance window or silence.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Attempts so far.</summary>
    public int Attempts { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When it is tried next.</summary>
    public DateTimeOffset Due { get; init; }

    /// <summary>When it ended; null while it waits.</summary>
    public DateTimeOffset? Done { get; init; }

    /// <summary>The id of the digest with which it went; empty where it went alone.</summary>
    public string Digest { get; init; } = string.Empty;

    /// <summary>What came of the last attempt, for people.</summary>
    public string Answer { get; init; } = string.Empty;

    /// <summary>By what its recipient knows it: the same at each attempt.</summary>
    public string Key => KeyOf(Alert, Event);

    /// <summary>By what an event of an alert is known.</summary>
    public static string KeyOf(long alert, DeliveryEvent what) => $"alert-{alert}-{(what == DeliveryEvent.Raised ? "raised" : "cleared")}";
}
