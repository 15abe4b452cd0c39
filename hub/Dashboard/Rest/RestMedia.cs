using Microsoft.Net.Http.Headers;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>Media types of bodies.</summary>
internal static class RestMedia
{
    /// <summary>Whether a Content-Type is this one, in UTF-8 where it is a text (RFC 8259 §8.1).</summary>
    public static bool Is(string? contentType, string wanted) =>
        MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
        && type.MediaType.Equals(wanted, StringComparison.OrdinalIgnoreCase)
        && (type.Charset.Length == 0 || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));
}
