namespace IotXmpp.Things;

/// <summary>Is told what a thing does: for a log, a screen or a test. Calls come within <see cref="ThingLoop.Step"/> and the client's; they return at once.</summary>
public interface IThingObserver
{
    /// <summary>The thing is online or not.</summary>
    /// <param name="online">True when stanzas go both ways.</param>
    /// <param name="reason">Why not, for people; "" when online.</param>
    void UplinkChanged(bool online, string reason);

    /// <summary>A sample was taken. It is valid during the call.</summary>
    /// <param name="sample">The sample.</param>
    void Sampled(Sample sample);

    /// <summary>The hub has acknowledged samples.</summary>
    /// <param name="samples">How many.</param>
    void Published(int samples);

    /// <summary>The hub has refused samples; they are kept and tried again, unless the text says otherwise.</summary>
    /// <param name="reason">Why, for people.</param>
    void PublishRefused(string reason);

    /// <summary>A parameter was set, or not.</summary>
    /// <param name="from">Who asked.</param>
    /// <param name="parameter">The parameter.</param>
    /// <param name="value">The value.</param>
    /// <param name="error">Null when it was done, else why not.</param>
    void Controlled(string from, string parameter, string value, string error);

    /// <summary>The thing sleeps.</summary>
    /// <param name="untilUtcMs">Until when, in milliseconds since 1970.</param>
    void Sleeping(long untilUtcMs);
}
