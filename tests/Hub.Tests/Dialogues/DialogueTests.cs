using IotXmpp.TestKit;
using IotXmpp.TestKit.Dialogues;
using Xunit;

namespace IotXmpp.Hub.Tests.Dialogues;

/// <summary>Runs every script of tests/Dialogues as one test case, by its name. All share one hub; a script that wants settings of its own shares with its like.</summary>
public sealed class DialogueTests(DialogueServers servers) : IClassFixture<DialogueServers>
{
    private static readonly string Folder = Repository.Path("tests", "Dialogues");

    /// <summary>The names of all scripts.</summary>
    public static TheoryData<string> Scripts()
    {
        var names = new TheoryData<string>();
        foreach (var file in Directory.EnumerateFiles(Folder, "*.xmpp", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            names.Add(Path.ChangeExtension(Path.GetRelativePath(Folder, file), null));
        }

        return names;
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Dialogue(string name)
    {
        var script = DialogueScript.Parse(name, await File.ReadAllTextAsync(Path.Combine(Folder, name + ".xmpp")));
        await using var run = new DialogueRunner(script, await servers.ForAsync(script.Settings));
        await run.RunAsync();
    }
}
