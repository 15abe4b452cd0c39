using IotXmpp.TestKit;
using IotXmpp.TestKit.Dialogues;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Dialogues;

/// <summary>The same dialogues over WebSocket: one engine serves all transports. Each transport has a hub of its own, since some scripts use names that a hub has once.</summary>
public sealed class WebSocketDialogueTests(DialogueServers servers) : IClassFixture<DialogueServers>
{
    /// <summary>The names of all scripts that have a meaning here.</summary>
    public static TheoryData<string> Scripts() => WebDialogues.Scripts([]);

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task Dialogue(string name) => WebDialogues.RunAsync(name, servers, async server => await WebSocketBridge.ConnectAsync(server.Http!));
}

/// <summary>The same dialogues over BOSH.</summary>
public sealed class BoshDialogueTests(DialogueServers servers) : IClassFixture<DialogueServers>
{
    /// <summary>What cannot be said over BOSH, and why.</summary>
    private static readonly (string Name, string Why)[] NotBosh =
    [
        ("rfc6121-presence/unavailable-on-loss", "there is no connection to lose: BoshTests looks at inactivity"),
        ("rfc6121-presence/directed-then-loss", "the same"),
        ("xep0045/lost-session", "the same"),
        ("liveness/resuming-and-back", "the same"),
        ("xep0198/max-is-kept", "the same"),
        ("xep0198/max-is-kept", "the same"),
        ("xep0198/unacknowledged-go-to-another-resource", "the same"),
        ("rfc6120-sasl/not-restarted", "there is no start tag that would have to come"),
        ("xep0077/register-takes-its-time", "the client of the tests asks when it reads: by the clock that is moved it was gone meanwhile"),
        ("xep0445/expiry", "the same"),
    ];

    /// <summary>The names of all scripts that have a meaning here.</summary>
    public static TheoryData<string> Scripts() => WebDialogues.Scripts(NotBosh);

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task Dialogue(string name) => WebDialogues.RunAsync(name, servers, server => Task.FromResult<Stream>(BoshBridge.Connect(server.Http!)));
}

/// <summary>Which dialogues have a meaning over HTTP.</summary>
internal static class WebDialogues
{
    private static readonly string Folder = Repository.Path("tests", "Dialogues");

    /// <summary>What is about TCP itself, and why it cannot be said over HTTP.</summary>
    private static readonly (string Name, string Why)[] OnlyTcp =
    [
        ("rfc6120-streams/error-", "bytes that are no XML have no frame; WebSocketTests and BoshTests say what they earn"),
        ("rfc6120-streams/starttls", "TLS is HTTP's"),
        ("rfc6120-streams/direct-tls", "TLS is HTTP's"),
        ("rfc6120-streams/header-", "there is no start tag"),
        ("rfc6120-streams/closing-tag", "there is no end tag"),
        ("rfc6120-streams/prefix-of-the-stream", "there is no start tag that would declare one"),
        ("rfc6120-streams/many-stanzas-in-one-packet", "a frame is one element"),
        ("rfc6120-streams/whitespace-keepalive", "RFC 7395 §3.7: pings instead"),
        ("rfc6120-streams/higher-version", "the version stands in the start tag"),
        ("rfc6120-streams/language", "the language stands in the start tag"),
        ("rfc6120-streams/open", "the start tag itself"),
        ("rfc6120-streams/ids-differ", "the start tag itself"),
    ];

    /// <summary>The names of all scripts but those of TCP and some more.</summary>
    public static TheoryData<string> Scripts((string Name, string Why)[] without)
    {
        var names = new TheoryData<string>();
        foreach (var file in Directory.EnumerateFiles(Folder, "*.xmpp", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.ChangeExtension(Path.GetRelativePath(Folder, file), null);
            if (OnlyTcp.Concat(without).All(o => !name.StartsWith(o.Name, StringComparison.Ordinal)) && !NeedsTls(File.ReadAllText(file)))
            {
                names.Add(name);
            }
        }

        return names;
    }

    /// <summary>Runs one.</summary>
    public static async Task RunAsync(string name, DialogueServers servers, Func<IDialogueServer, Task<Stream>> connect)
    {
        var script = DialogueScript.Parse(name, await File.ReadAllTextAsync(Path.Combine(Folder, name + ".xmpp")));
        await using var run = new DialogueRunner(script, await servers.ForAsync(script.Settings), connect);
        await run.RunAsync();
    }

    // Channel binding, and what is said about a stream without TLS: both are about TLS inside of the stream.
    private static bool NeedsTls(string script) => script.Contains("starts TLS", StringComparison.Ordinal) || script.Contains("<starttls", StringComparison.Ordinal) || script.Contains("-PLUS", StringComparison.Ordinal)
        || script.Contains("ENDP", StringComparison.Ordinal) || script.Contains("channel-binding", StringComparison.Ordinal) || script.Contains("TLS connection", StringComparison.Ordinal) || script.Contains("without TLS", StringComparison.OrdinalIgnoreCase);
}
