using System.Security.Cryptography.X509Certificates;
using System.Text;
using IotXmpp.Host;
using IotXmpp.Sasl;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.LogIn;

/// <summary>The firmware's client and the real hub, over TLS: SASL2, tokens, Bind 2, resumption in one round trip (wire profile, session and sizes).</summary>
public sealed class QuickLogInTests : IAsyncLifetime, IDisposable
{
    private const string Name = "esp32-a4cf12";
    private const int Bound = 1600;

    private readonly MemorySettings _settings = new();
    private readonly List<WireTransport> _transports = [];
    private HubHost _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync();
        await _hub.AddAccountAsync(Name, "pencil");
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    public void Dispose() => _transports.ForEach(t => t.Dispose());

    [Theory]
    [InlineData(false, "HT-SHA-256-NONE")]
    [InlineData(true, "HT-SHA-256-ENDP")]
    public void A_reconnect_with_a_token_takes_one_round_trip_and_few_bytes(bool bindsChannel, string mechanism)
    {
        var wire = Start(bindsChannel);
        wire.PumpUntil(() => wire.Client.IsOnline);
        Assert.Equal($"{Name}@hub.test/thing", wire.Client.Jid.ToString());
        Assert.Equal(mechanism == "HT-SHA-256-ENDP", Kept().IsBound);
        Assert.Equal("xmpp-client", wire.Protocol);

        for (var i = 0; i < 2; i++)
        {
            wire.Client.Drop();
            var events = new Events();
            wire.Client.AddListener(events);
            wire.PumpUntil(() => wire.Client.IsOnline);
            Assert.True(events.Resumed);
            Assert.Equal(1, wire.Flights);
            Assert.InRange(wire.Sent + wire.Received, 1, Bound);
            TestContext.Current.TestOutputHelper?.WriteLine($"resumed: {wire.Sent} + {wire.Received} bytes");
        }
    }

    [Fact]
    public void After_a_restart_the_session_is_a_new_one_and_still_comes_in_one_round_trip()
    {
        var first = Start();
        first.PumpUntil(() => first.Client.IsOnline);
        first.Dispose();

        var again = Start();
        again.PumpUntil(() => again.Client.IsOnline);
        Assert.Equal(1, again.Flights);
        Assert.InRange(again.Sent + again.Received, 1, Bound);
        TestContext.Current.TestOutputHelper?.WriteLine($"bound: {again.Sent} + {again.Received} bytes");
        Assert.Equal($"{Name}@hub.test/thing", again.Client.Jid.ToString());
        again.Client.BeginMessage(again.Client.Jid, "chat", "m1").Element("body", "to myself");
        again.Client.Commit();
        var events = new Events();
        again.Client.AddHandler(events);
        again.PumpUntil(() => events.Messages > 0 || !again.Client.IsOnline);
        Assert.Equal(1, events.Messages);
    }

    [Fact]
    public async Task A_token_of_the_old_password_is_refused_and_the_new_password_follows_on_the_same_connection()
    {
        var first = Start();
        first.PumpUntil(() => first.Client.IsOnline);
        var token = Kept().Token;
        first.Dispose();
        await _hub.ChangePasswordAsync(Name, "sharper");

        var again = Start(password: "sharper");
        again.PumpUntil(() => again.Client.IsOnline);
        Assert.Equal(1, again.Connections);
        Assert.NotEqual(Encoding.UTF8.GetString(token), Encoding.UTF8.GetString(Kept().Token));
    }

    [Fact]
    public async Task A_disabled_account_does_not_come_back_by_its_token()
    {
        var first = Start();
        first.PumpUntil(() => first.Client.IsOnline);
        first.Dispose();
        await _hub.DisableAsync(Name);

        var again = Start(stopWhenRefused: true);
        again.PumpUntil(() => again.Client.State == ClientState.Stopped);
        Assert.Equal("account-disabled", again.Client.LastError.Condition);
    }

    [Fact]
    public void Keys_alone_open_the_account_and_no_password_is_needed()
    {
        var probe = Start();
        probe.PumpUntil(() => probe.Client.IsOnline);
        probe.Dispose();
        // what provisioning would have put on the device
        var scram = _settings.Read(ScramCache.Key)!;
        var salt = scram[(7 + Name.Length + 1)..(7 + Name.Length + 1 + scram[7 + Name.Length])];
        var keys = ScramKeys.Derive(DotNetHash.Instance, HashName.Sha256, Encoding.UTF8.GetBytes("pencil"), salt, ScramIterations(scram));

        var device = Start(password: "", settings: new MemorySettings(), keys: keys);
        device.PumpUntil(() => device.Client.IsOnline);
        Assert.Equal($"{Name}@hub.test/thing", device.Client.Jid.ToString());
    }

    private static int ScramIterations(byte[] record) => record[2] << 24 | record[3] << 16 | record[4] << 8 | record[5];

    private FastToken Kept() => new(_settings, new Jid(Name, "hub.test", null), DotNetRandom.Instance);

    private WireTransport Start(bool bindsChannel = false, string password = "pencil", bool stopWhenRefused = false, ISettings? settings = null, ScramKeys? keys = null)
    {
        var options = ClientOptions.ForThing(new Jid(Name, "hub.test", null), password);
        options.StopWhenRefused = stopWhenRefused;
        options.Keys = keys;
        var transport = new WireTransport(_hub.DirectTls!, "hub.test", HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!), bindsChannel);
        transport.Client = new XmppClient(options, transport, DotNetHash.Instance, DotNetRandom.Instance, settings ?? _settings);
        transport.Client.Start();
        _transports.Add(transport);
        return transport;
    }

    private sealed class Events : IClientListener, IStanzaHandler
    {
        public int Messages { get; private set; }

        public bool Resumed { get; private set; }

        public void StateChanged(XmppClient client, ClientState state)
        {
        }

        public void SessionStarted(XmppClient client, bool resumed) => Resumed = resumed;

        public void ConnectionLost(XmppClient client, ClientError reason)
        {
        }

        public bool Handle(XmppClient client, Stanza stanza)
        {
            Messages += stanza.Kind == StanzaKind.Message ? 1 : 0;
            return true;
        }

        public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
        {
        }
    }
}
