namespace IotXmpp.Hub.Transport;

/// <summary>
/// Elements of a stream without its start tag around them: stanzas say their namespace, and elements with the prefix <c>stream</c> say what that means (RFC 7395
/// §3.3.2, XEP-0206 §8).
/// </summary>
internal static class WebElements
{
    /// <summary>By how many bytes an element may grow.</summary>
    public const int Overhead = 64;

    private static ReadOnlySpan<byte> Client => " xmlns='jabber:client'"u8;

    private static ReadOnlySpan<byte> Stream => " xmlns:stream='http://etherx.jabber.org/streams'"u8;

    /// <summary>What has to be said in the start tag of an element that the hub wrote for a stream, and where.</summary>
    /// <param name="element">The element.</param>
    /// <param name="at">Behind its name.</param>
    public static ReadOnlySpan<byte> Declaration(ReadOnlySpan<byte> element, out int at)
    {
        at = 0;
        if (element.StartsWith("<stream:"u8))
        {
            at = element.IndexOfAny(" />"u8);
            return Stream;
        }

        ReadOnlySpan<byte> name = element.Length < 4 ? default : element[1] switch
        {
            (byte)'m' => "<message"u8,
            (byte)'p' => "<presence"u8,
            (byte)'i' => "<iq"u8,
            _ => default,
        };
        if (name.IsEmpty || !element.StartsWith(name) || element[name.Length] is not ((byte)' ' or (byte)'/' or (byte)'>'))
        {
            return default;
        }

        at = name.Length;
        return Client;
    }

    /// <summary>Inserts the declaration; returns the new length.</summary>
    /// <param name="target">The element, then <see cref="Overhead"/> bytes of room.</param>
    /// <param name="length">The element's length.</param>
    public static int Declare(Span<byte> target, int length)
    {
        ReadOnlySpan<byte> declaration = Declaration(target[..length], out int at);
        if (!declaration.IsEmpty)
        {
            target[at..length].CopyTo(target[(at + declaration.Length)..]);
            declaration.CopyTo(target[at..]);
        }

        return length + declaration.Length;
    }
}
