using System.Security.Cryptography;
using System.Text;
using IotXmpp.Sasl;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Kit;

/// <summary>Dice that always show the same.</summary>
internal sealed class FixedRandom(byte value) : IRandom
{
    public byte Value { get; set; } = value;

    public void Fill(byte[] buffer) => Array.Fill(buffer, Value);
}

/// <summary>Settings in memory, which tests may look into.</summary>
internal sealed class TestSettings : ISettings
{
    public Dictionary<string, byte[]> Values { get; } = [];

    public int Writes { get; private set; }

    public byte[]? Read(string key) => Values.GetValueOrDefault(key);

    public void Write(string key, byte[]? value)
    {
        Writes++;
        if (value == null)
        {
            Values.Remove(key);
        }
        else
        {
            Values[key] = value;
        }
    }
}

/// <summary>Counts the expensive function.</summary>
internal sealed class CountingHash : PortableHash
{
    public int Derivations { get; private set; }

    public override byte[] Pbkdf2(HashName name, byte[] password, byte[] salt, int iterations)
    {
        Derivations++;
        return name == HashName.Sha1
            ? Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA1, 20)
            : Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, 32);
    }
}

/// <summary>A client with a server played by the test, in memory: what the client sends is read by <see cref="Sent"/>, what the server says by <see cref="Server"/>.</summary>
internal sealed class Harness : ITransport, IClientListener, IStanzaHandler
{
    public const string PlainHeader = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";
    public const string Header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='esp32-a4cf12@example.org' to='example.org' version='1.0'>";
    public const string ServerHeader = "<?xml version='1.0'?><stream:stream from='example.org' id='s1' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
    public const string Sasl = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism><mechanism>SCRAM-SHA-256</mechanism><mechanism>PLAIN</mechanism></mechanisms>";
    public const string Tls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    public const string BindFeatures = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
    public const string Sm = "<sm xmlns='urn:xmpp:sm:3'/>";
    public const string Enable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
    public const string Ask = "<r xmlns='urn:xmpp:sm:3'/>";

    private readonly StringBuilder _out = new();

    public Harness(Action<ClientOptions>? configure = null, bool secure = true, TestSettings? settings = null)
    {
        Options = ClientOptions.ForThing(new Jid("esp32-a4cf12", "example.org", null), "pencil");
        configure?.Invoke(Options);
        IsSecure = secure;
        Settings = settings ?? new TestSettings();
        Client = new XmppClient(Options, this, Hash, Random, Settings);
        Client.AddListener(this);
        Client.AddHandler(this);
    }

    public ClientOptions Options { get; }
    public CountingHash Hash { get; } = new();
    public FixedRandom Random { get; } = new(0x80);
    public TestSettings Settings { get; }
    public XmppClient Client { get; }
    public bool IsSecure { get; set; }
    public bool IsLoopback { get; set; }
    public byte[]? ChannelBinding { get; set; }
    public int Opened { get; private set; }
    public string OpenedHost { get; private set; } = string.Empty;
    public int OpenedPort { get; private set; }
    public int TlsStarted { get; private set; }
    public bool Closed { get; private set; }
    public long Now { get; set; } = 1000;
    public List<string> Events { get; } = [];
    public List<ClientState> States { get; } = [];
    public List<string> Received { get; } = [];
    public List<string> Lost { get; } = [];
    public Func<Stanza, bool>? OnStanza { get; set; }

    public void Open(string host, int port)
    {
        Opened++;
        Closed = false;
        (OpenedHost, OpenedPort) = (host, port);
    }

    public void Send(byte[] buffer, int offset, int count)
    {
        Assert.False(Closed, "nothing is sent after closing");
        _out.Append(Encoding.UTF8.GetString(buffer, offset, count));
    }

    public void StartTls() => TlsStarted++;

    public void Close() => Closed = true;

    /// <summary>What the client has sent since the last look.</summary>
    public string Sent()
    {
        var sent = _out.ToString();
        _out.Clear();
        return sent;
    }

    public void Expect(string expected) => Assert.Equal(expected, Sent());

    public void Server(string xml)
    {
        var bytes = Encoding.UTF8.GetBytes(xml);
        Client.Feed(bytes, 0, bytes.Length);
    }

    public void ServerByBytes(string xml)
    {
        foreach (var b in Encoding.UTF8.GetBytes(xml))
        {
            Client.Feed([b], 0, 1);
        }
    }

    public void After(long ms)
    {
        Now += ms;
        Client.Tick(Now);
    }

    public void Features(string features) => Server($"<stream:features>{features}</stream:features>");

    /// <summary>Connects and gets to where the client has sent its first header.</summary>
    public Harness Connect()
    {
        if (Client.State == ClientState.Stopped)
        {
            Client.Start();
        }
        After(0);
        Assert.Equal(ClientState.Connecting, Client.State);
        Client.Connected(Now);
        Expect(IsSecure ? Header : PlainHeader);
        return this;
    }

    /// <summary>SASL as the server should do it.</summary>
    public Harness Authenticate(string password = "pencil", string mechanism = "SCRAM-SHA-256")
    {
        Server(ServerHeader);
        Features(Sasl);
        var scram = new ScramServer(password, mechanism);
        Server(scram.Challenge(Sent()));
        Server(scram.Success(Sent()));
        Expect(IsSecure ? Header : PlainHeader);
        return this;
    }

    public Harness Bind(string features = BindFeatures + Sm, string id = "some-long-sm-id")
    {
        Server(ServerHeader);
        Features(features);
        Expect("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>thing</resource></bind></iq>");
        Server("<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>esp32-a4cf12@example.org/thing</jid></bind></iq>");
        if (features.Contains(Sm, StringComparison.Ordinal))
        {
            Expect(Enable);
            Server($"<enabled xmlns='urn:xmpp:sm:3' id='{id}' resume='true'/>");
        }
        Assert.Equal(ClientState.Online, Client.State);
        return this;
    }

    public Harness Online(string features = BindFeatures + Sm) => Connect().Authenticate().Bind(features);

    /// <summary>A session without stream management, for what has nothing to do with it.</summary>
    public Harness OnlinePlain() => Online(BindFeatures);

    void IClientListener.StateChanged(XmppClient client, ClientState state) => States.Add(state);

    void IClientListener.SessionStarted(XmppClient client, bool resumed) => Events.Add(resumed ? "resumed" : "started");

    void IClientListener.ConnectionLost(XmppClient client, ClientError reason) => Events.Add($"lost {reason.Kind} {reason.Condition}");

    void IClientListener.Undelivered(XmppClient client, byte[] buffer, int offset, int count) => Lost.Add(Encoding.UTF8.GetString(buffer, offset, count));

    bool IStanzaHandler.Handle(XmppClient client, Stanza stanza)
    {
        Received.Add(Encoding.UTF8.GetString(stanza.Buffer, stanza.Offset, stanza.Count));
        return OnStanza?.Invoke(stanza) ?? false;
    }
}

/// <summary>The server's side of SCRAM, made with .NET's functions alone.</summary>
internal sealed class ScramServer(string password, string mechanism, byte[]? binding = null)
{
    private readonly byte[] _salt = Encoding.ASCII.GetBytes("0123456789abcdef");
    private string _clientBare = string.Empty;
    private string _first = string.Empty;
    private string _header = string.Empty;

    public int Iterations { get; init; } = 4096;

    /// <summary>Added to the first message.</summary>
    public string Extension { get; init; } = "";

    private bool IsSha1 => mechanism.StartsWith("SCRAM-SHA-1", StringComparison.Ordinal) && !mechanism.StartsWith("SCRAM-SHA-256", StringComparison.Ordinal);

    public string Challenge(string auth)
    {
        var element = System.Xml.Linq.XElement.Parse(auth);
        Assert.Equal(mechanism, element.Attribute("mechanism")!.Value);
        var message = Encoding.UTF8.GetString(Convert.FromBase64String(element.Value));
        var at = message.IndexOf("n=", message.IndexOf(",,", StringComparison.Ordinal), StringComparison.Ordinal);
        _header = message[..at];
        _clientBare = message[at..];
        var nonce = _clientBare[(_clientBare.IndexOf(",r=", StringComparison.Ordinal) + 3)..];
        _first = $"r={nonce}server,s={Convert.ToBase64String(_salt)},i={Iterations}{Extension}";
        return $"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{Convert.ToBase64String(Encoding.UTF8.GetBytes(_first))}</challenge>";
    }

    /// <summary>Checks the proof and answers with success, or with failure when it is wrong.</summary>
    public string Success(string response)
    {
        var text = Encoding.UTF8.GetString(Convert.FromBase64String(System.Xml.Linq.XElement.Parse(response).Value));
        var at = text.LastIndexOf(",p=", StringComparison.Ordinal);
        var withoutProof = text[..at];
        byte[] bound = [.. Encoding.UTF8.GetBytes(_header), .. binding ?? []];
        Assert.StartsWith("c=" + Convert.ToBase64String(bound) + ",", withoutProof, StringComparison.Ordinal);
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, _salt, Iterations, IsSha1 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256, IsSha1 ? 20 : 32);
        var message = Encoding.UTF8.GetBytes($"{_clientBare},{_first},{withoutProof}");
        var clientKey = Hmac(salted, "Client Key"u8.ToArray());
        var signature = Hmac(Hash(clientKey), message);
        var proof = clientKey.Zip(signature, (a, b) => (byte)(a ^ b)).ToArray();
        if (!proof.SequenceEqual(Convert.FromBase64String(text[(at + 3)..])))
        {
            return "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>no</text></failure>";
        }
        var server = Convert.ToBase64String(Hmac(Hmac(salted, "Server Key"u8.ToArray()), message));
        return $"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{Convert.ToBase64String(Encoding.ASCII.GetBytes("v=" + server))}</success>";
    }

#pragma warning disable CA5350 // SCRAM-SHA-1 prescribes it
    private byte[] Hmac(byte[] key, byte[] data) => IsSha1 ? HMACSHA1.HashData(key, data) : HMACSHA256.HashData(key, data);

    private byte[] Hash(byte[] data) => IsSha1 ? SHA1.HashData(data) : SHA256.HashData(data);
#pragma warning restore CA5350
}
