using System.Text;

namespace IotXmpp.Hub.Features.Bytestreams;

/// <summary>What became of bytes that a client has sent (RFC 1928).</summary>
internal enum SocksStep
{
    /// <summary>More must come.</summary>
    More,

    /// <summary>It was taken: the answer is sent, and it goes on.</summary>
    Taken,

    /// <summary>It is refused: the answer, where there is one, is sent, and the connection closed.</summary>
    Refused,
}

/// <summary>
/// The part of SOCKS5 (RFC 1928) that XEP-0065 uses: no authentication, CONNECT to a name that is the SHA-1 hash of the bytestream in hexadecimal. Reads what came so far and says how much of it was used;
/// nothing is kept, and nobody is ever connected to.
/// </summary>
internal static class Socks5
{
    /// <summary>Bytes of the longest greeting: version, count, 255 methods.</summary>
    public const int MaxGreeting = 257;

    /// <summary>Bytes of a request for a bytestream: version, command, reserved, address type, length, 40 hexadecimal digits, port.</summary>
    public const int RequestLength = 47;

    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte NoMethod = 0xFF;
    private const byte Connect = 1;
    private const byte DomainName = 3;
    private const int HashLength = 40;

    private static readonly byte[] s_methodTaken = [Version, NoAuthentication];
    private static readonly byte[] s_methodRefused = [Version, NoMethod];

    /// <summary>Reads the greeting (RFC 1928 §3).</summary>
    /// <param name="bytes">What came so far.</param>
    /// <param name="used">How many bytes it took.</param>
    /// <param name="answer">What is sent; empty for none.</param>
    public static SocksStep Greet(ReadOnlySpan<byte> bytes, out int used, out ReadOnlyMemory<byte> answer)
    {
        used = 0;
        answer = default;
        if (bytes.IsEmpty)
        {
            return SocksStep.More;
        }

        if (bytes[0] != Version)
        {
            // SOCKS4, HTTP, TLS: nobody there would understand an answer.
            return SocksStep.Refused;
        }

        if (bytes.Length < 2 || bytes.Length < 2 + bytes[1])
        {
            return SocksStep.More;
        }

        used = 2 + bytes[1];
        bool isTaken = bytes[2..used].Contains(NoAuthentication);
        answer = isTaken ? s_methodTaken : s_methodRefused;
        return isTaken ? SocksStep.Taken : SocksStep.Refused;
    }

    /// <summary>Reads the request (RFC 1928 §4, XEP-0065 §9.5); what cannot be one is refused as soon as that is seen.</summary>
    /// <param name="bytes">What came so far, behind the greeting.</param>
    /// <param name="hash">The bytestream, in lower case; null where it was not taken.</param>
    /// <param name="refusal">The answer of a refusal (RFC 1928 §6).</param>
    public static SocksStep Request(ReadOnlySpan<byte> bytes, out string? hash, out SocksReply refusal)
    {
        hash = null;
        refusal = SocksReply.GeneralFailure;
        if (bytes.Length > 0 && bytes[0] != Version)
        {
            return SocksStep.Refused;
        }

        if (bytes.Length > 1 && bytes[1] != Connect)
        {
            // UDP associations are optional (§8), BIND has no place here.
            refusal = SocksReply.CommandNotSupported;
            return SocksStep.Refused;
        }

        if (bytes.Length > 3 && bytes[3] != DomainName)
        {
            refusal = SocksReply.AddressTypeNotSupported;
            return SocksStep.Refused;
        }

        if (bytes.Length > 4 && bytes[4] != HashLength)
        {
            refusal = SocksReply.NotAllowed;
            return SocksStep.Refused;
        }

        if (bytes.Length < RequestLength)
        {
            return SocksStep.More;
        }

        ReadOnlySpan<byte> name = bytes.Slice(5, HashLength);
        foreach (byte digit in name)
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                refusal = SocksReply.NotAllowed;
                return SocksStep.Refused;
            }
        }

        hash = Encoding.ASCII.GetString(name).ToLowerInvariant();
        return SocksStep.Taken;
    }

    /// <summary>The answer to a request: BND.ADDR and BND.PORT are those that were asked for (XEP-0065 §6.3.3).</summary>
    /// <param name="reply">What became of it.</param>
    /// <param name="request">The request, as far as it came.</param>
    public static byte[] Answer(SocksReply reply, ReadOnlySpan<byte> request) => request.Length >= RequestLength
        ? [Version, (byte)reply, 0, .. request[3..RequestLength]]
        : [Version, (byte)reply, 0, DomainName, 0, 0, 0];
}

/// <summary>The field REP of an answer (RFC 1928 §6).</summary>
internal enum SocksReply : byte
{
    Succeeded = 0,
    GeneralFailure = 1,
    NotAllowed = 2,
    CommandNotSupported = 7,
    AddressTypeNotSupported = 8,
}
