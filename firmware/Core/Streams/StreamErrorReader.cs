using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>What a stream error says (RFC 6120 §4.9), with the hub's hint when to come back.</summary>
internal sealed class StreamErrorReader
{
    private static readonly XmlName Retry = new XmlName(Ns.Drain, "retry");

    /// <summary>Reads the stream error that the parser stands on.</summary>
    internal StreamErrorReader(XmlPullParser parser)
    {
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(Retry))
            {
                HasRetry = parser.TryAttribute("after", out long after);
                RetryAfter = after;
                parser.TryAttribute("spread", out long spread);
                RetrySpread = spread;
            }
            else if (parser.NamespaceIs(Ns.StreamErrors))
            {
                if (parser.LocalIs("text"))
                {
                    Text = parser.ReadText();
                    continue;
                }
                Condition = parser.LocalName;
                Host = parser.ReadText();
            }
        }
    }

    internal string Condition { get; } = StreamError.UndefinedCondition;

    internal string Text { get; } = string.Empty;

    /// <summary>The text within the condition: of <c>see-other-host</c>, where to go.</summary>
    internal string Host { get; } = string.Empty;

    internal bool HasRetry { get; }

    internal long RetryAfter { get; }

    internal long RetrySpread { get; }
}
