namespace IotXmpp.Hub.Features.Roster;

/// <summary>The nine states of a subscription between an account and a contact (RFC 6121 Appendix A.1). The numbers are on disk: never change one.</summary>
public enum SubscriptionState
{
    /// <summary>Neither is subscribed to the other.</summary>
    None = 0,
    /// <summary>The account has asked, the contact has not answered.</summary>
    NonePendingOut = 1,
    /// <summary>The contact has asked, the account has not answered.</summary>
    NonePendingIn = 2,
    /// <summary>Both have asked, neither has answered.</summary>
    NonePendingOutIn = 3,
    /// <summary>The account sees the contact's presence.</summary>
    To = 4,
    /// <summary>The account sees the contact's presence; the contact has asked.</summary>
    ToPendingIn = 5,
    /// <summary>The contact sees the account's presence.</summary>
    From = 6,
    /// <summary>The contact sees the account's presence; the account has asked.</summary>
    FromPendingOut = 7,
    /// <summary>Each sees the other's presence.</summary>
    Both = 8,
}

/// <summary>The presence types that manage subscriptions (RFC 6121 §3).</summary>
public enum SubscriptionAction
{
    /// <summary><c>subscribe</c>: the sender asks to see the receiver's presence.</summary>
    Subscribe,
    /// <summary><c>unsubscribe</c>: the sender no longer wants to see it.</summary>
    Unsubscribe,
    /// <summary><c>subscribed</c>: the sender lets the receiver see the sender's presence.</summary>
    Subscribed,
    /// <summary><c>unsubscribed</c>: the sender refuses or takes that back.</summary>
    Unsubscribed,
}

/// <summary>What a subscription stanza does.</summary>
/// <param name="Pass">Outbound: route it to the contact. Inbound: deliver it to the account's resources.</param>
/// <param name="Next">The state afterwards.</param>
public readonly record struct SubscriptionStep(bool Pass, SubscriptionState Next);

/// <summary>The state tables of RFC 6121 Appendix A as pure code. A state is three facts: the account sees the contact, the contact sees the account, and who is waiting for an answer.</summary>
public static class SubscriptionStates
{
    /// <summary>The contact sees the account's presence: <c>from</c> or <c>both</c>.</summary>
    public static bool HasFrom(this SubscriptionState state) => state is SubscriptionState.From or SubscriptionState.FromPendingOut or SubscriptionState.Both;

    /// <summary>The account sees the contact's presence: <c>to</c> or <c>both</c>.</summary>
    public static bool HasTo(this SubscriptionState state) => state is SubscriptionState.To or SubscriptionState.ToPendingIn or SubscriptionState.Both;

    /// <summary>The contact waits for the account's answer; the item is not told to clients because of this alone (RFC 6121 §3.1.3).</summary>
    public static bool IsPendingIn(this SubscriptionState state) => state is SubscriptionState.NonePendingIn or SubscriptionState.NonePendingOutIn or SubscriptionState.ToPendingIn;

    /// <summary>The account waits for the contact's answer: <c>ask='subscribe'</c> (RFC 6121 §2.1.2.2).</summary>
    public static bool IsPendingOut(this SubscriptionState state) => state is SubscriptionState.NonePendingOut or SubscriptionState.NonePendingOutIn or SubscriptionState.FromPendingOut;

    /// <summary>The attribute <c>subscription</c> of a roster item (RFC 6121 §2.1.2.5).</summary>
    public static string Token(this SubscriptionState state) => (state.HasTo(), state.HasFrom()) switch
    {
        (true, true) => "both",
        (true, false) => "to",
        (false, true) => "from",
        _ => "none",
    };

    /// <summary>A stanza that the account sends to the contact (Appendix A.2). Pre-approval (§3.4) is a flag beside the state, and the caller's: <c>subscribed</c> in a state without pending-in is not passed.</summary>
    public static SubscriptionStep Outbound(SubscriptionState state, SubscriptionAction action)
    {
        (bool to, bool from, bool pendingOut, bool pendingIn) = Facts(state);
        return action switch
        {
            SubscriptionAction.Subscribe => new(true, Make(to, from, pendingOut || !to, pendingIn)),
            SubscriptionAction.Unsubscribe => new(true, Make(false, from, false, pendingIn)),
            SubscriptionAction.Subscribed => new(pendingIn, Make(to, from || pendingIn, pendingOut, false)),
            _ => new(from || pendingIn, Make(to, false, pendingOut, false)),
        };
    }

    /// <summary>A stanza that the contact sends to the account (Appendix A.3). A <c>subscribe</c> in a state with <c>from</c> is not delivered: the server answers <c>subscribed</c> (§3.1.3).</summary>
    public static SubscriptionStep Inbound(SubscriptionState state, SubscriptionAction action)
    {
        (bool to, bool from, bool pendingOut, bool pendingIn) = Facts(state);
        return action switch
        {
            SubscriptionAction.Subscribe => new(!from && !pendingIn, Make(to, from, pendingOut, !from)),
            SubscriptionAction.Unsubscribe => new(from || pendingIn, Make(to, false, pendingOut, false)),
            SubscriptionAction.Subscribed => new(pendingOut, Make(to || pendingOut, from, false, pendingIn)),
            _ => new(to || pendingOut, Make(false, from, false, pendingIn)),
        };
    }

    private static (bool To, bool From, bool PendingOut, bool PendingIn) Facts(SubscriptionState state) => (state.HasTo(), state.HasFrom(), state.IsPendingOut(), state.IsPendingIn());

    private static SubscriptionState Make(bool to, bool from, bool pendingOut, bool pendingIn) => (to, from) switch
    {
        (true, true) => SubscriptionState.Both,
        (true, false) => pendingIn ? SubscriptionState.ToPendingIn : SubscriptionState.To,
        (false, true) => pendingOut ? SubscriptionState.FromPendingOut : SubscriptionState.From,
        _ => (pendingOut, pendingIn) switch
        {
            (true, true) => SubscriptionState.NonePendingOutIn,
            (true, false) => SubscriptionState.NonePendingOut,
            (false, true) => SubscriptionState.NonePendingIn,
            _ => SubscriptionState.None,
        },
    };
}
