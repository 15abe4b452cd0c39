using System.Collections;
using IotXmpp.Gateway;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

public sealed class GatewaySettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iotxmpp-gateway-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    private static GatewaySettings Read(string line, params (string Name, string Value)[] environment)
    {
        var variables = new Hashtable { ["PATH"] = "/bin" };
        foreach ((string name, string value) in environment)
        {
            variables[name] = value;
        }

        return GatewaySettings.Read(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), variables);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        string file = Write("s.json", """{ "hub": "xmpp://file:1", "jid": "gw@file", "password": "p", "interval": 5, /* in seconds */ }""");
        GatewaySettings settings = Read($"--settings {file} --jid=gw@line", ("IOTXMPP_GATEWAY_JID", "gw@environment"), ("IOTXMPP_GATEWAY_HUB", "xmpps://environment:2"));
        Assert.Equal("gw@line", settings.Account.ToString());
        Assert.Equal("xmpps://environment:2", settings.Hub.ToString());
        Assert.Equal("p", settings.Password);
        Assert.Equal(TimeSpan.FromSeconds(5), settings.Interval);
    }

    [Fact]
    public void A_password_file_gives_its_first_line()
        => Assert.Equal("open sesame", Read($"--hub xmpps://h --jid gw@d --password-file {Write("pw", "open sesame\nnot this\n")}").Password);

    [Theory]
    [InlineData("--hub xmpps://h --jid gw@d", "password")]
    [InlineData("--hub xmpps://h --password p", "jid")]
    [InlineData("--jid gw@d --password p", "hub")]
    [InlineData("--hub http://h --jid gw@d --password p", "hub")]
    [InlineData("--hub xmpps://h --jid gw@d/r --password p", "jid")]
    [InlineData("--hub xmpps://h --jid Gate_Way@d --password p", "jid")]
    [InlineData("--hub xmpps://h --jid gw@d --password p --interval 0", "interval")]
    [InlineData("--hub xmpps://h --jid gw@d --password p --interval soon", "interval")]
    [InlineData("--hub xmpps://h --jid gw@d --password p --colour red", "--colour")]
    [InlineData("--hub xmpps://h --jid gw@d --password p --password-file f", "password-file")]
    [InlineData("--hub xmpps://h --jid gw@d --password-file /nowhere/at/all", "password-file")]
    [InlineData("--settings /nowhere/at/all", "settings")]
    [InlineData("--hub", "--hub")]
    public void What_is_wrong_is_named_in_one_line(string line, string named)
    {
        GatewaySettingsException wrong = Assert.Throws<GatewaySettingsException>(() => Read(line));
        Assert.Contains(named, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', wrong.Message);
    }

    [Fact]
    public void An_unknown_setting_in_file_or_environment_stops_the_start()
    {
        Assert.Contains("speed", Assert.Throws<GatewaySettingsException>(() => Read("--settings " + Write("s.json", """{ "speed": 1 }"""))).Message, StringComparison.Ordinal);
        Assert.Contains("IOTXMPP_GATEWAY_SPEED", Assert.Throws<GatewaySettingsException>(() => Read("", ("IOTXMPP_GATEWAY_SPEED", "1"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unsent_samples_survive_the_process()
    {
        var sample = new Sample();
        var ring = new TelemetryRing(new FileSegmentStore(Path.Combine(_folder, "unsent")), 512, 4);
        for (int i = 1; i <= 100; i++)
        {
            sample.Clear(i);
            sample.AddNumeric("t", "°C", i, 1);
            Assert.True(ring.Add(sample));
        }

        ring.TryNext(sample);
        ring.AcknowledgeRead();
        var again = new TelemetryRing(new FileSegmentStore(Path.Combine(_folder, "unsent")), 512, 4);
        Assert.Equal(ring.Count, again.Count);
        Assert.Equal(ring.Dropped, again.Dropped);
        Assert.True(again.TryNext(sample));
        Assert.Equal(100 - again.Count + 1, sample.TimeMs);
        Assert.True(Directory.EnumerateFiles(Path.Combine(_folder, "unsent")).Sum(f => new FileInfo(f).Length) <= 4 * 512);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_told_and_counted()
    {
        string folder = Path.Combine(_folder, "unsent");
        var ring = new TelemetryRing(new FileSegmentStore(folder), 512, 4);
        Directory.Delete(folder);
        var sample = new Sample();
        sample.Clear(1);
        sample.AddBoolean("on", true);
        Assert.False(ring.Add(sample));
        Assert.Equal(1, ring.Dropped);
        Directory.CreateDirectory(folder);
        Assert.True(ring.Add(sample));
        Assert.Equal(1, ring.Count);
    }

    [Fact]
    public void This_machine_tells_its_health()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc, which only Linux has");
        var health = new LinuxHealth(_folder);
        Assert.True(health.TryRead());
        Assert.True(health.UptimeSeconds > 0);
        Assert.InRange(health.DiskFreeBytes, 0, health.DiskTotalBytes);
    }
}
