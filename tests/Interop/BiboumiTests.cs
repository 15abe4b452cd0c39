using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests;

/// <summary>Debian's biboumi as a component: people of the hub in a channel of an IRC server (ngircd), by XEP-0114, XEP-0100 and XEP-0045.</summary>
public sealed class BiboumiTests : IAsyncLifetime
{
    private const string Gateway = "irc.hub.test";
    private static readonly XNamespace Client = RawClient.Client;
    private static readonly XNamespace User = "http://jabber.org/protocol/muc#user";
    private static readonly XNamespace Items = "http://jabber.org/protocol/disco#items";
    private static readonly XNamespace Info = "http://jabber.org/protocol/disco#info";

    // The gateway asks for ports 6697, 6670 and 6667 only: an address of its own makes one of them free.
    private readonly IPAddress address = new([127, (byte)Random.Shared.Next(16, 250), (byte)Random.Shared.Next(1, 250), (byte)Random.Shared.Next(1, 250)]);
    private readonly TempFolder folder = new("biboumi");
    private HubHost? hub;
    private ServerProcess? irc;
    private ServerProcess? gateway;

    private static string? Missing => !File.Exists("/usr/bin/biboumi") ? "biboumi is not installed" : !File.Exists("/usr/sbin/ngircd") ? "ngircd is not installed" : null;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        try
        {
            await StartAsync();
        }
        catch
        {
            // Nobody disposes of what did not begin.
            await DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in new[] { gateway, irc })
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        if (hub is not null)
        {
            await hub.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task People_of_the_hub_meet_people_of_irc()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        try
        {
            await MeetAsync();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{e.Message}\n{string.Join('\n', gateway!.Output.Split('\n').TakeLast(80))}\n{irc!.Output}", e);
        }
    }

    private async Task StartAsync()
    {
        hub = await HubHost.StartAsync($$"""
            { "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "Component": "127.0.0.1:0" }, "Components": [ { "Jid": "{{Gateway}}", "Secret": "gate", "Name": "IRC" } ] }
            """);
        var ircConfig = folder.File("ngircd.conf");
        await File.WriteAllTextAsync(ircConfig, $"""
            [Global]
            Name = irc.test.example
            Info = a test
            Listen = {address}
            Ports = 6667
            MotdPhrase = hello
            [Options]
            DNS = no
            Ident = no
            PAM = no
            """);
        irc = await ServerProcess.StartAsync("/usr/sbin/ngircd", ["-n", "-f", ircConfig], line => line.Contains("Now listening on", StringComparison.Ordinal) || line.Contains("ready", StringComparison.Ordinal));
        var config = folder.File("biboumi.cfg");
        await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture, $"""
            hostname={Gateway}
            password=gate
            xmpp_server_ip=127.0.0.1
            port={hub.Server.Component!.Port}
            db_name={folder.File("biboumi.sqlite")}
            log_level=0
            realname_customization=true
            """));
        gateway = await ServerProcess.StartAsync("/usr/bin/biboumi", [config], line => line.Contains("Authenticated with the XMPP server", StringComparison.Ordinal));
    }

    private async Task MeetAsync()
    {
        await using var alice = await HubPair.LoginAsync(hub!, "alice");
        await alice.SendAsync($"<iq to='hub.test' type='get' id='i'><query xmlns='{Items}'/></iq>");
        var items = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "i");
        Assert.Contains((Gateway, "IRC"), items.Descendants(Items + "item").Select(i => ((string?)i.Attribute("jid"), (string?)i.Attribute("name"))));
        await alice.SendAsync($"<iq to='{Gateway}' type='get' id='d'><query xmlns='{Info}'/></iq>");
        var info = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "d");
        Assert.Contains(("conference", "irc"), info.Descendants(Info + "identity").Select(i => ((string?)i.Attribute("category"), (string?)i.Attribute("type"))));

        var room = $"#meet%{address}@{Gateway}";
        await alice.SendAsync($"<presence to='{room}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await alice.ReadUntilAsync(e => e.Name == Client + "presence" && e.Descendants(User + "status").Any(s => (string?)s.Attribute("code") == "110"));

        using var socket = new TcpClient();
        await socket.ConnectAsync(address, 6667, TestContext.Current.CancellationToken);
        await using var stream = socket.GetStream();
        using var reader = new StreamReader(stream);
        await using var writer = new StreamWriter(stream) { AutoFlush = true, NewLine = "\r\n" };
        await writer.WriteLineAsync("NICK bob");
        await writer.WriteLineAsync("USER bob 0 * :Bob");
        await IrcAsync(line => line.Contains(" 001 ", StringComparison.Ordinal));
        await writer.WriteLineAsync("JOIN #meet");
        await IrcAsync(line => line.Contains(" 366 ", StringComparison.Ordinal));
        await alice.ReadUntilAsync(e => e.Name == Client + "presence" && (string?)e.Attribute("from") == $"{room}/bob");

        await alice.SendAsync($"<message to='{room}' type='groupchat' id='g1'><body>Hello from XMPP</body></message>");
        Assert.EndsWith(":Hello from XMPP", await IrcAsync(line => line.Contains("PRIVMSG #meet", StringComparison.Ordinal)));
        await alice.ReadUntilAsync(e => e.Name == Client + "message" && (string?)e.Attribute("from") == $"{room}/alice" && e.Element(Client + "body")?.Value == "Hello from XMPP");
        await writer.WriteLineAsync("PRIVMSG #meet :Hello from IRC");
        await alice.ReadUntilAsync(e => (string?)e.Attribute("from") == $"{room}/bob" && (string?)e.Attribute("type") == "groupchat" && e.Element(Client + "body")?.Value == "Hello from IRC");

        // Gone without a word: the channel sees it, since presence was directed there (RFC 6121 §4.6.3).
        alice.Cut();
        await IrcAsync(line => line.StartsWith(":alice", StringComparison.Ordinal) && (line.Contains(" PART ", StringComparison.Ordinal) || line.Contains(" QUIT ", StringComparison.Ordinal)));

        async Task<string> IrcAsync(Func<string, bool> isIt)
        {
            while (true)
            {
                var line = await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(RawClient.DefaultWait, TestContext.Current.CancellationToken) ?? throw new IOException("the IRC server has gone");
                if (line.StartsWith("PING", StringComparison.Ordinal))
                {
                    await writer.WriteLineAsync(line.Replace("PING", "PONG", StringComparison.Ordinal));
                }
                else if (isIt(line))
                {
                    return line;
                }
            }
        }
    }
}
