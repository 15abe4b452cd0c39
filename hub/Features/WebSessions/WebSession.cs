namespace IotXmpp.Hub.Features.WebSessions;

/// <summary>Somebody who is signed in at the pages, in one browser.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Account">Whose it is: a prepared localpart.</param>
/// <param name="Created">When the person signed in.</param>
/// <param name="Seen">When the person last did something; exact to a minute after a restart.</param>
/// <param name="Peer">Where the browser was at the sign-in, as text; empty where nobody knows.</param>
/// <param name="Agent">What the browser said it is, at most 200 characters; not to be trusted.</param>
public sealed record WebSession(long Id, string Account, DateTimeOffset Created, DateTimeOffset Seen, string Peer, string Agent);

/// <summary>Why a session has ended.</summary>
public enum WebSessionEnd
{
    /// <summary>The person signed out, here or everywhere.</summary>
    SignedOut,

    /// <summary>Nobody did anything for long, or it lasted as long as any may.</summary>
    Expired,

    /// <summary>The password is another, or the account may not log in any more, or is gone.</summary>
    Revoked,
}
