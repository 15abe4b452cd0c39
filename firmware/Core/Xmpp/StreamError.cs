namespace IotXmpp.Xmpp;

/// <summary>The names of the stream error conditions (RFC 6120 §4.9.3).</summary>
public static class StreamError
{
    /// <summary>Cannot be processed (§4.9.3.1).</summary>
    public const string BadFormat = "bad-format";
    /// <summary>Prefix unknown or missing (§4.9.3.2).</summary>
    public const string BadNamespacePrefix = "bad-namespace-prefix";
    /// <summary>Another session took the place (§4.9.3.3).</summary>
    public const string Conflict = "conflict";
    /// <summary>Believed dead (§4.9.3.4).</summary>
    public const string ConnectionTimeout = "connection-timeout";
    /// <summary>The domain is served no longer (§4.9.3.5).</summary>
    public const string HostGone = "host-gone";
    /// <summary>The domain is not served (§4.9.3.6).</summary>
    public const string HostUnknown = "host-unknown";
    /// <summary>'to' or 'from' is missing or wrong (§4.9.3.7).</summary>
    public const string ImproperAddressing = "improper-addressing";
    /// <summary>The server's own fault (§4.9.3.8).</summary>
    public const string InternalServerError = "internal-server-error";
    /// <summary>A spoofed 'from' (§4.9.3.9).</summary>
    public const string InvalidFrom = "invalid-from";
    /// <summary>Wrong stream namespace (§4.9.3.10).</summary>
    public const string InvalidNamespace = "invalid-namespace";
    /// <summary>Not valid by a schema (§4.9.3.11).</summary>
    public const string InvalidXml = "invalid-xml";
    /// <summary>Stanza before authentication (§4.9.3.12).</summary>
    public const string NotAuthorized = "not-authorized";
    /// <summary>Not well-formed (§4.9.3.13).</summary>
    public const string NotWellFormed = "not-well-formed";
    /// <summary>Against a policy, such as a size (§4.9.3.14).</summary>
    public const string PolicyViolation = "policy-violation";
    /// <summary>The other server cannot be reached (§4.9.3.15).</summary>
    public const string RemoteConnectionFailed = "remote-connection-failed";
    /// <summary>Reconnect: features or keys have changed (§4.9.3.16).</summary>
    public const string Reset = "reset";
    /// <summary>Out of resources (§4.9.3.17).</summary>
    public const string ResourceConstraint = "resource-constraint";
    /// <summary>Comment, DTD, processing instruction or entity (§4.9.3.18).</summary>
    public const string RestrictedXml = "restricted-xml";
    /// <summary>Go to another host (§4.9.3.19).</summary>
    public const string SeeOtherHost = "see-other-host";
    /// <summary>The server goes down (§4.9.3.20).</summary>
    public const string SystemShutdown = "system-shutdown";
    /// <summary>None of the others (§4.9.3.21).</summary>
    public const string UndefinedCondition = "undefined-condition";
    /// <summary>Not UTF-8 (§4.9.3.22).</summary>
    public const string UnsupportedEncoding = "unsupported-encoding";
    /// <summary>A required feature is not supported (§4.9.3.23).</summary>
    public const string UnsupportedFeature = "unsupported-feature";
    /// <summary>A stanza kind that does not exist (§4.9.3.24).</summary>
    public const string UnsupportedStanzaType = "unsupported-stanza-type";
    /// <summary>A version below 1.0 (§4.9.3.25).</summary>
    public const string UnsupportedVersion = "unsupported-version";

    /// <summary>The condition for what a parser refused.</summary>
    public static string Of(Xml.XmlError error)
    {
        switch (error)
        {
            case Xml.XmlError.RestrictedXml: return RestrictedXml;
            case Xml.XmlError.BadEncoding: return UnsupportedEncoding;
            case Xml.XmlError.BadNamespacePrefix: return BadNamespacePrefix;
            case Xml.XmlError.LimitExceeded: return PolicyViolation;
            default: return NotWellFormed;
        }
    }
}
