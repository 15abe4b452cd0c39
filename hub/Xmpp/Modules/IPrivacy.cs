using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Modules;

/// <summary>What of a communication a rule is about (XEP-0016 §2.1).</summary>
[Flags]
public enum PrivacyKinds : byte
{
    /// <summary>Only what is in none of the other kinds: what an account sends itself, and presence subscriptions. Rules about all stanzas, and no others, are about it.</summary>
    None = 0,

    /// <summary>Messages that come in.</summary>
    Message = 1,

    /// <summary>IQs that come in.</summary>
    Iq = 2,

    /// <summary>Presence notifications that come in.</summary>
    PresenceIn = 4,

    /// <summary>Presence notifications that go out.</summary>
    PresenceOut = 8,
}

/// <summary>Port: whom accounts do not want to hear from or speak to (supplied by Privacy). It comes before all other rules of delivery (XEP-0016 §2.2).</summary>
public interface IPrivacy
{
    /// <summary>Whether anybody on the hub has had a rule since its start: until then no stanza is looked at for it.</summary>
    bool IsUsed { get; }

    /// <summary>Whether an account has any rule. From memory, at once.</summary>
    bool Has(string localpart);

    /// <summary>What an account's rules say about another; null where they say nothing.</summary>
    ValueTask<IPrivacyView?> ViewAsync(Jid account, Jid other);
}

/// <summary>What an account's rules say about another entity, at one moment.</summary>
public interface IPrivacyView
{
    /// <summary>Whether it is denied.</summary>
    /// <param name="session">The account's session that it is about; its own list counts before the account's default list. Null for the account as a whole.</param>
    /// <param name="kind">What is asked.</param>
    bool Denies(Session? session, PrivacyKinds kind);
}
