using System.Text;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>Elements in a <c>body</c>: stanzas say their namespace (XEP-0206 §8). It remembers the stream error that went by, since the <c>body</c> must say that too.</summary>
internal sealed class BoshFraming : IElementFraming
{
    /// <summary>The condition of the stream error that was sent, or null.</summary>
    public string? StreamError { get; private set; }

    public int Overhead => WebElements.Overhead;

    public int Frame(Span<byte> target, int length)
    {
        ReadOnlySpan<byte> opening = "<stream:error><"u8;
        if (target[..length].StartsWith(opening))
        {
            ReadOnlySpan<byte> condition = target[opening.Length..length];
            StreamError = Encoding.ASCII.GetString(condition[..condition.IndexOfAny(" />"u8)]);
        }

        return WebElements.Declare(target, length);
    }
}
