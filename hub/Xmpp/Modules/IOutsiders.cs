using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Modules;

/// <summary>Port: to whom outside of the served domain the hub speaks, as administrators have it (supplied by Administration; XEP-0133 §4.11, §4.12).</summary>
public interface IOutsiders
{
    /// <summary>Whether stanzas to and from an address of another server or of an external component pass. Called for each, so from memory and at once.</summary>
    bool Allows(Jid entity);
}
