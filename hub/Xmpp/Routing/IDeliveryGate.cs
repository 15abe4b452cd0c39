namespace IotXmpp.Hub.Routing;

/// <summary>Stands before a session's stream and may keep stanzas back (XEP-0352). Called by every thread that delivers; only sessions that have one pay for it.</summary>
public interface IDeliveryGate
{
    /// <summary>Looks at a stanza for the session.</summary>
    /// <returns>True where it was kept or dropped; false where it shall be delivered now.</returns>
    bool Hold(Session session, byte[] stanza);

    /// <summary>Delivers what is kept, by <see cref="Session.DeliverTogether"/>, and keeps nothing any more.</summary>
    void Open(Session session);
}
