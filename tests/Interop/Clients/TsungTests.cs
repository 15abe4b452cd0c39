using System.Globalization;
using System.Text.RegularExpressions;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests.Clients;

/// <summary>
/// Load by tsung, a tool that nobody here wrote: people come, secure the stream, log in, bind, ask for their roster, talk to others who are there, ask the hub, and leave. Every answer is looked at.
/// What it takes is not asserted: this is about everybody being served while all the others are there.
/// </summary>
public sealed partial class TsungTests
{
    private const string Tsung = "/usr/bin/tsung";
    private const string Definition = "/usr/share/tsung/tsung-1.0.dtd";

    /// <summary>How many people come, and how many of them in a second: most of them are there at the same time, and all are gone within a minute.</summary>
    private const int People = 200, PerSecond = 20;

    /// <summary>What tsung has looked at in the answers to each of them (the <c>match</c>es of load.xml).</summary>
    private const int Matches = 7;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Two_hundred_people_of_tsung_come_talk_and_leave_without_an_error()
    {
        Assert.SkipUnless(File.Exists(Tsung) && File.Exists(Definition), "tsung is not installed");
        using var folder = new TempFolder("tsung");
        string[] names = [.. Enumerable.Range(1, People).Select(i => string.Create(CultureInfo.InvariantCulture, $"user{i}"))];
        var data = folder.File("data");
        await HubProcess.PrepareAsync(data, [.. names, "witness"]);
        await using var hub = await HubProcess.StartSecureAsync(data);
        await using var witness = await RawClient.ConnectAsync(hub.Plain, "witness");
        await witness.LoginAsync("hub.test", "witness", "witness", "r", startTls: true);

        var users = folder.File("users.csv");
        await File.WriteAllLinesAsync(users, names.Select(name => $"{name};{name}"), TestContext.Current.CancellationToken);
        var load = (await File.ReadAllTextAsync(Repository.Path("tests", "Interop", "Clients", "load.xml"), TestContext.Current.CancellationToken))
            .Replace("{port}", hub.Plain.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{users}", users, StringComparison.Ordinal)
            .Replace("{people}", People.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{perSecond}", PerSecond.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder.File("load.xml"), load, TestContext.Current.CancellationToken);
        // A name of its own for each run: tsung is an Erlang node, and two of one name do not start.
        var (code, said) = await ClientScene.RunAsync(
            Tsung, ["-f", folder.File("load.xml"), "-l", folder.File("log"), "-i", string.Create(CultureInfo.InvariantCulture, $"t{Environment.ProcessId}"), "start"], Limit,
            new Dictionary<string, string> { ["HOME"] = folder.Path });
        Assert.True(code == 0, said);
        var log = await File.ReadAllTextAsync(Directory.EnumerateFiles(folder.File("log"), "tsung.log", SearchOption.AllDirectories).Single(), TestContext.Current.CancellationToken);
        var totals = Totals(log);
        Assert.True(
            totals.GetValueOrDefault("users_count") == People && totals.GetValueOrDefault("finish_users_count") == People && totals.GetValueOrDefault("match") == People * Matches
            && !totals.Keys.Any(name => name.StartsWith("error", StringComparison.Ordinal) || name.StartsWith("nomatch", StringComparison.Ordinal) || name.Contains("abort", StringComparison.Ordinal)),
            $"{log}\nthe hub:\n{hub.Process.Output}");
        await witness.PingAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(' ', totals.OrderBy(t => t.Key).Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Key}={t.Value}"))));
    }

    // "stats: NAME VALUE-OF-THIS-WINDOW … TOTAL": the last word of a counter's line is its total; samples of times have seven columns, of which the last is the count.
    private static Dictionary<string, long> Totals(string log)
    {
        var totals = new Dictionary<string, long>();
        foreach (Match line in Statistic().Matches(log))
        {
            totals[line.Groups["name"].Value] = long.Parse(line.Groups["total"].Value, CultureInfo.InvariantCulture);
        }

        return totals;
    }

    [GeneratedRegex(@"^stats: (?<name>\w+) -?\d+ (?<total>\d+)$", RegexOptions.Multiline)]
    private static partial Regex Statistic();
}
