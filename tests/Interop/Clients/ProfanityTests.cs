using System.Globalization;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Interop.Tests.Clients;

/// <summary>Two people with profanity, each in a terminal; what they see is read off the screen.</summary>
public sealed class ProfanityTests
{
    private const string Profanity = "/usr/bin/profanity";
    private const string OpenSsl = "/usr/bin/openssl"; // names the authority's file as the library looks for it

    private static string? Missing => !File.Exists(Profanity) ? "profanity is not installed" : !File.Exists(OpenSsl) ? "openssl is not installed" : Terminal.Missing;

    [Fact]
    public async Task Two_people_talk_and_one_switches_a_relay_in_a_terminal()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        await using var scene = await ClientScene.StartAsync();
        await using var alice = await OpenAsync(scene, "alice");
        await using var bob = await OpenAsync(scene, "bob");
        await alice.SeesAsync("alice@hub.test/term logged in successfully");
        await alice.SeesAsync("[TLS] [online]");
        await bob.SeesAsync("bob@hub.test/term logged in successfully");

        await alice.TypeAsync("/roster add bob@hub.test Bob");
        await alice.SeesAsync("Roster item added: bob@hub.test (Bob)");
        await alice.TypeAsync("/sub request bob@hub.test");
        await bob.SeesAsync("Received authorization request from alice@hub.test");
        await bob.TypeAsync("/sub allow alice@hub.test");
        await alice.SeesAsync("++ Bob (term) is online");
        await bob.TypeAsync("/status set away \"I am in the garden\"");
        await alice.SeesAsync("I am in the garden");

        await alice.TypeAsync("/receipts request on");
        await bob.TypeAsync("/receipts send on");
        await alice.TypeAsync("/msg Bob Is the greenhouse warm?");
        await alice.SeesAsync("Is the greenhouse warm?");
        await bob.SeesAsync("<< chat message: alice@hub.test");
        await bob.TypeAsync("/win 2");
        await bob.SeesAsync("Is the greenhouse warm?");
        await bob.TypeAsync("It is.");
        TestContext.Current.TestOutputHelper?.WriteLine(await alice.SeesAsync("It is."));

        await alice.TypeAsync("/join bench@rooms.hub.test nick Al");
        await alice.SeesAsync("Room locked, requires configuration.");
        await alice.TypeAsync("/room accept");
        await alice.SeesAsync("Room unlocked");
        await bob.TypeAsync("/join bench@rooms.hub.test nick Bo");
        await bob.SeesAsync("You have joined the room as Bo, role: participant");
        await bob.TypeAsync("Who waters?");
        TestContext.Current.TestOutputHelper?.WriteLine(await alice.SeesAsync("Bo: Who waters?"));
        await alice.TypeAsync("I do.");
        await bob.SeesAsync("Al: I do.");
        await bob.TypeAsync("/leave");
        await alice.TypeAsync("/leave");

        await alice.TypeAsync("/win 1");
        await alice.TypeAsync("/clear");
        await alice.TypeAsync("/ping bob@hub.test/term");
        await alice.SeesAsync("Ping response from bob@hub.test/term");
        await alice.TypeAsync("/disco info hub.test");
        await alice.SeesAsync("urn:xmpp:ping");
        await alice.TypeAsync($"/cmd list {ClientScene.Thing}");
        await alice.SeesAsync("identify");
        await alice.TypeAsync($"/cmd exec set {ClientScene.Thing}");
        // The form's own last line: before it stands there, what is typed goes to the window before, and "relay" stands in addresses too.
        await alice.SeesAsync("Use '/form submit'");
        await alice.TypeAsync("/field1 on");
        await alice.TypeAsync("/form submit");
        TestContext.Current.TestOutputHelper?.WriteLine(await alice.SeesAsync("set: relay="));

        await bob.TypeAsync("/win 1");
        await bob.TypeAsync($"/cmd exec set {ClientScene.Thing}");
        await bob.SeesAsync("forbidden");
        foreach (var terminal in new[] { bob, alice })
        {
            await terminal.TypeAsync("/quit");
            await terminal.EndsAsync();
        }
    }

    private static async Task<Terminal> OpenAsync(ClientScene scene, string name)
    {
        var home = Path.Combine(scene.Folder, name);
        var certificates = Directory.CreateDirectory(Path.Combine(home, "certs")).FullName;
        var (code, hash) = await ClientScene.RunAsync(OpenSsl, ["x509", "-hash", "-noout", "-in", scene.Authority], TimeSpan.FromSeconds(120));
        Assert.True(code == 0, hash);
        File.Copy(scene.Authority, Path.Combine(certificates, hash.Trim() + ".0"));
        Directory.CreateDirectory(Path.Combine(home, ".config", "profanity"));
        Directory.CreateDirectory(Path.Combine(home, ".local", "share", "profanity"));
        await File.WriteAllTextAsync(Path.Combine(home, ".config", "profanity", "profrc"), $"""
            [ui]
            splash=false
            enc.warn=false
            [notifications]
            message=false
            [connection]
            tls.certpath={certificates}
            [logging]
            chlog=false
            """);
        // With "force" a certificate that is not trusted ends the attempt: nobody is asked.
        await File.WriteAllTextAsync(Path.Combine(home, ".local", "share", "profanity", "accounts"), string.Create(CultureInfo.InvariantCulture, $"""
            [{name}]
            enabled=true
            jid={name}@hub.test
            resource=term
            server=127.0.0.1
            port={scene.Hub.Plain.Port}
            tls.policy=force
            password={name}
            """));
        return await Terminal.StartAsync(
            Path.Combine(home, "tmux"), $"env HOME='{home}' XDG_CONFIG_HOME='{home}/.config' XDG_DATA_HOME='{home}/.local/share' LC_ALL=C.UTF-8 {Profanity} -a {name} -f '{home}/log' 2>'{home}/errors'");
    }
}
