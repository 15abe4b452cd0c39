using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>What the sender may do about an error (RFC 6120 §8.3.2); members are the wire tokens.</summary>
public enum StanzaErrorType : byte
{
    /// <summary>Retry after providing credentials.</summary>
    Auth,

    /// <summary>Do not retry.</summary>
    Cancel,

    /// <summary>Proceed: a warning.</summary>
    Continue,

    /// <summary>Retry after changing the data sent.</summary>
    Modify,

    /// <summary>Retry after waiting.</summary>
    Wait,
}

/// <summary>
/// A stanza error: type, defined condition, a text for people and an application-specific condition (RFC 6120 §8.3). The shared instances have the
/// type that the RFC recommends for their condition; <see cref="With(string)"/> and <see cref="WithExtension(ReadOnlyMemory{byte})"/> give a copy with more.
/// </summary>
public sealed class StanzaError
{
    private StanzaError(StanzaErrorType type, string condition, string? text = null, ReadOnlyMemory<byte> extension = default, string? content = null)
    {
        Type = type;
        Condition = condition;
        Text = text;
        Extension = extension;
        Content = content;
    }

    /// <summary>The XML is not what the schema of its namespace says (§8.3.3.1).</summary>
    public static StanzaError BadRequest { get; } = new(StanzaErrorType.Modify, "bad-request");

    /// <summary>A resource or session with that name exists (§8.3.3.2).</summary>
    public static StanzaError Conflict { get; } = new(StanzaErrorType.Cancel, "conflict");

    /// <summary>The feature is not implemented (§8.3.3.3).</summary>
    public static StanzaError FeatureNotImplemented { get; } = new(StanzaErrorType.Cancel, "feature-not-implemented");

    /// <summary>The sender may not do that (§8.3.3.4).</summary>
    public static StanzaError Forbidden { get; } = new(StanzaErrorType.Auth, "forbidden");

    /// <summary>The addressee has gone (§8.3.3.5).</summary>
    public static StanzaError Gone { get; } = new(StanzaErrorType.Cancel, "gone");

    /// <summary>The hub has failed, and says so (§8.3.3.6).</summary>
    public static StanzaError InternalServerError { get; } = new(StanzaErrorType.Cancel, "internal-server-error");

    /// <summary>There is no such item (§8.3.3.7).</summary>
    public static StanzaError ItemNotFound { get; } = new(StanzaErrorType.Cancel, "item-not-found");

    /// <summary>The address is not one (§8.3.3.8).</summary>
    public static StanzaError JidMalformed { get; } = new(StanzaErrorType.Modify, "jid-malformed");

    /// <summary>The request is understood but refused by a rule of the service (§8.3.3.9).</summary>
    public static StanzaError NotAcceptable { get; } = new(StanzaErrorType.Modify, "not-acceptable");

    /// <summary>Nobody may do that (§8.3.3.10).</summary>
    public static StanzaError NotAllowed { get; } = new(StanzaErrorType.Cancel, "not-allowed");

    /// <summary>The sender must log in first (§8.3.3.11).</summary>
    public static StanzaError NotAuthorized { get; } = new(StanzaErrorType.Auth, "not-authorized");

    /// <summary>A local policy was violated (§8.3.3.12).</summary>
    public static StanzaError PolicyViolation { get; } = new(StanzaErrorType.Modify, "policy-violation");

    /// <summary>The addressee is not there now (§8.3.3.13).</summary>
    public static StanzaError RecipientUnavailable { get; } = new(StanzaErrorType.Wait, "recipient-unavailable");

    /// <summary>Prior registration is required (§8.3.3.15).</summary>
    public static StanzaError RegistrationRequired { get; } = new(StanzaErrorType.Auth, "registration-required");

    /// <summary>There is no such remote server (§8.3.3.16).</summary>
    public static StanzaError RemoteServerNotFound { get; } = new(StanzaErrorType.Cancel, "remote-server-not-found");

    /// <summary>The remote server did not answer in time (§8.3.3.17).</summary>
    public static StanzaError RemoteServerTimeout { get; } = new(StanzaErrorType.Wait, "remote-server-timeout");

    /// <summary>A bound of the service is reached (§8.3.3.18).</summary>
    public static StanzaError ResourceConstraint { get; } = new(StanzaErrorType.Wait, "resource-constraint");

    /// <summary>Nobody offers that service (§8.3.3.19).</summary>
    public static StanzaError ServiceUnavailable { get; } = new(StanzaErrorType.Cancel, "service-unavailable");

    /// <summary>A subscription is required (§8.3.3.20).</summary>
    public static StanzaError SubscriptionRequired { get; } = new(StanzaErrorType.Auth, "subscription-required");

    /// <summary>None of the other conditions; an application-specific one says more (§8.3.3.21).</summary>
    public static StanzaError UndefinedCondition { get; } = new(StanzaErrorType.Cancel, "undefined-condition");

    /// <summary>Out of order (§8.3.3.22).</summary>
    public static StanzaError UnexpectedRequest { get; } = new(StanzaErrorType.Wait, "unexpected-request");

    /// <summary>What the sender may do.</summary>
    public StanzaErrorType Type { get; }

    /// <summary>The defined condition: a local name in <see cref="Ns.StanzaErrors"/>.</summary>
    public string Condition { get; }

    /// <summary>A text for people, in English, or null.</summary>
    public string? Text { get; }

    /// <summary>The application-specific condition: one whole element, or empty.</summary>
    public ReadOnlyMemory<byte> Extension { get; }

    /// <summary>What stands in the condition (the new address of <c>gone</c> and <c>redirect</c>), or null.</summary>
    public string? Content { get; }

    /// <summary>It is at another address for good (§8.3.3.5).</summary>
    public static StanzaError MovedTo(string uri) => new(StanzaErrorType.Cancel, "gone", content: uri);

    /// <summary>Ask at another address, temporarily (§8.3.3.14).</summary>
    public static StanzaError Redirect(string uri) => new(StanzaErrorType.Modify, "redirect", content: uri);

    /// <summary>The same with a text for people.</summary>
    public StanzaError With(string text) => new(Type, Condition, text, Extension, Content);

    /// <summary>The same with another type.</summary>
    public StanzaError With(StanzaErrorType type) => new(type, Condition, Text, Extension, Content);

    /// <summary>The same with an application-specific condition: one whole element as UTF-8.</summary>
    public StanzaError WithExtension(ReadOnlyMemory<byte> element) => new(Type, Condition, Text, element, Content);

    /// <summary>The same with an application-specific condition: an empty element.</summary>
    public StanzaError WithExtension(string name, string ns)
    {
        using var xml = new XmlBuilder();
        return WithExtension(xml.Empty(System.Text.Encoding.UTF8.GetBytes(name), ns).ToArray());
    }

    /// <summary>Writes the <c>error</c> element.</summary>
    public void WriteTo(XmlBuilder xml)
    {
        xml.Open("error"u8).Attribute("type"u8, Token(Type));
        byte[] condition = System.Text.Encoding.UTF8.GetBytes(Condition);
        xml.Open(condition, Ns.StanzaErrors);
        if (Content is not null)
        {
            xml.Text(Content);
        }

        xml.Close(condition);
        if (Text is not null)
        {
            xml.Open("text"u8, Ns.StanzaErrors).Attribute("xml:lang"u8, "en"u8).Text(Text).Close("text"u8);
        }

        xml.Raw(Extension.Span).Close("error"u8);
    }

    /// <inheritdoc/>
    public override string ToString() => Text is null ? Condition : Condition + ": " + Text;

    private static ReadOnlySpan<byte> Token(StanzaErrorType type) => type switch
    {
        StanzaErrorType.Auth => "auth"u8,
        StanzaErrorType.Cancel => "cancel"u8,
        StanzaErrorType.Continue => "continue"u8,
        StanzaErrorType.Modify => "modify"u8,
        _ => "wait"u8,
    };
}
