namespace IotXmpp.Hub.Features.Invitations;

/// <summary>An invitation as it is kept: its token is not, only the token's hash.</summary>
/// <param name="Id">Its number, rising.</param>
/// <param name="Inviter">Whose it is (localpart).</param>
/// <param name="Name">The only account that it makes (localpart), or null where its holder chooses.</param>
/// <param name="MakesAccount">Whether it lets its holder register (XEP-0445).</param>
/// <param name="MakesContact">Whether its holder and the inviter become contacts (XEP-0379).</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it can be taken up no more.</param>
/// <param name="Uses">How often it may be taken up.</param>
/// <param name="Used">How often it was.</param>
public sealed record Invitation(long Id, string Inviter, string? Name, bool MakesAccount, bool MakesContact, DateTimeOffset Created, DateTimeOffset Expires, int Uses, int Used);

/// <summary>How making or ending an invitation ended.</summary>
public enum InvitationOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>The name is no localpart, or one that nobody registers.</summary>
    BadName,

    /// <summary>The name is somebody's, or kept for another invitation.</summary>
    Taken,

    /// <summary>As many invitations of that account are open as may be.</summary>
    TooMany,

    /// <summary>There is no such invitation, or not for who asks.</summary>
    NotFound,
}

/// <summary>An invitation that was just made: its token is shown this once.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Invitation">The invitation, where it was made.</param>
/// <param name="Token">Its token.</param>
public sealed record NewInvitation(InvitationOutcome Outcome, Invitation? Invitation = null, string? Token = null);
