using System.Diagnostics;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>What was acknowledged is durable: through a kill, a second hub, a full disk.</summary>
public sealed class DurabilityTests
{
    private const string PubSub = "http://jabber.org/protocol/pubsub";

    /// <summary>Requests that are under way at once: enough that commits are shared.</summary>
    private const int Window = 40;

    [Fact]
    public async Task Kill_in_the_middle_of_publishing_loses_no_acknowledged_item()
    {
        using var folder = new TempFolder("kill");
        var data = folder.File("data");
        await HubProcess.PrepareAsync(data, "alice");
        var acknowledged = new HashSet<string>();
        var hub = await HubProcess.StartAsync(data);
        try
        {
            await using var client = await hub.LoginAsync("alice");
            await CreateAsync(client, "samples");
            await PublishAsync(client, "samples", acknowledged, payload: 100, stopAfter: 500, async () => await hub.Process.KillAsync());
        }
        finally
        {
            await hub.DisposeAsync();
        }

        Assert.True(acknowledged.Count >= 500);
        await using var again = await HubProcess.StartAsync(data);
        await using var reader = await again.LoginAsync("alice");
        Assert.Empty(acknowledged.Except(await ItemsAsync(reader, "samples")));
    }

    [Fact]
    public async Task Kill_in_the_middle_of_a_conversation_loses_no_message_that_was_delivered_or_acknowledged()
    {
        using var folder = new TempFolder("kill-archive");
        var data = folder.File("data");
        await HubProcess.PrepareAsync(data, "alice", "bob");
        var delivered = new HashSet<string>();
        var acknowledged = 0;
        var hub = await HubProcess.StartAsync(data);
        try
        {
            await using var alice = await hub.LoginAsync("alice");
            await using var bob = await hub.LoginAsync("bob");
            await alice.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>");
            await alice.ReadUntilAsync(e => e.Name.LocalName == "enabled");
            var sent = 0;
            while (delivered.Count < 400)
            {
                // The stream of messages does not wait for a commit each.
                while (sent - delivered.Count < Window)
                {
                    await alice.SendAsync($"<message to='{bob.Jid}' type='chat' id='m{sent}'><body>{sent}</body></message>");
                    sent++;
                }

                await alice.SendAsync("<r xmlns='urn:xmpp:sm:3'/>");
                delivered.Add((string)(await bob.ReadUntilAsync(e => e.Name.LocalName == "message")).Attribute("id")!);
                acknowledged = (int)(await alice.ReadUntilAsync(e => e.Name.LocalName == "a")).Attribute("h")!;
            }

            await hub.Process.KillAsync();
        }
        finally
        {
            await hub.DisposeAsync();
        }

        await using var again = await HubProcess.StartAsync(data);
        await using var reader = await again.LoginAsync("bob");
        await using var writer = await again.LoginAsync("alice");
        Assert.Empty(delivered.Except(await ArchiveAsync(reader)));
        Assert.Empty(Enumerable.Range(0, acknowledged).Select(i => $"m{i}").Except(await ArchiveAsync(writer)));
    }

    [Fact]
    public async Task Second_hub_on_the_same_data_is_refused_in_one_line()
    {
        using var folder = new TempFolder("second");
        var data = folder.File("data");
        await HubProcess.PrepareAsync(data, "alice");
        await using var hub = await HubProcess.StartAsync(data);
        var (code, output) = await ServerProcess.RunToEndAsync("dotnet", HubProcess.Arguments(data, Ports.Free()));
        Assert.NotEqual(0, code);
        var line = Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(data, line, StringComparison.Ordinal);
        Assert.Contains("in use by another hub", line, StringComparison.Ordinal);
        await using var client = await hub.LoginAsync("alice");
        Assert.Empty(await client.PingAsync());
    }

    [Fact]
    public async Task Full_disk_is_told_and_what_was_acknowledged_is_there()
    {
        using var folder = new TempFolder("full");
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder.Path), "a small file system cannot be mounted here (it takes root)");
        try
        {
            var data = folder.File("data");
            await HubProcess.PrepareAsync(data, "alice");
            var acknowledged = new HashSet<string>();
            await using (var hub = await HubProcess.StartAsync(data))
            {
                await using var client = await hub.LoginAsync("alice");
                await CreateAsync(client, "samples");
                var refused = await PublishAsync(client, "samples", acknowledged, payload: 50_000, stopAfter: 1000, stop: null);
                // Told, in the words of the standard (RFC 6120 §8.3.3): the hub cannot, it is not the client's fault.
                Assert.NotNull(refused);
                var error = refused.Elements().Single(e => e.Name.LocalName == "error");
                Assert.Contains(error.Elements().First().Name.LocalName, new[] { "resource-constraint", "internal-server-error" });
                // And it goes on with what needs no disk.
                await client.PingAsync();
                Assert.Superset(acknowledged, await ItemsAsync(client, "samples"));
            }
        }
        finally
        {
            Assert.True(await RunAsync("umount", "-l", folder.Path));
        }
    }

    private static async Task CreateAsync(RawClient client, string node)
    {
        var answer = await RequestAsync(client, "set", $"""
            <pubsub xmlns='{PubSub}'><create node='{node}'/><configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{PubSub}#node_config</value></field>
            <field var='pubsub#max_items'><value>max</value></field></x></configure></pubsub>
            """);
        Assert.Equal("result", (string?)answer.Attribute("type"));
    }

    /// <summary>Publishes with many requests under way. Notes what was acknowledged; after <paramref name="stopAfter"/> acknowledgements it calls <paramref name="stop"/> and reads what still comes.</summary>
    /// <returns>The first refusal, or null.</returns>
    private static async Task<XElement?> PublishAsync(RawClient client, string node, HashSet<string> acknowledged, int payload, int stopAfter, Func<Task>? stop)
    {
        var text = new string('x', payload);
        var sent = 0;
        var answered = 0;
        XElement? refused = null;
        try
        {
            while (refused is null || answered < sent)
            {
                while (refused is null && sent - answered < Window && (acknowledged.Count < stopAfter || stop is not null))
                {
                    await client.SendAsync($"<iq type='set' to='pubsub.hub.test' id='p{sent}'><pubsub xmlns='{PubSub}'><publish node='{node}'><item id='i{sent}'><x xmlns='urn:x'>{text}</x></item></publish></pubsub></iq>");
                    sent++;
                }

                var answer = await client.NextAsync();
                if (answer is StreamEvent.Ended)
                {
                    return refused;
                }

                if (answer is not StreamEvent.Received { Element: var iq } || iq.Name != RawClient.Client + "iq")
                {
                    continue;
                }

                answered++;
                if ((string?)iq.Attribute("type") == "result")
                {
                    acknowledged.Add("i" + ((string)iq.Attribute("id")!)[1..]);
                }
                else
                {
                    refused ??= iq;
                }

                if (acknowledged.Count == stopAfter && stop is not null)
                {
                    await stop();
                    stopAfter = -1;
                }
                else if (acknowledged.Count >= stopAfter && stopAfter > 0 && stop is null && answered == sent)
                {
                    return refused;
                }
            }
        }
        catch (IOException)
        {
            // The hub is dead: what it had acknowledged before may still be on the way.
            while (stop is not null && await client.NextAsync() is StreamEvent.Received { Element: var iq })
            {
                if ((string?)iq.Attribute("type") == "result")
                {
                    acknowledged.Add("i" + ((string)iq.Attribute("id")!)[1..]);
                }
            }
        }

        return refused;
    }

    private static async Task<HashSet<string>> ItemsAsync(RawClient client, string node)
    {
        var ids = new HashSet<string>();
        var after = "";
        while (true)
        {
            var answer = await RequestAsync(client, "get", $"<pubsub xmlns='{PubSub}'><items node='{node}'/><set xmlns='http://jabber.org/protocol/rsm'><max>4</max>{after}</set></pubsub>");
            var items = answer.Descendants().Where(e => e.Name.LocalName == "item").Select(e => (string)e.Attribute("id")!).ToList();
            if (items.Count == 0)
            {
                Assert.Equal("result", (string?)answer.Attribute("type"));
                return ids;
            }

            ids.UnionWith(items);
            after = $"<after>{answer.Descendants().First(e => e.Name.LocalName == "last").Value}</after>";
        }
    }

    private static async Task<HashSet<string>> ArchiveAsync(RawClient client)
    {
        var ids = new HashSet<string>();
        var after = "";
        while (true)
        {
            var id = client.NewId();
            await client.SendAsync($"<iq type='set' id='{id}'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>100</max>{after}</set></query></iq>");
            XElement answer;
            while ((answer = await client.ReadUntilAsync(e => e.Name.LocalName is "message" or "iq")).Name.LocalName == "message")
            {
                ids.Add((string)answer.Descendants(RawClient.Client + "message").Single().Attribute("id")!);
            }

            Assert.Equal("result", (string?)answer.Attribute("type"));
            if ((string?)answer.Elements().Single().Attribute("complete") == "true")
            {
                return ids;
            }

            after = $"<after>{answer.Descendants().First(e => e.Name.LocalName == "last").Value}</after>";
        }
    }

    private static async Task<XElement> RequestAsync(RawClient client, string type, string payload)
    {
        var id = client.NewId();
        await client.SendAsync($"<iq type='{type}' to='pubsub.hub.test' id='{id}'>{payload}</iq>");
        return await client.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
