using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Architecture;

/// <summary>The README's table of XEPs is what the modules say of themselves, not what somebody remembers.</summary>
public sealed class XepTableTests
{
    private const string Begin = "<!-- the table is generated from the modules: IOTXMPP_WRITE_README=1 bash tests/run.sh --filter XepTable -->";
    private const string End = "<!-- end of the generated table -->";

    [Fact]
    public async Task Readme_has_the_table_of_the_modules()
    {
        await using var hub = await HubHost.StartAsync();
        var table = Table(HubModules.Create(hub.Server.Services));
        var file = Repository.Path("README.md");
        var readme = await File.ReadAllTextAsync(file);
        var begin = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = readme.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end > begin, "README.md has lost the marks of the table");
        if (Environment.GetEnvironmentVariable("IOTXMPP_WRITE_README") == "1")
        {
            await File.WriteAllTextAsync(file, readme[..begin] + "\n" + table + readme[end..]);
            return;
        }

        Assert.Equal(table, readme[begin..end].TrimStart('\n'));
    }

    private static string Table(IEnumerable<IXmppModule> modules)
    {
        var rows = modules.SelectMany(m => m.Xeps.Select(x => (Xep: x, m.Name))).OrderBy(r => r.Xep.Number, StringComparer.Ordinal).ThenBy(r => r.Name, StringComparer.Ordinal);
        var text = new StringBuilder("| standard | version | what | feature | remarks |\n|---|---|---|---|---|\n");
        foreach (var (xep, name) in rows)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {xep.Number} | {xep.Version} | {xep.Title} | {name} | {xep.Note.Replace("<", "&lt;", StringComparison.Ordinal)} |\n");
        }

        return text.ToString();
    }
}
