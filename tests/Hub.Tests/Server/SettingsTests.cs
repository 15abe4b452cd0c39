using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Net;
using IotXmpp.Hub.Server;
using Xunit;

namespace IotXmpp.Hub.Tests.Server;

public sealed class SettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iotxmpp-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Json(string text)
    {
        string path = Path.Combine(_folder, "settings.json");
        File.WriteAllText(path, text);
        return path;
    }

    private static SettingsResult Load(string[] arguments, params (string Name, string Value)[] environment)
        => SettingsLoader.Load(arguments, environment.ToDictionary(variable => variable.Name, variable => variable.Value));

    private static HubSettings Good(string[] arguments, params (string Name, string Value)[] environment)
    {
        SettingsResult result = Load(arguments, environment);
        Assert.True(result.IsOk, result.Message);
        result.Settings.ThrowIfUnknown();
        return result.Settings;
    }

    /// <summary>The one line that tells what is wrong.</summary>
    private static string Bad(string[] arguments, params (string Name, string Value)[] environment)
    {
        SettingsResult result = Load(arguments, environment);
        string line = result.IsOk ? Assert.Throws<SettingsException>(() =>
        {
            result.Settings.Section<FeatureOptions>("Feature");
            result.Settings.ThrowIfUnknown();
        }).Message : result.Message;
        if (!result.IsOk)
        {
            Assert.Equal(2, result.ExitCode);
        }

        Assert.DoesNotContain('\n', line);
        return line;
    }

    [Fact]
    public void A_list_of_things_is_read_thing_by_thing()
    {
        HubOptions hub = Good(["--settings", Json("""{ "Components": [ { "Jid": "IRC.hub.test", "Secret": "a" }, { "Jid": "mail.hub.test", "Secret": "b", "Name": "Mail" } ] }""")]).Hub;
        Assert.Equal([("irc.hub.test", "a", ""), ("mail.hub.test", "b", "Mail")], hub.Components.Select(c => (c.Jid, c.Secret, c.Name)));
        Assert.Equal("c", Assert.Single(Good(["--Components:0:Jid", "x.hub.test", "--Components:0:Secret", "c"]).Hub.Components).Secret);
        Assert.Empty(Good(["--settings", Json("""{ "Components": [] }""")]).Hub.Components);
    }

    [Theory]
    [InlineData("""{ "Components": [ { "Jid": "irc.hub.test" } ] }""", "Components:0:Secret")]
    [InlineData("""{ "Components": [ { "Jid": "@", "Secret": "x" } ] }""", "Components:0:Jid")]
    [InlineData("""{ "Components": [ { "Jid": "irc.hub.test", "Secret": "x", "Port": 1 } ] }""", "Components:0:Port")]
    public void A_thing_of_a_list_that_is_wrong_is_named(string json, string name) => Assert.Contains(name, Bad(["--settings", Json(json)]), StringComparison.Ordinal);

    [Fact]
    public void Nothing_given_is_a_hub_that_can_start()
    {
        HubOptions hub = Good([]).Hub;
        Assert.Equal("localhost", hub.Domain);
        Assert.Equal("*:5222", hub.Listen.C2s.ToString());
        Assert.Equal("*:5223", hub.Listen.C2sTls.ToString());
        Assert.Equal("127.0.0.1:5280", hub.Listen.Http.ToString());
        Assert.False(hub.Listen.S2s.IsOn || hub.Listen.S2sTls.IsOn || hub.Listen.Component.IsOn);
        Assert.Equal(PlaintextPolicy.None, hub.Security.Plaintext);
        Assert.True(hub.Security.LoginThrottle.Enabled);
        Assert.Equal(4096, hub.Security.Sasl.Iterations);
    }

    [Fact]
    public void The_options_of_the_command_line()
    {
        HubOptions hub = Good(
            ["--domain", "Example.ORG.", "--data", "/tmp/d", "--c2s", "127.0.0.1:0", "--c2s-tls=[::1]:5223", "--http", "0", "--plaintext", "loopback", "--cert", "a.pem", "--key=b.pem"]).Hub;
        Assert.Equal("example.org", hub.Domain);
        Assert.Equal("/tmp/d", hub.Data);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 0), hub.Listen.C2s.EndPoint);
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 5223), hub.Listen.C2sTls.EndPoint);
        Assert.False(hub.Listen.Http.IsOn);
        Assert.Equal(PlaintextPolicy.Loopback, hub.Security.Plaintext);
        Assert.Equal("a.pem", hub.Tls.CertificateFile);
        Assert.Equal("b.pem", hub.Tls.KeyFile);
        Assert.False(Good(["--http", ""]).Hub.Listen.Http.IsOn);
        Assert.False(Good(["--http="]).Hub.Listen.Http.IsOn);
    }

    [Fact]
    public void Later_sources_win()
    {
        string file = Json("""{ "Domain": "file.example", "Data": "from-file", "Listen": { "Http": "" }, "Security": { "LoginThrottle": { "Enabled": false } } }""");
        HubOptions hub = Good(
            ["--settings", file, "--domain", "line.example"],
            ("IOTXMPP_DOMAIN", "env.example"), ("IOTXMPP_DATA", "from-env"), ("IOTXMPP_C2S_TLS", "5555"), ("IOTXMPP_SECURITY__SASL__ITERATIONS", "8192")).Hub;
        Assert.Equal("line.example", hub.Domain);
        Assert.Equal("from-env", hub.Data);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 5555), hub.Listen.C2sTls.EndPoint);
        Assert.Equal(8192, hub.Security.Sasl.Iterations);
        Assert.False(hub.Listen.Http.IsOn);
        Assert.False(hub.Security.LoginThrottle.Enabled);
        Assert.Equal("file.example", Good([], ("IOTXMPP_SETTINGS", file)).Hub.Domain);
        Assert.True(Good(["--settings", file, "--Security:LoginThrottle:Enabled", "true"]).Hub.Security.LoginThrottle.Enabled);
    }

    [Fact]
    public void Arrays_are_replaced_as_a_whole()
    {
        string file = Json("""{ "Security": { "Sasl": { "Mechanisms": [ "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN" ] } } } // comments are fine""");
        Assert.Equal(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"], Good(["--settings", file]).Hub.Security.Sasl.Mechanisms);
        Assert.Equal(["SCRAM-SHA-256"], Good(["--settings", file], ("IOTXMPP_Security__Sasl__Mechanisms", "SCRAM-SHA-256")).Hub.Security.Sasl.Mechanisms);
    }

    [Theory]
    [InlineData("--domain", "a b", "Domain")]
    [InlineData("--data", " ", "Data")]
    [InlineData("--c2s", "example.org:5222", "Listen:C2s", "--c2s", "HOST:PORT")]
    [InlineData("--c2s", "127.0.0.1:70000", "Listen:C2s")]
    [InlineData("--c2s", "1:5222", "Listen:C2s")]
    [InlineData("--c2s", "[127.0.0.1]:5222", "Listen:C2s")]
    [InlineData("--plaintext", "everywhere", "Security:Plaintext", "none, loopback")]
    [InlineData("--plaintext", "1", "Security:Plaintext", "none, loopback")]
    [InlineData("--cert", "a.pem", "Tls:KeyFile", "--key")]
    [InlineData("--Security:Sasl:Iterations", "many", "Security:Sasl:Iterations", "from 4096 to 1000000")]
    [InlineData("--Security:Sasl:Iterations", "1", "Security:Sasl:Iterations", "from 4096 to 1000000")]
    [InlineData("--Security:Sasl:Mechanisms", "DIGEST-MD5", "Security:Sasl:Mechanisms", "PLAIN")]
    [InlineData("--Security:LoginThrottle:Enabled", "maybe", "Security:LoginThrottle:Enabled", "true or false")]
    [InlineData("--Security:LoginThrotle:Enabled", "true", "Security:LoginThrotle:Enabled", "did you mean Security:LoginThrottle:Enabled")]
    [InlineData("--Feature:Unknown", "1", "Feature:Unknown", "Feature:Interval")]
    [InlineData("--Nowhere:Else", "1", "Nowhere:Else")]
    [InlineData("--domian", "x", "--domian", "--domain")]
    [InlineData("--Feature:Interval", "5 minutes", "Feature:Interval", "5m")]
    [InlineData("--Feature:Count", "11", "Feature:Count", "from 1 to 10")]
    [InlineData("--settings", "/no/such/file.json", "/no/such/file.json")]
    public void A_bad_setting_is_named_with_what_is_allowed(string option, string value, params string[] parts)
    {
        string line = Bad([option, value]);
        Assert.All(parts, part => Assert.Contains(part, line, StringComparison.Ordinal));
    }

    [Fact]
    public void The_command_line_itself()
    {
        Assert.Contains("needs a value", Bad(["--domain"]), StringComparison.Ordinal);
        Assert.Contains("twice", Bad(["--domain", "a", "--domain", "b"]), StringComparison.Ordinal);
        Assert.Contains("'stray'", Bad(["stray"]), StringComparison.Ordinal);
        SettingsResult help = Load(["--domain", "a", "--help"]);
        Assert.False(help.IsOk);
        Assert.Equal(0, help.ExitCode);
        string[] options = ["--domain", "--data", "--c2s ", "--c2s-tls", "--http ", "--https", "--plaintext loopback", "--cert", "--key", "--settings"];
        Assert.All(options, option => Assert.Contains(option, help.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ ", "not JSON")]
    [InlineData("[]", "JSON object")]
    [InlineData("""{ "Domain": "a", "domain": "b" }""", "twice")]
    [InlineData("""{ "Domain": { "Name": "a" } }""", "Domain:Name")]
    [InlineData("""{ "Security": true }""", "Security")]
    public void A_bad_file_is_named(string text, string part)
    {
        string file = Json(text);
        string line = Bad(["--settings", file]);
        Assert.Contains(part, line, StringComparison.Ordinal);
        Assert.Contains(file, line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_is_shared_with_others_but_typing_errors_are_found()
    {
        Good([], ("IOTXMPP_TEST_POSTGRES", "x"), ("IOTXMPP_PASSWORD", "x"), ("PATH", "/bin"), ("iotxmpp_", "x"));
        Assert.Contains("IOTXMPP_DOMAIM", Bad([], ("IOTXMPP_DOMAIM", "x")), StringComparison.Ordinal);
        Assert.Contains("IOTXMPP_SECURITY__X", Bad([], ("IOTXMPP_SECURITY__X", "x")), StringComparison.Ordinal);
        string line = Bad([], ("IOTXMPP_SECURITY__SASL__ITERATIONS", "x"));
        Assert.Contains("IOTXMPP_SECURITY__SASL__ITERATIONS", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_of_features()
    {
        string file = Json("""{ "Feature": { "Count": 7, "Ratio": 0.5, "Interval": "90s", "Names": ["a", "b"], "Mode": "second", "Inner": { "Where": "[::]:1" }, "Big": 5000000000 }, "Logging": { "LogLevel": { "Default": "Warning" } } }""");
        HubSettings settings = Load(["--settings", file, "--Feature:Limit", "3"]).Settings!;
        FeatureOptions feature = settings.Section<FeatureOptions>("Feature");
        settings.ThrowIfUnknown();
        Assert.Same(feature, settings.Section<FeatureOptions>("feature"));
        Assert.Equal((7, 0.5, TimeSpan.FromSeconds(90), FeatureMode.Second, 5_000_000_000, 3), (feature.Count, feature.Ratio, feature.Interval, feature.Mode, feature.Big, feature.Limit));
        Assert.Equal(["a", "b"], feature.Names);
        Assert.Equal(IPAddress.IPv6Any, feature.Inner.Where.EndPoint!.Address);
        Assert.Equal("Warning", settings.Logging()["Logging:LogLevel:Default"]);
    }

    [Theory]
    [InlineData("250ms", 0.25)]
    [InlineData("30s", 30)]
    [InlineData("1.5h", 5400)]
    [InlineData("7d", 604_800)]
    [InlineData("00:01:00", 60)]
    public void Durations(string text, double seconds)
        => Assert.Equal(TimeSpan.FromSeconds(seconds), Load(["--Feature:Interval", text]).Settings!.Section<FeatureOptions>("Feature").Interval);

    public enum FeatureMode
    {
        First,
        Second,
    }

    public sealed class FeatureOptions
    {
        [Range(1, 10)]
        public int Count { get; set; } = 2;

        public double Ratio { get; set; }

        public long Big { get; set; }

        public int? Limit { get; set; }

        public TimeSpan Interval { get; set; }

        public string[] Names { get; set; } = ["x", "y", "z"];

        public FeatureMode Mode { get; set; }

        public InnerOptions Inner { get; set; } = new();
    }

    public sealed class InnerOptions
    {
        public ListenAddress Where { get; set; } = ListenAddress.Off;
    }
}
