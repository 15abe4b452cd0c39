namespace IotXmpp.Hub.Features.Access;

/// <summary>What somebody may do with a thing. Each holds those before it.</summary>
public enum ThingRight
{
    /// <summary>Sees its presence, state, samples, events and settings.</summary>
    See = 1,

    /// <summary>Controls it: sets parameters and runs its commands, now or queued.</summary>
    Control = 2,

    /// <summary>Maintains it: desired configuration, firmware, its name, tags and notes.</summary>
    Maintain = 3,

    /// <summary>Owns it: says who else may, revokes it, gives it away.</summary>
    Own = 4,
}
