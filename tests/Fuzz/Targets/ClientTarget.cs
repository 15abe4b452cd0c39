using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using IotXmpp.Fuzz.Engine;
using IotXmpp.Sasl;
using IotXmpp.TestKit.Corpus;
using IotXmpp.Xmpp;

namespace IotXmpp.Fuzz.Targets;

/// <summary>The firmware's client, and a server that says anything.</summary>
internal sealed class ClientTarget : XmlTarget
{
    private const string Header = "<?xml version='1.0'?><stream:stream from='example.org' id='s1' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
    private const string Mechanisms = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>";

    public override string Name => "client";

    public override string Holds => "any split gives the same answers and the same end; nothing is sent after the connection was closed";

    public override IEnumerable<byte[]> Seeds()
    {
        var stanzas = Sample.All.Values.Where(s => s.Verdict == Verdict.Ok && s.Document.Length < 2000).Select(s => Encoding.UTF8.GetString(s.Document))
            .Where(text => text.StartsWith(Sample.Root, StringComparison.Ordinal)).Select(text => text[Sample.Root.Length..].Replace("</stream:stream>", "", StringComparison.Ordinal));
        yield return Session("");
        yield return Session("<iq type='get' id='p' from='example.org'><ping xmlns='urn:xmpp:ping'/></iq><r xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='1'/><stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
        yield return Utf8(Header + $"<stream:features>{Mechanisms}</stream:features><failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
        foreach (var few in stanzas.Chunk(3))
        {
            yield return Session(string.Concat(few));
        }
    }

    public override ulong Run(byte[] input, Random dice)
    {
        var whole = Play(input, [input.Length]);
        var pieces = Play(input, Cuts(input.Length, dice));
        // What is both too large and wrong is told as the one or the other, whichever is seen first.
        Hold((whole.Said == pieces.Said || (whole.Said + pieces.Said).Contains("<policy-violation ", StringComparison.Ordinal)) && whole.State == pieces.State, $"the split makes a difference: {whole.State} {pieces.State}\n{whole.Said}\n{pieces.Said}");
        return Kind((int)whole.State, Size(whole.Said.Length), HashCode(whole.Said.Length > 60 ? whole.Said[^60..] : whole.Said) & 0xFFF, whole.Closed ? 1 : 0);
    }

    private static (string Said, ClientState State, bool Closed) Play(byte[] input, IEnumerable<int> ends)
    {
        var wire = new Wire();
        var at = 0;
        foreach (var end in ends)
        {
            if (wire.Closed)
            {
                break;
            }

            wire.Client.Feed(input[at..end], 0, end - at);
            at = end;
        }

        return (wire.Said.ToString(), wire.Client.State, wire.Closed);
    }

    // What a good server says in a session, with these stanzas at its end.
    private static byte[] Session(string stanzas)
    {
        var wire = new Wire();
        var all = new StringBuilder();
        void Server(string xml)
        {
            all.Append(xml);
            wire.Said.Clear();
            var bytes = Encoding.UTF8.GetBytes(xml);
            wire.Client.Feed(bytes, 0, bytes.Length);
        }

        Server(Header);
        Server($"<stream:features>{Mechanisms}</stream:features>");
        var first = Encoding.UTF8.GetString(Convert.FromBase64String(XElement.Parse(wire.Said.ToString()).Value));
        var bare = first[first.IndexOf("n=", first.IndexOf(",,", StringComparison.Ordinal), StringComparison.Ordinal)..];
        var challenge = $"r={bare[(bare.IndexOf(",r=", StringComparison.Ordinal) + 3)..]}server,s={Convert.ToBase64String("0123456789abcdef"u8)},i=4096";
        Server($"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{Convert.ToBase64String(Encoding.UTF8.GetBytes(challenge))}</challenge>");
        var final = Encoding.UTF8.GetString(Convert.FromBase64String(XElement.Parse(wire.Said.ToString()).Value));
        var message = $"{bare},{challenge},{final[..final.LastIndexOf(",p=", StringComparison.Ordinal)]}";
        var salted = new QuickHash().Pbkdf2(HashName.Sha256, "pencil"u8.ToArray(), "0123456789abcdef"u8.ToArray(), 4096);
        var proof = Convert.ToBase64String(HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), Encoding.UTF8.GetBytes(message)));
        Server($"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{Convert.ToBase64String(Encoding.ASCII.GetBytes("v=" + proof))}</success>");
        Server(Header);
        Server("<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>");
        Server("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>esp32-a4cf12@example.org/thing</jid></bind></iq>");
        Server("<enabled xmlns='urn:xmpp:sm:3' id='some' resume='true'/>");
        if (wire.Client.State != ClientState.Online)
        {
            throw new InvalidOperationException($"the session of the seeds does not come about: {wire.Client.State}");
        }

        return Utf8(all + stanzas);
    }

    private sealed class Wire : ITransport
    {
        public Wire()
        {
            Client = new XmppClient(ClientOptions.ForThing(new Jid("esp32-a4cf12", "example.org", null), "pencil"), this, new QuickHash(), new Dice(), new NoSettings());
            Client.Start();
            Client.Tick(1000);
            Client.Connected(1000);
            Said.Clear();
        }

        public XmppClient Client { get; }

        public StringBuilder Said { get; } = new();

        public bool Closed { get; private set; }

        public bool IsSecure => true;

        public bool IsLoopback => true;

        public byte[]? ChannelBinding => null;

        public void Open(string host, int port)
        {
        }

        public void Send(byte[] buffer, int offset, int count)
        {
            Hold(!Closed, "something is sent after closing");
            Said.Append(Encoding.UTF8.GetString(buffer, offset, count));
        }

        public void StartTls() => Said.Append("(TLS)");

        public void Close() => Closed = true;
    }

    // Keys are as good as any for this purpose, and a thousand times quicker.
    private sealed class QuickHash : PortableHash
    {
        public override byte[] Digest(HashName name, byte[] data) => name == HashName.Sha256 ? SHA256.HashData(data) : base.Digest(name, data);

        public override byte[] Hmac(HashName name, byte[] key, byte[] data) => name == HashName.Sha256 ? HMACSHA256.HashData(key, data) : base.Hmac(name, key, data);

        public override byte[] Pbkdf2(HashName name, byte[] password, byte[] salt, int iterations) => Hmac(name, password, [.. salt, (byte)iterations]);
    }

    private sealed class Dice : IRandom
    {
        public void Fill(byte[] buffer) => Array.Fill(buffer, (byte)0x80);
    }

    private sealed class NoSettings : ISettings
    {
        public byte[]? Read(string key) => null;

        public void Write(string key, byte[] value)
        {
        }
    }
}
