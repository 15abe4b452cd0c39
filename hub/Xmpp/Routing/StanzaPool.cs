namespace IotXmpp.Hub.Routing;

/// <summary>Stanza objects that are between two readings.</summary>
internal static class StanzaPool
{
    [ThreadStatic]
    private static Stanza? _spare;

    public static Stanza Rent()
    {
        Stanza stanza = _spare ?? new Stanza();
        _spare = null;
        return stanza;
    }

    public static void Return(Stanza stanza) => _spare = stanza;
}
