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
    private const string SuitesBegin = "<!-- the suites are generated from tests/Hub.Tests/Architecture/Compliance.cs, by the same call -->";
    private const string SuitesEnd = "<!-- end of the suites -->";

    [Fact]
    public async Task Readme_has_the_table_of_the_modules()
    {
        await using var hub = await HubHost.StartAsync();
        await HoldAsync(Begin, End, Table(HubModules.Create(hub.Server.Services)));
    }

    [Fact]
    public async Task Readme_has_the_compliance_suites_as_they_are()
    {
        await using var hub = await HubHost.StartAsync();
        await HoldAsync(SuitesBegin, SuitesEnd, Compliance.Table(Spoken(hub)));
    }

    /// <summary>What was fulfilled once is held: these levels are the product's promise.</summary>
    [Theory]
    [InlineData("Core")]
    [InlineData("Web")]
    [InlineData("IM")]
    [InlineData("Mobile")]
    public async Task What_the_advanced_level_of_a_suite_asks_is_there(string suite)
    {
        await using var hub = await HubHost.StartAsync();
        var spoken = Spoken(hub);
        Assert.Empty(Compliance.Rows.Where(r => r.Suite == suite && r.Advanced == Asked.Yes).SelectMany(r => r.Providers).Where(p => !Compliance.Has(p, spoken)).Select(p => p.ToString()));
    }

    [Fact]
    public void A_standard_without_module_or_test_is_missing()
    {
        Assert.False(Compliance.Has(new Provider("XEP-0001", "tests/Dialogues/xep0030"), ["XEP-0030"]));
        Assert.False(Compliance.Has(new Provider("XEP-0030", "tests/Dialogues/none"), ["XEP-0030"]));
        Assert.False(Compliance.Has(new Provider("RFC 612", "tests/Dialogues/xep0030"), ["RFC 6121 §2"]));
        Assert.True(Compliance.Has(new Provider("RFC 6121", "tests/Dialogues/xep0030"), ["RFC 6121 §2"]));
    }

    private static string[] Spoken(HubHost hub) => [.. HubModules.Create(hub.Server.Services).SelectMany(m => m.Xeps).Select(x => x.Number).Distinct()];

    private static async Task HoldAsync(string mark, string endMark, string table)
    {
        var file = Repository.Path("README.md");
        var readme = await File.ReadAllTextAsync(file);
        var begin = readme.IndexOf(mark, StringComparison.Ordinal) + mark.Length;
        var end = readme.IndexOf(endMark, StringComparison.Ordinal);
        Assert.True(begin >= mark.Length && end > begin, "README.md has lost the marks of the table");
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
