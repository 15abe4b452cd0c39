using IotXmpp.Fuzz.Engine;
using IotXmpp.Fuzz.Readers;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.TestKit.Corpus;
using IotXmpp.Xml;
using CoreError = IotXmpp.Xml.XmlError;
using Element = IotXmpp.Hub.Xml.Element;
using HubError = IotXmpp.Hub.Xml.XmlError;

namespace IotXmpp.Fuzz.Targets;

/// <summary>What targets for XML have in common: the samples of tests/Corpus.</summary>
internal abstract class XmlTarget : FuzzTarget
{
    private static readonly string[] Texts =
    [
        "<", ">", "/>", "</", "&", "&amp;", "&lt;", "&#x41;", "&#0;", "&#x110000;", "&#xD800;", "&nbsp;", "<![CDATA[", "]]>", "<!--", "-->", "<?x?>", "<!DOCTYPE a>", "<!ENTITY", "<?xml version='1.0'?>",
        "<?xml version='1.0' encoding='UTF-8'?>", "encoding='latin1'", "xmlns=''", "xmlns='urn:a'", "xmlns:p='urn:p'", "xmlns:p=''", "xmlns:xml='urn:x'", "xmlns:xmlns='urn:x'", "xml:lang='en'", "p:a='1'",
        "a='1'", "id='1' id='2'", "<p:a/>", "</stream:stream>", "<stream:stream ", "xmlns:stream='http://etherx.jabber.org/streams'", "jabber:client", "\u00e4", "\U0001f600", "\u0000", "\u0001", "\ufffe", "\u2028",
    ];

    private static readonly byte[][] Extra = [[0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xFF]];

    public override IReadOnlyList<byte[]> Words { get; } = [.. Texts.Select(Utf8), .. Extra];

    public override IEnumerable<byte[]> Seeds() => Sample.All.Values.Select(s => s.Document).Where(d => d.Length <= MaxBytes);

    /// <summary>Positions at which the bytes are cut: each byte of short inputs, some of long ones.</summary>
    protected static IEnumerable<int> Cuts(int length, Random dice) =>
        length <= 200 ? Enumerable.Range(1, length) : Enumerable.Range(0, 6).Select(_ => dice.Next(length + 1)).Append(length).Order().Distinct();

    /// <summary>The elements that the tokenizer lets through within the root of a stream, and what it said at the end.</summary>
    protected static (HubError Error, List<Element> Elements) Elements(byte[] content)
    {
        byte[] document = [.. Utf8(Sample.Root), .. content];
        var tokenizer = new StreamTokenizer(262_144, 64, 64);
        var elements = new List<Element>();
        for (var at = 0; ;)
        {
            var token = tokenizer.Next(document.AsSpan(at));
            switch (token.Kind)
            {
                case TokenKind.Error:
                    return (token.Error, elements);
                case TokenKind.NeedMore or TokenKind.StreamEnd:
                    return (HubError.None, elements);
                case TokenKind.Element:
                    // As the stream does it: prefixes of its start tag are declared where they are used.
                    var element = document.AsSpan(at + token.Start, token.Length);
                    elements.Add(Element.Parse(token.IsPlain ? element : StreamPrefixes.Resolve(element, tokenizer.StreamPrefixes).Span, "jabber:client"u8));
                    break;
            }

            at += token.Start + token.Length;
        }
    }

    /// <summary>The shape of an element: names and how much there is.</summary>
    protected static int Shape(Element element) => HashCode(element.Name) ^ (Size(element.Attributes.Count) << 8) ^ (Size(element.Children.Count()) << 16);

    /// <summary>A hash that is the same in each process.</summary>
    protected static int HashCode(string text) => text.Aggregate(17, (hash, c) => unchecked((hash * 31) + c));

    /// <summary>
    /// The events of System.Xml, or null where it refuses. Names are judged by XML 1.0 in its fifth edition here, by the fourth there: where a character of a name is what it minds, there is no judge, and
    /// the answer is <paramref name="ours"/>.
    /// </summary>
    protected static string? Judge(byte[] document, string ours, bool stream = true)
    {
        try
        {
            return EventList.Read(document, stream: stream).ToString();
        }
        catch (System.Xml.XmlException e)
        {
            // xml:space has two values, and is valid with others no more than well-formed.
            return e.Message.Contains("xml:space", StringComparison.Ordinal) || (document.Any(b => b > 0x7F) && (e.Message.Contains("Name cannot begin with", StringComparison.Ordinal) || e.Message.Contains("cannot be included in a name", StringComparison.Ordinal)
                || e.Message.Contains("is an unexpected token", StringComparison.Ordinal) || e.Message.Contains("Expecting", StringComparison.Ordinal))) ? ours : null;
        }
    }
}

/// <summary>The hub's tokenizer and what reads behind it.</summary>
internal sealed class TokenizerTarget : XmlTarget
{
    public override string Name => "tokenizer";

    public override string Holds => "any split gives the same; what is taken means what System.Xml says; the firmware's parser agrees; written and read again it is the same";

    public override ulong Run(byte[] input, Random dice)
    {
        var (error, events) = HubEvents.Read(input);
        var pieces = HubEvents.Read(input, Cuts(input.Length, dice));
        Hold(pieces == (error, events) || IsBound(error, pieces.Error), $"the split makes a difference: {error} {pieces.Error}\n{events}\n{pieces.Events}");
        var core = CoreEvents.Read(input);
        if (error == HubError.None)
        {
            var judged = Judge(input, events);
            Hold(judged is not null, $"System.Xml refuses what the hub takes:\n{events}");
            Hold(judged == events, $"System.Xml reads something else:\n{judged}\nthan the hub:\n{events}");
        }

        // Text between stanzas is for the firmware's stream to judge, not for its parser; so is what is not there whole behind the end, which System.Xml minds.
        Hold(error != HubError.None || core.Error == CoreError.None, $"the hub takes what the firmware refuses: {core.Error}");
        var isWhole = core.Events.Length > 0 && input.AsSpan(input.AsSpan().LastIndexOf((byte)'>') + 1).Trim(" \r\n\t"u8).IsEmpty;
        Hold(!isWhole || core.Error != CoreError.None || error is HubError.None or HubError.BadFormat || Judge(input, "?") is null or "?", $"the firmware takes what the hub refuses: {error}");
        Again(input);
        return Kind((int)error, (int)core.Error, Size(input.Length), Size(events.Count(c => c == '\n')), HashCode(events.Length > 200 ? events[^200..] : events) & 0xFF);
    }

    // What is both too large and wrong is told as the one or the other, whichever is seen first.
    private static bool IsBound(HubError one, HubError other) => one != HubError.None && other != HubError.None && (one == HubError.PolicyViolation || other == HubError.PolicyViolation);

    // Element.Parse, and back.
    private static void Again(byte[] input)
    {
        foreach (var element in Elements(input).Elements)
        {
            var written = element.ToBytes("jabber:client");
            var read = Element.Parse(written, "jabber:client"u8);
            Hold(Judge(read.ToBytes(""), "") is { } meaning && meaning == Judge(element.ToBytes(""), ""), $"written again it is something else: {element}\n{read}");
            var (error, again) = Elements(written);
            Hold(error == HubError.None && again.Count == 1, $"the hub refuses what it has written: {error}: {element}");
        }
    }
}

/// <summary>The firmware's parser.</summary>
internal sealed class CoreTarget : XmlTarget
{
    public override string Name => "core";

    public override string Holds => "what is taken means what System.Xml says; wherever it lies in a buffer; no beginning of what is good is bad";

    public override IEnumerable<byte[]> Seeds() => base.Seeds().Select(d => d.AsSpan().StartsWith(Utf8(Sample.Root)) ? d[Sample.Root.Length..^"</stream:stream>".Length] : d);

    public override ulong Run(byte[] content, Random dice)
    {
        byte[] input = [.. "<r xmlns:p='urn:p'>"u8, .. content, .. "</r>"u8];
        var (error, events) = CoreEvents.Read(input);
        var offset = dice.Next(1, 50);
        byte[] padded = [.. Enumerable.Repeat((byte)'<', offset), .. input, .. "<x>"u8];
        var parser = new XmlPullParser(new XmlLimits { TagBytes = 262_144 });
        Hold(Walk(parser, padded, offset, input.Length) == Walk(new XmlPullParser(new XmlLimits { TagBytes = 262_144 }), input, 0, input.Length), "another place in the buffer makes a difference");
        if (error == CoreError.None && events.Length > 0)
        {
            // Without the stream's rules: white space between stanzas is text.
            var judged = Judge(input, events, stream: false);
            Hold(judged is not null, $"System.Xml refuses what the firmware takes:\n{events}");
            Hold(judged == events, $"System.Xml reads something else:\n{judged}\nthan the firmware:\n{events}");
            for (var i = 0; i < 20; i++)
            {
                var (cut, _) = Walk(new XmlPullParser(new XmlLimits { TagBytes = 262_144 }), input, 0, dice.Next(input.Length));
                Hold(cut == CoreError.None, $"a beginning of it is refused: {cut}");
            }
        }

        return Kind((int)error, Size(input.Length), Size(events.Length), HashCode(events.Length > 200 ? events[^200..] : events) & 0xFF);
    }

    private static (CoreError Error, int Tokens) Walk(XmlPullParser parser, byte[] buffer, int offset, int count)
    {
        parser.Reset(buffer, offset, count);
        for (var tokens = 0; ; tokens++)
        {
            switch (parser.Next())
            {
                case XmlToken.Error:
                    return (parser.Error, tokens);
                case XmlToken.NeedMore:
                    return (CoreError.None, tokens);
                case XmlToken.StartElement:
                    for (var i = 0; i < parser.AttributeCount; i++)
                    {
                        _ = parser.AttributeValue(i);
                    }

                    break;
                case XmlToken.Text:
                    _ = parser.Text;
                    break;
            }
        }
    }
}
