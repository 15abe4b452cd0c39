using System.Text;
using IotXmpp.Fuzz.Engine;
using IotXmpp.Hub.Federation;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.TestKit.Corpus;
using IotXmpp.Xmpp;

namespace IotXmpp.Fuzz.Targets;

/// <summary>Data forms and result sets.</summary>
internal sealed class FormsTarget : XmlTarget
{
    public override string Name => "forms";

    public override string Holds => "a form that is read is within its limits, and is the same when written and read again; a page has one place only";

    public override IEnumerable<byte[]> Seeds() =>
    [
        Utf8("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>urn:a</value></field><field var='a'><value>1</value><value>2</value></field></x>"),
        Utf8("<x xmlns='jabber:x:data' type='form'><title>t</title><instructions>i</instructions><field var='b' type='list-single' label='l'><required/><option label='o'><value>1</value></option><option><value>2</value></option><value>1</value></field><field type='fixed'><value>f</value></field></x>"),
        Utf8("<x xmlns='jabber:x:data' type='result'><reported><field var='a'/></reported><item><field var='a'><value>1</value></field></item></x><x xmlns='jabber:x:data' type='cancel'/>"),
        Utf8("<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>10</max><after>x</after></set></query>"),
        Utf8("<query><set xmlns='http://jabber.org/protocol/rsm'><max>0</max><index>3</index></set></query><query><set xmlns='http://jabber.org/protocol/rsm'><before/></set></query>"),
        .. Sample.All.Where(s => s.Key.StartsWith("xep0004", StringComparison.Ordinal) && s.Value.Verdict == Verdict.Ok).Select(s => s.Value.Document[Sample.Root.Length..]),
    ];

    public override ulong Run(byte[] input, Random dice)
    {
        var (error, elements) = Elements(input);
        var kind = Kind((int)error, Size(elements.Count));
        var all = new Stack<Element>(elements);
        while (all.TryPop(out var element))
        {
            foreach (var child in element.Children)
            {
                all.Push(child);
            }

            var isGood = ResultSetRequest.TryRead(element, out var page);
            Hold(!isGood || page is null || new[] { page.After, page.Before, page.Index?.ToString() }.Count(p => p is not null) <= 1, "a page has one place");
            Hold(page?.Max is null or >= 0 && page?.Index is null or >= 0, "numbers of a page are not negative");
            var form = DataForm.Read(element);
            kind ^= Kind(isGood ? 1 : 0, page is null ? 0 : 1, form is null ? -1 : (int)form.Type, form is null ? 0 : Size(form.Fields.Count));
            if (form is not null)
            {
                Hold(form.Fields.Count <= DataForm.FieldLimit && form.Fields.All(f => f.Values.Count <= DataForm.ValueLimit), "over the limits");
                Hold(form.Fields.All(f => f.Var.Length > 0 && f.Var != "FORM_TYPE" && ReferenceEquals(form[f.Var], f)), "each name once");
                var again = DataForm.Read(Element.Parse(form.ToBytes(), "jabber:client"u8));
                Hold(again is not null && Words(again) == Words(form), $"written and read it is another: {Words(form)} / {(again is null ? "none" : Words(again))}");
            }
        }

        return kind;
    }

    private static new string Words(DataForm form) => $"{form.Type} {form.FormType} {form.Title} {form.Instructions} " + string.Join(';', form.Fields.Select(f =>
        $"{f.Var}/{(form.Type == FormType.Submit ? null : f.Type)}/{f.Label}/{f.IsRequired && form.Type == FormType.Form}/{string.Join('|', f.Values)}/{string.Join('|', f.Options)}"));
}

/// <summary>Start tags of streams: clients', servers', components', and <c>open</c> of WebSocket.</summary>
internal sealed class HeadersTarget : XmlTarget
{
    private static readonly Jid Domain = new("", "example.org", "");

    public override string Name => "headers";

    public override string Holds => "a header is read, or is worth an error that RFC 6120 names; addresses in it are addresses";

    public override IEnumerable<byte[]> Seeds() =>
    [
        Utf8("<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='a@example.org' to='example.org' version='1.0' xml:lang='en'>"),
        Utf8("<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' id='x' from='a.example' to='example.org' version='1.0'>"),
        Utf8("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='irc.example.org'>"),
        Utf8("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>"),
        Utf8("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='other.example' from='\u00e4@b/c' version='2.99' xml:lang='de-CH'/>"),
    ];

    public override ulong Run(byte[] input, Random dice)
    {
        var kind = 0UL;
        foreach (var framed in new[] { false, true })
        {
            var tokenizer = new StreamTokenizer(65_536, 64, 64, framed);
            var token = tokenizer.Next(input);
            kind = (kind * 31) + Kind((int)token.Kind, (int)token.Error);
            if (token.Kind != (framed ? TokenKind.Element : TokenKind.StreamStart))
            {
                continue;
            }

            var tag = input.AsSpan(token.Start, token.Length);
            var header = framed ? StreamHeader.ReadFramed(tag, Domain) : StreamHeader.Read(tag, Domain);
            Hold(header.Error is not null || header.From is null || header.From.Domain == "example.org", "from is of the domain");
            Hold(header.Language is null or { Length: <= 200 }, "the language is short");
            kind = (kind * 31) + Kind(HashCode(header.Error ?? ""), header.From is null ? 0 : 1, header.Language is null ? 0 : 1);
            foreach (var ns in framed ? [] : new[] { "jabber:server", "jabber:component:accept" })
            {
                var peer = PeerHeader.Read(tag, ns);
                Hold(peer.From is null || Hub.Addresses.JidPrep.TryDomainpart(peer.From, out var from) && from == peer.From, $"from is a domain: {peer.From}");
                Hold(peer.To is null || Hub.Addresses.JidPrep.TryDomainpart(peer.To, out var to) && to == peer.To, $"to is a domain: {peer.To}");
                kind = (kind * 31) + Kind(HashCode(peer.Error ?? ""), peer.IsVersion1 ? 1 : 0, peer.HasDialback ? 1 : 0);
            }
        }

        return kind;
    }
}

/// <summary>Keys of server dialback. An input is lines: key, receiving and originating domain, stream id.</summary>
internal sealed class DialbackTarget : FuzzTarget
{
    private readonly Dialback _dialback = new("secret"u8.ToArray());

    public override string Name => "dialback";

    public override string Holds => "a key is the hub's own for one pair of domains on one stream, and for nothing else; what is written of any text is an element";

    public override IReadOnlyList<byte[]> Words => [.. new[] { "\n", " ", "hub.example", "peer.example", "s1", "<", "&", "\u00a0", "\ufeff" }.Select(Utf8)];

    public override IEnumerable<byte[]> Seeds()
    {
        foreach (var (to, from, id) in new[] { ("hub.example", "peer.example", "s1"), ("a", "b c", "d"), ("a b", "c", "d"), ("", "", "") })
        {
            yield return Utf8($"{_dialback.KeyFor(to, from, id)}\n{to}\n{from}\n{id}");
        }
    }

    public override ulong Run(byte[] input, Random dice)
    {
        var lines = Encoding.UTF8.GetString(input).Split('\n', 4);
        var (key, to, from, id) = (lines[0], lines.ElementAtOrDefault(1) ?? "", lines.ElementAtOrDefault(2) ?? "", lines.ElementAtOrDefault(3) ?? "");
        var isOurs = _dialback.IsOurs(key, to, from, id);
        Hold(isOurs == (key.Trim() == _dialback.KeyFor(to, from, id)), "a key is the whole key");
        // XEP-0185 §3 joins by spaces, which no domain and no id of ours has; the parts then tell themselves apart.
        Hold(!isOurs || to.Contains(' ') || from.Contains(' ') || !_dialback.IsOurs(key, to + "x", from, id), "a key is for one domain");
        if (!text(to) || !text(from) || !text(id) || !text(key))
        {
            return Kind(1);
        }

        using var xml = new XmlBuilder();
        Dialback.Write(xml, "db:verify"u8, from, to, id, null, key);
        byte[] document = [.. "<stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams'>"u8, .. xml.ToArray(), .. "</stream:stream>"u8];
        var element = System.Xml.Linq.XElement.Parse(Encoding.UTF8.GetString(document), System.Xml.Linq.LoadOptions.PreserveWhitespace).Elements().Single();
        Hold((string?)element.Attribute("from") == from && (string?)element.Attribute("to") == to && (string?)element.Attribute("id") == id, $"what was written is read: {element}");
        return Kind(isOurs ? 2 : 3, Size(input.Length), Size(key.Length));

        // What no tokenizer lets through is not written either.
        static bool text(string s) => s.All(c => c >= 0x20 && !char.IsSurrogate(c) && c < 0xFFFE);
    }
}
