namespace IotXmpp.Things;

/// <summary>What a thing that sleeps is doing.</summary>
public enum ThingLife
{
    /// <summary>Measuring, publishing, obeying.</summary>
    Awake,
    /// <summary>It has said good night and waits for the stream to close.</summary>
    FallingAsleep,
    /// <summary>Asleep: nothing happens any more in this loop.</summary>
    Asleep,
}
