namespace IotXmpp.Hub.Routing;

/// <summary>Looks on at the stanzas of a session (<see cref="Session.Tap"/>). Called on the hot path by every thread that delivers: takes a copy and is done; must not wait.</summary>
public interface IStanzaTap
{
    /// <summary>The client has sent a stanza; its bytes are the stream's again when this returns.</summary>
    void Received(Session session, Stanza stanza);

    /// <summary>A stanza goes to the client.</summary>
    /// <param name="session">The session.</param>
    /// <param name="stanza">All of it.</param>
    void Sent(Session session, byte[] stanza);
}
