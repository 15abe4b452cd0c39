namespace IotXmpp.Hub.Features.Liveness;

/// <summary>How a thing is (wire profile, presence is liveness). The numbers are on disk: never change one.</summary>
public enum LivenessState
{
    /// <summary>Not there, and nothing announced that it would be: <see cref="ThingLiveness.Reason"/> says why.</summary>
    Offline = 0,

    /// <summary>There.</summary>
    Online = 1,

    /// <summary>Its connection is lost and it may still come back without anything lost; or the hub itself was away and has not heard of it yet.</summary>
    Resuming = 2,

    /// <summary>It said that it sleeps, and until when.</summary>
    Sleeping = 3,

    /// <summary>It should have woken and has not.</summary>
    Overdue = 4,
}

/// <summary>What a thing told of itself with its presence; all of it optional.</summary>
/// <param name="Firmware">Version of its firmware; empty when not told.</param>
/// <param name="Boot">Why it started (<c>power-on</c>, <c>watchdog</c>, …); empty when not told.</param>
/// <param name="Signal">Signal in dBm.</param>
/// <param name="Battery">Battery in percent.</param>
/// <param name="Heap">Free heap in bytes.</param>
/// <param name="KeepAlive">Seconds between its signs of life.</param>
public sealed record ThingStatus(string Firmware = "", string Boot = "", int? Signal = null, int? Battery = null, int? Heap = null, int? KeepAlive = null)
{
    /// <summary>Nothing told.</summary>
    public static ThingStatus None { get; } = new();
}

/// <summary>How a thing is and since when; immutable.</summary>
/// <param name="Id">The thing.</param>
/// <param name="State">The state.</param>
/// <param name="Reason">Why it is offline: <c>shutdown</c>, <c>connection-lost</c>, <c>keepalive-timeout</c>, <c>replaced</c>, <c>stream-error</c>, <c>revoked</c>; else empty.</param>
/// <param name="Since">Since when.</param>
public sealed record ThingLiveness(string Id, LivenessState State, string Reason, DateTimeOffset Since)
{
    /// <summary>Until when it sleeps, or should have slept; null in other states.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>What it told last.</summary>
    public ThingStatus Status { get; init; } = ThingStatus.None;

    /// <summary>Whether it takes commands.</summary>
    public bool IsOnline => State == LivenessState.Online;

    /// <summary>Whether somebody has to look after it.</summary>
    public bool IsLost => State == LivenessState.Overdue || (State == LivenessState.Offline && Reason is not ("" or "shutdown" or "revoked"));
}

/// <summary>A step from one state to the next.</summary>
/// <param name="At">When.</param>
/// <param name="State">The state from then on.</param>
/// <param name="Reason">Why, where it went offline.</param>
/// <param name="Until">Until when it sleeps.</param>
public sealed record Transition(DateTimeOffset At, LivenessState State, string Reason, DateTimeOffset? Until);

/// <summary>How reliable a thing was in a span of time.</summary>
/// <param name="Known">How much of the span the hub was there to know and the thing was known.</param>
/// <param name="Up">How much of that the thing was online, or asleep as announced, or away so briefly that nothing was lost.</param>
/// <param name="Losses">How often it was lost: a connection that ended without a word and was not resumed, or a time to wake that passed.</param>
/// <param name="Interruptions">How often its connection was interrupted, resumed or not.</param>
public sealed record Uptime(TimeSpan Known, TimeSpan Up, int Losses, int Interruptions)
{
    /// <summary>The share of the known time; 1 where nothing is known.</summary>
    public double Ratio => Known > TimeSpan.Zero ? Up / Known : 1;
}
