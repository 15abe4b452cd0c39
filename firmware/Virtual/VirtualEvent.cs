namespace IotXmpp.Virtual;

/// <summary>What a virtual thing did.</summary>
public enum VirtualEventKind
{
    /// <summary>Its firmware started.</summary>
    Started,
    /// <summary>It is online.</summary>
    Online,
    /// <summary>It is not online any more.</summary>
    Offline,
    /// <summary>It measured.</summary>
    Sampled,
    /// <summary>The hub has acknowledged samples.</summary>
    Published,
    /// <summary>The hub refused a publish.</summary>
    PublishRefused,
    /// <summary>A parameter was set, or could not be.</summary>
    Controlled,
    /// <summary>It sleeps.</summary>
    Asleep,
}

/// <summary>One field of a sample.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value as on the wire.</param>
/// <param name="Unit">Its unit, or "".</param>
public sealed record VirtualField(string Name, string Value, string Unit);

/// <summary>A command that a thing was given.</summary>
/// <param name="From">Who gave it.</param>
/// <param name="Parameter">What was to be set.</param>
/// <param name="Value">To what.</param>
/// <param name="Error">Null when it was done, else why not.</param>
public sealed record VirtualCommand(string From, string Parameter, string Value, string? Error);

/// <summary>Something that a virtual thing did.</summary>
/// <param name="Time">When.</param>
/// <param name="ThingId">Which thing.</param>
/// <param name="Kind">What.</param>
/// <param name="Text">The same for people, one line.</param>
/// <param name="Fields">The fields of a sample; else empty.</param>
/// <param name="Command">The command of <see cref="VirtualEventKind.Controlled"/>; else null.</param>
public sealed record VirtualEvent(DateTimeOffset Time, string ThingId, VirtualEventKind Kind, string Text, IReadOnlyList<VirtualField> Fields, VirtualCommand? Command = null);
