namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>How often a client that lets no request be held asks whether there is something (XEP-0124 §12).</summary>
internal sealed class BoshPolls(int seconds)
{
    private long _last = long.MinValue / 2;

    /// <summary>Notes that it asks; whether it asked shorter than the interval ago.</summary>
    /// <param name="now">Milliseconds of the hub's clock.</param>
    public bool IsTooSoon(long now)
    {
        bool isTooSoon = now - _last < seconds * 1000L;
        _last = now;
        return isTooSoon;
    }
}
