namespace IotXmpp.Xmpp;

/// <summary>A stanza error (RFC 6120 §8.3): its type, its defined condition, and what else it says. Immutable.</summary>
public sealed class StanzaError
{
    /// <summary>Malformed or not understood (§8.3.3.1).</summary>
    public static readonly StanzaError BadRequest = new StanzaError("modify", "bad-request");
    /// <summary>Exists already (§8.3.3.2).</summary>
    public static readonly StanzaError Conflict = new StanzaError("cancel", "conflict");
    /// <summary>Understood, not implemented (§8.3.3.3).</summary>
    public static readonly StanzaError FeatureNotImplemented = new StanzaError("cancel", "feature-not-implemented");
    /// <summary>No right to do it (§8.3.3.4).</summary>
    public static readonly StanzaError Forbidden = new StanzaError("auth", "forbidden");
    /// <summary>No longer at this address (§8.3.3.5).</summary>
    public static readonly StanzaError Gone = new StanzaError("cancel", "gone");
    /// <summary>The server's own fault (§8.3.3.6).</summary>
    public static readonly StanzaError InternalServerError = new StanzaError("cancel", "internal-server-error");
    /// <summary>No such item (§8.3.3.7).</summary>
    public static readonly StanzaError ItemNotFound = new StanzaError("cancel", "item-not-found");
    /// <summary>Not an address (§8.3.3.8).</summary>
    public static readonly StanzaError JidMalformed = new StanzaError("modify", "jid-malformed");
    /// <summary>Against a rule of the receiver (§8.3.3.9).</summary>
    public static readonly StanzaError NotAcceptable = new StanzaError("modify", "not-acceptable");
    /// <summary>Nobody may do it (§8.3.3.10).</summary>
    public static readonly StanzaError NotAllowed = new StanzaError("cancel", "not-allowed");
    /// <summary>Credentials are needed (§8.3.3.11).</summary>
    public static readonly StanzaError NotAuthorized = new StanzaError("auth", "not-authorized");
    /// <summary>Against a local policy (§8.3.3.12).</summary>
    public static readonly StanzaError PolicyViolation = new StanzaError("modify", "policy-violation");
    /// <summary>Away for now (§8.3.3.13).</summary>
    public static readonly StanzaError RecipientUnavailable = new StanzaError("wait", "recipient-unavailable");
    /// <summary>Ask elsewhere (§8.3.3.14).</summary>
    public static readonly StanzaError Redirect = new StanzaError("modify", "redirect");
    /// <summary>Register first (§8.3.3.15).</summary>
    public static readonly StanzaError RegistrationRequired = new StanzaError("auth", "registration-required");
    /// <summary>No such server (§8.3.3.16).</summary>
    public static readonly StanzaError RemoteServerNotFound = new StanzaError("cancel", "remote-server-not-found");
    /// <summary>The other server does not answer (§8.3.3.17).</summary>
    public static readonly StanzaError RemoteServerTimeout = new StanzaError("wait", "remote-server-timeout");
    /// <summary>Out of memory or over a bound (§8.3.3.18).</summary>
    public static readonly StanzaError ResourceConstraint = new StanzaError("wait", "resource-constraint");
    /// <summary>Nobody here does that (§8.3.3.19).</summary>
    public static readonly StanzaError ServiceUnavailable = new StanzaError("cancel", "service-unavailable");
    /// <summary>Subscribe first (§8.3.3.20).</summary>
    public static readonly StanzaError SubscriptionRequired = new StanzaError("auth", "subscription-required");
    /// <summary>None of the others; carries an application condition (§8.3.3.21).</summary>
    public static readonly StanzaError UndefinedCondition = new StanzaError("cancel", "undefined-condition");
    /// <summary>Out of order (§8.3.3.22).</summary>
    public static readonly StanzaError UnexpectedRequest = new StanzaError("wait", "unexpected-request");

    /// <summary>All defined conditions with their usual types, in the order of the RFC.</summary>
    public static readonly StanzaError[] All =
    {
        BadRequest, Conflict, FeatureNotImplemented, Forbidden, Gone, InternalServerError, ItemNotFound, JidMalformed, NotAcceptable, NotAllowed, NotAuthorized,
        PolicyViolation, RecipientUnavailable, Redirect, RegistrationRequired, RemoteServerNotFound, RemoteServerTimeout, ResourceConstraint, ServiceUnavailable,
        SubscriptionRequired, UndefinedCondition, UnexpectedRequest,
    };

    /// <summary>An error with no text.</summary>
    /// <param name="type"><c>auth</c>, <c>cancel</c>, <c>continue</c>, <c>modify</c> or <c>wait</c>.</param>
    /// <param name="condition">The defined condition's element name.</param>
    public StanzaError(string type, string condition) : this(type, condition, string.Empty, string.Empty, string.Empty)
    {
    }

    /// <summary>An error with all it can say.</summary>
    /// <param name="type"><c>auth</c>, <c>cancel</c>, <c>continue</c>, <c>modify</c> or <c>wait</c>.</param>
    /// <param name="condition">The defined condition's element name.</param>
    /// <param name="text">For people; "" for none.</param>
    /// <param name="appNamespace">Namespace of the application condition; "" for none.</param>
    /// <param name="appCondition">Element name of the application condition; "" for none.</param>
    public StanzaError(string type, string condition, string text, string appNamespace, string appCondition)
    {
        Type = type;
        Condition = condition;
        Text = text;
        AppNamespace = appNamespace;
        AppCondition = appCondition;
    }

    /// <summary><c>auth</c>, <c>cancel</c>, <c>continue</c>, <c>modify</c> or <c>wait</c> (§8.3.2).</summary>
    public string Type { get; }

    /// <summary>The defined condition's element name (§8.3.3).</summary>
    public string Condition { get; }

    /// <summary>A text for people; "" when there is none.</summary>
    public string Text { get; }

    /// <summary>Namespace of the application-specific condition (§8.3.4); "" when there is none.</summary>
    public string AppNamespace { get; }

    /// <summary>Element name of the application-specific condition (§8.3.4); "" when there is none.</summary>
    public string AppCondition { get; }

    /// <summary>The same error with a text for people.</summary>
    public StanzaError WithText(string text)
    {
        return new StanzaError(Type, Condition, text, AppNamespace, AppCondition);
    }

    /// <summary>The same error with an application condition.</summary>
    public StanzaError WithApp(string ns, string name)
    {
        return new StanzaError(Type, Condition, Text, ns, name);
    }

    /// <summary>The defined condition of that name with its usual type, or null.</summary>
    public static StanzaError Find(string condition)
    {
        foreach (StanzaError error in All)
        {
            if (error.Condition == condition)
            {
                return error;
            }
        }
        return null;
    }

    /// <summary><c>condition (type): text</c>.</summary>
    public override string ToString()
    {
        return Text.Length == 0 ? Condition + " (" + Type + ")" : Condition + " (" + Type + "): " + Text;
    }
}
