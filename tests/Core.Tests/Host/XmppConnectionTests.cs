using System.Net;
using System.Net.Sockets;
using IotXmpp.Core.Tests.Streams;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Core.Tests.Host;

public sealed class XmppConnectionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_over_TLS_from_log_in_to_closing(bool direct)
    {
        using var server = new LoopbackServer();
        await using var connection = Make(server, direct);
        var connecting = connection.ConnectAsync();
        using var peer = await server.AcceptAsync();
        await (direct ? peer.SecureAsync() : peer.StartTlsAsync());
        await peer.LogInAsync();
        await peer.BindAsync();
        await connecting.WaitAsync(Patience);
        Assert.Equal("bob@example.org/x", connection.Jid.ToString());
        await peer.UntilAsync("<presence/>");

        var asking = connection.DiscoInfoAsync(new Jid(null, "example.org", null));
        var request = await peer.UntilAsync("</iq>");
        await peer.SayAsync($"<iq type='result' id='{StreamManagementTests.Id(request)}' from='example.org'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='server' type='im'/><feature var='urn:xmpp:ping'/></query></iq>");
        var disco = await asking.WaitAsync(Patience);
        Assert.Equal(["server/im/"], disco.Identities);
        Assert.Contains("urn:xmpp:ping", disco.Features);

        var refused = connection.SendIqAsync("get", null, new Element("u:x", "x"));
        request = await peer.UntilAsync("</iq>");
        await peer.SayAsync($"<iq type='error' id='{StreamManagementTests.Id(request)}'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
        var error = await Assert.ThrowsAsync<StanzaException>(() => refused.WaitAsync(Patience));
        Assert.Equal("forbidden", error.Error.Condition);

        await using var messages = connection.Messages().GetAsyncEnumerator();
        var next = messages.MoveNextAsync().AsTask();
        await peer.SayAsync("<message from='a@b'><body>hello</body></message>");
        Assert.True(await next.WaitAsync(Patience));
        Assert.Equal("hello", messages.Current.ChildText("body"));

        var stopping = connection.StopAsync();
        await peer.UntilAsync("</stream:stream>");
        await peer.SayAsync("</stream:stream>");
        await stopping.WaitAsync(Patience);
        Assert.Equal(ClientState.Stopped, connection.State);
        await peer.UntilClosedAsync();
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused()
    {
        using var server = new LoopbackServer("other.example");
        await using var connection = Make(server, true);
        await RefusesHandshakeAsync(server, connection);
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_refused()
    {
        using var server = new LoopbackServer();
        using var other = new LoopbackServer();
        await using var connection = new XmppConnection(new HostOptions { Client = Client(), Server = server.Address(true), Authorities = other.Authorities });
        await RefusesHandshakeAsync(server, connection);
        await using var system = new XmppConnection(new HostOptions { Client = Client(), Server = server.Address(true) });
        await RefusesHandshakeAsync(server, system);
    }

    [Fact]
    public async Task A_wrong_password_is_one_clear_error()
    {
        using var server = new LoopbackServer();
        await using var connection = Make(server, true);
        var connecting = connection.ConnectAsync();
        using var peer = await server.AcceptAsync();
        await peer.SecureAsync();
        await peer.LogInAsync("other");
        var error = await Assert.ThrowsAsync<ConnectionException>(() => connecting.WaitAsync(Patience));
        Assert.Equal("the server refused name or password", error.Message);
        Assert.Equal(ClientState.Stopped, connection.State);
    }

    [Fact]
    public async Task Nobody_there_is_one_clear_error()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        await using var connection = new XmppConnection(new HostOptions { Client = Client(), Server = ServerAddress.Parse($"xmpp://127.0.0.1:{port}") });
        var error = await Assert.ThrowsAsync<ConnectionException>(() => connection.ConnectAsync().WaitAsync(Patience));
        Assert.Contains($"xmpp://127.0.0.1:{port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_server_does_not_hang_it_and_cancelling_works()
    {
        using var server = new LoopbackServer();
        var options = Client();
        options.ConnectTimeoutSeconds = 1;
        await using var connection = new XmppConnection(new HostOptions { Client = options, Server = server.Address(true), Authorities = server.Authorities });
        var connecting = connection.ConnectAsync();
        using var peer = await server.AcceptAsync(); // and no handshake
        await Assert.ThrowsAsync<ConnectionException>(() => connecting.WaitAsync(Patience));

        await using var second = Make(server, false);
        using var cancel = new CancellationTokenSource();
        var trying = second.ConnectAsync(cancellationToken: cancel.Token);
        using var other = await server.AcceptAsync();
        await other.UntilAsync("version='1.0'>");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trying.WaitAsync(Patience));
        Assert.Equal(ClientState.Stopped, second.State);
    }

    [Fact]
    public async Task A_cut_connection_is_resumed_and_nothing_is_lost()
    {
        using var server = new LoopbackServer();
        await using var connection = Make(server, true, o => o.Reconnect = true);
        var resumed = new TaskCompletionSource();
        connection.SessionStarted += again =>
        {
            if (again)
            {
                resumed.TrySetResult();
            }
        };
        connection.ConnectionLost += _ => connection.Client.ReconnectNow();
        var connecting = connection.ConnectAsync();
        using (var peer = await server.AcceptAsync())
        {
            await peer.SecureAsync();
            await peer.LogInAsync();
            await peer.BindAsync();
            await connecting.WaitAsync(Patience);
            await connection.SendAsync(new Element(Ns.Client, "message").Set("to", "a@b").Set("id", "m1"));
            await peer.UntilAsync("<message to='a@b' id='m1'/>");
        }
        using var again = await server.AcceptAsync();
        await again.SecureAsync();
        await again.LogInAsync();
        await again.UntilAsync("version='1.0'>");
        await again.SayAsync(Kit.Harness.ServerHeader + $"<stream:features>{Kit.Harness.BindFeatures}{Kit.Harness.Sm}</stream:features>");
        await again.UntilAsync("<resume xmlns='urn:xmpp:sm:3' h='0' previd='some-long-sm-id'/>");
        await again.SayAsync("<resumed xmlns='urn:xmpp:sm:3' previd='some-long-sm-id' h='1'/>"); // the presence arrived, the message did not
        await again.UntilAsync("<message to='a@b' id='m1'/>");
        await resumed.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task An_IQ_without_answer_times_out()
    {
        using var server = new LoopbackServer();
        await using var connection = Make(server, true);
        var connecting = connection.ConnectAsync();
        using var peer = await server.AcceptAsync();
        await peer.SecureAsync();
        await peer.LogInAsync(plus: false);
        await peer.BindAsync();
        await connecting.WaitAsync(Patience);
        await Assert.ThrowsAsync<TimeoutException>(() => connection.SendIqAsync("get", null, new Element("u:x", "x"), TimeSpan.FromSeconds(1)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => connection.SendAsync(new Element(Ns.Client, "message").WithText(new string('x', 300000))));
        var pending = connection.SendIqAsync("get", null, new Element("u:x", "x"));
        peer.Dispose();
        await Assert.ThrowsAsync<ConnectionException>(() => pending.WaitAsync(Patience));
    }

    [Fact]
    public void Settings_are_in_a_file_of_their_owner_alone()
    {
        var folder = Directory.CreateTempSubdirectory("iotxmpp-");
        try
        {
            var path = Path.Combine(folder.FullName, "a", "settings");
            var settings = new FileSettings(path);
            Assert.Null(settings.Read("k"));
            settings.Write("k", [1, 2, 3]);
            settings.Write("l", [4]);
            settings.Write("l", null);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            }
            var again = new FileSettings(path);
            Assert.Equal([1, 2, 3], again.Read("k"));
            Assert.Null(again.Read("l"));
            File.WriteAllText(path, "not ours");
            Assert.Throws<InvalidDataException>(() => new FileSettings(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("pencil", "pencil")]
    [InlineData("cafe\u0301", "caf\u00E9")]
    [InlineData("a\u00A0b\u3000c", "a b c")]
    [InlineData("\uFB01", "\uFB01")] // compatibility characters stay (unlike SASLprep)
    public void Passwords_are_prepared_as_the_hub_prepares_them(string given, string prepared) => Assert.Equal(prepared, Passwords.Prepare(given));

    [Fact]
    public void Authorities_are_read_from_PEM()
    {
        var folder = Directory.CreateTempSubdirectory("iotxmpp-");
        try
        {
            using var server = new LoopbackServer();
            var path = Path.Combine(folder.FullName, "ca.pem");
            File.WriteAllText(path, server.AuthorityPem);
            Assert.Single(HostOptions.ReadAuthorities(path));
            File.WriteAllText(path, "nothing");
            Assert.Throws<InvalidDataException>(() => HostOptions.ReadAuthorities(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("xmpp://example.org", "example.org", 5222, false)]
    [InlineData("xmpps://example.org", "example.org", 5223, true)]
    [InlineData("xmpps://[::1]:15223", "::1", 15223, true)]
    [InlineData("xmpp://127.0.0.1:1", "127.0.0.1", 1, false)]
    public void Addresses(string text, string host, int port, bool direct)
    {
        Assert.Equal(new ServerAddress(host, port, direct), ServerAddress.Parse(text));
        Assert.Equal(ServerAddress.Parse(text), ServerAddress.Parse(ServerAddress.Parse(text).ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("example.org")]
    [InlineData("http://example.org")]
    [InlineData("xmpp://a@b")]
    [InlineData("xmpp://a/b")]
    [InlineData("xmpp://")]
    public void No_addresses(string text) => Assert.Throws<FormatException>(() => ServerAddress.Parse(text));

    private static async Task RefusesHandshakeAsync(LoopbackServer server, XmppConnection connection)
    {
        var connecting = connection.ConnectAsync();
        using var peer = await server.AcceptAsync();
        try
        {
            await peer.SecureAsync();
            Assert.Empty(await peer.UntilClosedAsync()); // nothing was said to a server that is not trusted
        }
        catch (Exception e) when (e is System.Security.Authentication.AuthenticationException or IOException)
        {
            // the client's alert came within the handshake
        }
        var error = await Assert.ThrowsAsync<ConnectionException>(() => connecting.WaitAsync(Patience));
        Assert.Contains("TLS handshake", error.Message, StringComparison.Ordinal);
    }

    private static ClientOptions Client(Action<ClientOptions>? configure = null)
    {
        var options = ClientOptions.ForTool(new Jid("bob", "example.org", null), "pencil");
        options.Reconnect = false;
        configure?.Invoke(options);
        return options;
    }

    private static XmppConnection Make(LoopbackServer server, bool direct, Action<ClientOptions>? configure = null) =>
        new(new HostOptions { Client = Client(configure), Server = server.Address(direct), Authorities = server.Authorities });
}
