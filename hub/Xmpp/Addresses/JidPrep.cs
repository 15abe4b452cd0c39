using System.Diagnostics.CodeAnalysis;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Addresses;

/// <summary>
/// Prepares XMPP addresses (RFC 7622): the localpart by UsernameCaseMapped, the resourcepart by OpaqueString (RFC 8265), the domainpart by
/// UTS 46 mapping and the IDNA2008 label rules. What it returns may be compared octet by octet. Thread-safe; never throws on bad input.
/// </summary>
public static class JidPrep
{
    /// <summary>The most octets of UTF-8 that one part may have (RFC 7622 §3.2–3.4).</summary>
    public const int MaxPartBytes = 1023;

    /// <summary>Splits (RFC 7622 §3.1) and prepares a whole address in UTF-8; false when it is no address.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out Jid? jid) => throw new NotImplementedException();

    /// <summary>Splits (RFC 7622 §3.1) and prepares a whole address; false when it is no address.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Jid? jid) => throw new NotImplementedException();

    /// <summary>Prepares a localpart (RFC 7622 §3.3); false when empty, too long or disallowed.</summary>
    public static bool TryLocalpart(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? localpart) => throw new NotImplementedException();

    /// <summary>Prepares a domainpart (RFC 7622 §3.2): a name, an IPv4 address or an IPv6 address in brackets.</summary>
    public static bool TryDomainpart(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? domainpart) => throw new NotImplementedException();

    /// <summary>Prepares a resourcepart (RFC 7622 §3.4); false when empty, too long or disallowed.</summary>
    public static bool TryResourcepart(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? resourcepart) => throw new NotImplementedException();
}
