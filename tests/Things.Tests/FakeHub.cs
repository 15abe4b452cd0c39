using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Esp32;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Things.Tests;

/// <summary>What the hub does with a publish.</summary>
internal enum PublishAnswer
{
    Store,
    StoreButLoseTheAnswer,
    IgnoreSilently,
    ItemNotFound,
    PreconditionNotMet,
    Forbidden,
    NotAcceptable,
}

/// <summary>As much of a hub as a thing sees, in memory: log-in, presence, publish, and stanzas that a test sends. It checks what it is sent and keeps it.</summary>
internal sealed class FakeHub : IVirtualServer
{
    public const string Domain = "hub.example";

    private readonly List<Peer> _peers = [];

    /// <summary>Answers for the next publishes, then <see cref="Default"/>.</summary>
    public Queue<PublishAnswer> Answers { get; } = new();

    /// <summary>Offers SCRAM-SHA-256 for the keys of this password, and nothing else; null offers PLAIN and believes everything.</summary>
    public DeviceKey? Key { get; set; }

    public PublishAnswer Default { get; set; } = PublishAnswer.Store;

    /// <summary>The payloads of the items, as they came.</summary>
    public List<Element> Items { get; } = [];

    public List<Element> Publishes { get; } = [];

    /// <summary>What was published on other nodes than that of telemetry.</summary>
    public List<(string Node, Element Config)> Configurations { get; } = [];

    public List<string> Subscriptions { get; } = [];

    public List<int> PublishBytes { get; } = [];

    public List<Element> Presences { get; } = [];

    public List<Element> Others { get; } = [];

    /// <summary>The image that is offered; null: pieces of it are not found.</summary>
    public byte[]? Image { get; set; }

    /// <summary>The pieces that were asked for: where they begin.</summary>
    public List<int> Chunks { get; } = [];

    /// <summary>What the thing said of its update: state and reason.</summary>
    public List<(string State, string? Reason)> Progress { get; } = [];

    /// <summary>Called before a stanza of the thing is handled, and after: a test lets the power fail there.</summary>
    public Action<bool>? Boundary { get; set; }

    /// <summary>The things that have announced themselves to the registry (XEP-0347).</summary>
    public List<Element> Registrations { get; } = [];

    /// <summary>Whom the registry has as owner; null for nobody.</summary>
    public string? Owner { get; set; }

    public int Sessions { get; private set; }

    public int OnlineCount => _peers.Count(p => p.Bound);

    /// <summary>Every stored sample, twice if it was stored twice: its time and the value of its first field, oldest first.</summary>
    public List<(DateTimeOffset Time, string Value)> Samples =>
        [.. Items.SelectMany(Timestamps).Select(t => (DateTimeOffset.Parse(t.Attribute("value")!, CultureInfo.InvariantCulture), t.ChildAt(0).Attribute("value")!)).Order()];

    public IVirtualPeer Accept(VirtualLink link)
    {
        var peer = new Peer(this, link);
        _peers.Add(peer);
        return peer;
    }

    public static IEnumerable<Element> Timestamps(Element fields)
    {
        Element node = fields.Child("node")!;
        for (int i = 0; i < node.ChildCount; i++)
        {
            yield return node.ChildAt(i);
        }
    }

    /// <summary>Forgets what it was sent, for a run that is long.</summary>
    public void Forget()
    {
        Items.Clear();
        Publishes.Clear();
        PublishBytes.Clear();
        Presences.Clear();
        Others.Clear();
    }

    /// <summary>Sends a stanza to the thing that is online.</summary>
    public void Send(string stanza) => _peers.Last(p => p.Bound).Send(stanza);

    public void CloseStream(string error) => _peers.Last(p => p.Bound).Send($"<stream:error>{error}</stream:error></stream:stream>", true);

    private void OnStanza(Peer peer, Element stanza, int bytes)
    {
        Boundary?.Invoke(false);
        Answer(peer, stanza, bytes);
        Boundary?.Invoke(true);
    }

    private void Answer(Peer peer, Element stanza, int bytes)
    {
        Element? publish = stanza.Child(Ns.PubSub, "pubsub")?.Child("publish");
        if (stanza.Name == "presence")
        {
            Presences.Add(stanza);
        }
        else if (publish?.Attribute("node") is { } node && !node.EndsWith("/telemetry", StringComparison.Ordinal))
        {
            Configurations.Add((node, publish.Child("item")!.Child(Ns.Thing, "config")!));
            peer.Send($"<iq type='result' id='{stanza.Attribute("id")}' from='{stanza.Attribute("to")}' to='{peer.Jid}'/>");
        }
        else if (stanza.Child(Ns.PubSub, "pubsub")?.Child("subscribe") is { } subscribe)
        {
            Subscriptions.Add(subscribe.Attribute("node")!);
            peer.Send($"<iq type='result' id='{stanza.Attribute("id")}' from='{stanza.Attribute("to")}' to='{peer.Jid}'/>");
        }
        else if (publish is not null)
        {
            PublishBytes.Add(bytes);
            OnPublish(peer, stanza, publish);
        }
        else if (stanza.Child(Ns.PubSub, "pubsub")?.Child("items") is { } items)
        {
            string last = Items.Count == 0 ? "" : $"<item id='x'>{Items[^1]}</item>";
            peer.Send($"<iq type='result' id='{stanza.Attribute("id")}' from='{stanza.Attribute("to")}'><pubsub xmlns='{Ns.PubSub}'><items node='{items.Attribute("node")}'>{last}</items></pubsub></iq>");
        }
        else if (stanza.Child(Ns.Ota, "chunk") is { } chunk)
        {
            int offset = int.Parse(chunk.Attribute("offset")!, CultureInfo.InvariantCulture);
            int length = int.Parse(chunk.Attribute("length")!, CultureInfo.InvariantCulture);
            Chunks.Add(offset);
            string head = $"id='{stanza.Attribute("id")}' from='{stanza.Attribute("to")}' to='{peer.Jid}'";
            peer.Send(Image is null
                ? $"<iq type='error' {head}><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
                : $"<iq type='result' {head}><chunk xmlns='{Ns.Ota}' id='{chunk.Attribute("id")}' offset='{offset}'>{Convert.ToBase64String(Image, offset, length)}</chunk></iq>");
        }
        else if (stanza.Child(Ns.Ota, "progress") is { } progress)
        {
            Progress.Add((progress.Attribute("state")!, progress.Attribute("reason")));
            peer.Send($"<iq type='result' id='{stanza.Attribute("id")}' from='{stanza.Attribute("to")}' to='{peer.Jid}'/>");
        }
        else if (stanza.Child(Ns.IotDiscovery, "register") is { } register)
        {
            Registrations.Add(register);
            string claimed = Owner is null ? "" : $"<claimed xmlns='{Ns.IotDiscovery}' jid='{Owner}'/>";
            peer.Send($"<iq type='result' id='{stanza.Attribute("id")}' from='{stanza.Attribute("to")}'>{claimed}</iq>");
        }
        else if (stanza.Name == "iq" && stanza.Attribute("type") == "get" && stanza.Child(Ns.Ping, "ping") is not null)
        {
            peer.Send($"<iq type='result' id='{stanza.Attribute("id")}' from='{Domain}'/>");
        }
        else
        {
            Others.Add(stanza);
        }
    }

    private void OnPublish(Peer peer, Element iq, Element publish)
    {
        Publishes.Add(iq);
        Element item = publish.Child("item")!;
        PublishAnswer answer = Answers.Count > 0 ? Answers.Dequeue() : Default;
        if (answer is PublishAnswer.Store or PublishAnswer.StoreButLoseTheAnswer)
        {
            Items.Add(item.Child(Ns.SensorData, "fields")!);
        }

        string? error = answer switch
        {
            PublishAnswer.ItemNotFound => "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            PublishAnswer.PreconditionNotMet => "<error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><precondition-not-met xmlns='http://jabber.org/protocol/pubsub#errors'/></error>",
            PublishAnswer.Forbidden => "<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            PublishAnswer.NotAcceptable => "<error type='modify'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            _ => null,
        };
        string head = $"id='{iq.Attribute("id")}' from='{iq.Attribute("to")}' to='{peer.Jid}'";
        if (error is not null)
        {
            peer.Send($"<iq type='error' {head}>{error}</iq>");
        }
        else if (answer == PublishAnswer.Store)
        {
            peer.Send($"<iq type='result' {head}/>");
        }
    }

    private sealed class Peer(FakeHub hub, VirtualLink link) : IVirtualPeer
    {
        private readonly XmlPullParser _parser = new(new XmlLimits());
        private readonly Stack<Element> _open = new();
        private byte[] _rest = [];
        private bool _authenticated;
        private string _scram = "";
        private bool _fresh = true;
        private int _bytes;

        public bool Bound { get; private set; }

        public string Jid { get; private set; } = "";

        public void Receive(ReadOnlySpan<byte> data)
        {
            byte[] all = [.. _rest, .. data];
            if (_fresh)
            {
                _parser.Reset(all, 0, all.Length);
                _fresh = false;
            }
            else
            {
                _parser.SetBuffer(all, 0, all.Length);
            }

            int start = _parser.Position;
            while (true)
            {
                XmlToken token = _parser.Next();
                if (token is XmlToken.NeedMore || _fresh)
                {
                    break;
                }

                Assert(token != XmlToken.Error, $"the thing sent what is no XML: {Encoding.UTF8.GetString(all)}");
                _bytes += _parser.Position - start;
                start = _parser.Position;
                On(token);
            }

            _rest = _fresh ? [] : all[_parser.Position..];
        }

        public void Closed() => hub._peers.Remove(this);

        public void Send(string xml, bool close = false)
        {
            link.ToClient(Encoding.UTF8.GetBytes(xml));
            if (close)
            {
                Closed();
                link.CloseFromServer();
            }
        }

        private static void Assert(bool condition, string message)
        {
            if (!condition)
            {
                throw new InvalidOperationException(message);
            }
        }

        private void On(XmlToken token)
        {
            switch (token)
            {
                case XmlToken.StartElement when _parser.Depth == 1:
                    Open();
                    break;
                case XmlToken.StartElement:
                    var element = new Element(_parser.NamespaceUri, _parser.LocalName);
                    for (int i = 0; i < _parser.AttributeCount; i++)
                    {
                        if (!_parser.IsDeclaration(i))
                        {
                            element.Set(_parser.AttributeName(i), _parser.AttributeValue(i));
                        }
                    }

                    if (_open.Count > 0)
                    {
                        _open.Peek().Add(element);
                    }

                    _open.Push(element);
                    break;
                case XmlToken.Text when _open.Count > 0:
                    _open.Peek().Text += _parser.Text;
                    break;
                case XmlToken.EndElement when _open.Count > 0:
                    Element ended = _open.Pop();
                    if (_open.Count == 0)
                    {
                        int bytes = _bytes;
                        _bytes = 0;
                        OnElement(ended, bytes);
                    }

                    break;
                case XmlToken.EndElement:
                    Send("</stream:stream>", true);
                    break;
                default:
                    break;
            }
        }

        private void Open()
        {
            _bytes = 0;
            Send($"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='{Domain}' id='s' version='1.0'>");
            Send(_authenticated
                ? "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>"
                : $"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>{(hub.Key is null ? "PLAIN" : "SCRAM-SHA-256")}</mechanism></mechanisms></stream:features>");
        }

        private void OnElement(Element element, int bytes)
        {
            if (hub.Key is not null && element.Is(Ns.Sasl, "auth"))
            {
                // RFC 5802 §7: the client's first message, without its header
                _scram = Encoding.UTF8.GetString(Convert.FromBase64String(element.Text))[3..];
                string challenge = $"r={_scram[(_scram.IndexOf("r=", StringComparison.Ordinal) + 2)..]}srv,s={Convert.ToBase64String(hub.Key.Keys.Salt)},i={hub.Key.Keys.Iterations}";
                _scram += "," + challenge;
                Send($"<challenge xmlns='{Ns.Sasl}'>{Convert.ToBase64String(Encoding.UTF8.GetBytes(challenge))}</challenge>");
            }
            else if (element.Is(Ns.Sasl, "response"))
            {
                string final = Encoding.UTF8.GetString(Convert.FromBase64String(element.Text));
                int at = final.IndexOf(",p=", StringComparison.Ordinal);
                byte[] message = Encoding.UTF8.GetBytes(_scram + "," + final[..at]);
                byte[] client = hub.Key!.Keys.ClientKey;
                byte[] signature = HMACSHA256.HashData(SHA256.HashData(client), message);
                if (!Convert.FromBase64String(final[(at + 3)..]).SequenceEqual(client.Zip(signature, (a, b) => (byte)(a ^ b))))
                {
                    Send($"<failure xmlns='{Ns.Sasl}'><not-authorized/></failure>");
                    return;
                }

                _authenticated = true;
                string proof = "v=" + Convert.ToBase64String(HMACSHA256.HashData(hub.Key.Keys.ServerKey, message));
                Send($"<success xmlns='{Ns.Sasl}'>{Convert.ToBase64String(Encoding.UTF8.GetBytes(proof))}</success>");
                _fresh = true;
            }
            else if (element.Is(Ns.Sasl, "auth"))
            {
                _authenticated = true;
                Send("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
                _fresh = true;
            }
            else if (element.Child(Ns.Bind, "bind") is { } bind)
            {
                // RFC 6120 §7.7.2.2 and the wire profile: a new session of the same thing replaces the old one.
                Assert(bind.ChildText("resource") == "thing", "a thing binds the resource thing");
                hub._peers.RemoveAll(p => p != this);
                hub.Sessions++;
                Bound = true;
                Jid = $"t1@{Domain}/thing";
                Send($"<iq type='result' id='{element.Attribute("id")}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{Jid}</jid></bind></iq>");
            }
            else
            {
                hub.OnStanza(this, element, bytes);
            }
        }
    }
}
