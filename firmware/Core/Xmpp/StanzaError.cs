namespace IotXmpp.Xmpp;

/// <summary>A stanza error (RFC 6120 §8.3): its type, its defined condition, and what else it says. Immutable.</summary>
public sealed class StanzaError
{
    /// <summary>Malformed or not understood (§8.3.3.1).</summary>
    public static StanzaError BadRequest => Known(0);
    /// <summary>Exists already (§8.3.3.2).</summary>
    public static StanzaError Conflict => Known(1);
    /// <summary>Understood, not implemented (§8.3.3.3).</summary>
    public static StanzaError FeatureNotImplemented => Known(2);
    /// <summary>No right to do it (§8.3.3.4).</summary>
    public static StanzaError Forbidden => Known(3);
    /// <summary>No longer at this address (§8.3.3.5).</summary>
    public static StanzaError Gone => Known(4);
    /// <summary>The server's own fault (§8.3.3.6).</summary>
    public static StanzaError InternalServerError => Known(5);
    /// <summary>No such item (§8.3.3.7).</summary>
    public static StanzaError ItemNotFound => Known(6);
    /// <summary>Not an address (§8.3.3.8).</summary>
    public static StanzaError JidMalformed => Known(7);
    /// <summary>Against a rule of the receiver (§8.3.3.9).</summary>
    public static StanzaError NotAcceptable => Known(8);
    /// <summary>Nobody may do it (§8.3.3.10).</summary>
    public static StanzaError NotAllowed => Known(9);
    /// <summary>Credentials are needed (§8.3.3.11).</summary>
    public static StanzaError NotAuthorized => Known(10);
    /// <summary>Against a local policy (§8.3.3.12).</summary>
    public static StanzaError PolicyViolation => Known(11);
    /// <summary>Away for now (§8.3.3.13).</summary>
    public static StanzaError RecipientUnavailable => Known(12);
    /// <summary>Ask elsewhere (§8.3.3.14).</summary>
    public static StanzaError Redirect => Known(13);
    /// <summary>Register first (§8.3.3.15).</summary>
    public static StanzaError RegistrationRequired => Known(14);
    /// <summary>No such server (§8.3.3.16).</summary>
    public static StanzaError RemoteServerNotFound => Known(15);
    /// <summary>The other server does not answer (§8.3.3.17).</summary>
    public static StanzaError RemoteServerTimeout => Known(16);
    /// <summary>Out of memory or over a bound (§8.3.3.18).</summary>
    public static StanzaError ResourceConstraint => Known(17);
    /// <summary>Nobody here does that (§8.3.3.19).</summary>
    public static StanzaError ServiceUnavailable => Known(18);
    /// <summary>Subscribe first (§8.3.3.20).</summary>
    public static StanzaError SubscriptionRequired => Known(19);
    /// <summary>None of the others; carries an application condition (§8.3.3.21).</summary>
    public static StanzaError UndefinedCondition => Known(20);
    /// <summary>Out of order (§8.3.3.22).</summary>
    public static StanzaError UnexpectedRequest => Known(21);

    // Those that were asked for: a device needs few of them, and each would take a hundred bytes of its heap.
    private static readonly StanzaError[] Made = new StanzaError[22];

    /// <summary>All defined conditions with their usual types, in the order of the RFC. A new array at each call.</summary>
    public static StanzaError[] All
    {
        get
        {
            StanzaError[] all = new StanzaError[Made.Length];
            for (int i = 0; i < all.Length; i++)
            {
                all[i] = Known(i);
            }
            return all;
        }
    }

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
        for (int i = 0; i < Made.Length; i++)
        {
            if (ConditionAt(i) == condition)
            {
                return Known(i);
            }
        }
        return null;
    }

    /// <summary><c>condition (type): text</c>.</summary>
    public override string ToString()
    {
        return Text.Length == 0 ? Condition + " (" + Type + ")" : Condition + " (" + Type + "): " + Text;
    }

    private static StanzaError Known(int index)
    {
        StanzaError known = Made[index];
        return known == null ? Make(index) : known;
    }

    // One for each condition, whoever asks first: the same condition is the same object.
    private static StanzaError Make(int index)
    {
        lock (Made)
        {
            if (Made[index] == null)
            {
                Made[index] = new StanzaError(TypeAt(index), ConditionAt(index));
            }
            return Made[index];
        }
    }

    private static string ConditionAt(int index)
    {
        switch (index)
        {
            case 0: return "bad-request";
            case 1: return "conflict";
            case 2: return "feature-not-implemented";
            case 3: return "forbidden";
            case 4: return "gone";
            case 5: return "internal-server-error";
            case 6: return "item-not-found";
            case 7: return "jid-malformed";
            case 8: return "not-acceptable";
            case 9: return "not-allowed";
            case 10: return "not-authorized";
            case 11: return "policy-violation";
            case 12: return "recipient-unavailable";
            case 13: return "redirect";
            case 14: return "registration-required";
            case 15: return "remote-server-not-found";
            case 16: return "remote-server-timeout";
            case 17: return "resource-constraint";
            case 18: return "service-unavailable";
            case 19: return "subscription-required";
            case 20: return "undefined-condition";
            default: return "unexpected-request";
        }
    }

    private static string TypeAt(int index)
    {
        switch (index)
        {
            case 3:
            case 10:
            case 14:
            case 19:
                return "auth";
            case 0:
            case 7:
            case 8:
            case 11:
            case 13:
                return "modify";
            case 12:
            case 16:
            case 17:
            case 21:
                return "wait";
            default:
                return "cancel";
        }
    }
}
