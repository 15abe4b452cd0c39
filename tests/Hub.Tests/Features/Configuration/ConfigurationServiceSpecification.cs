using System.Collections.Concurrent;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Configuration;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Clock = IotXmpp.TestKit.ManualTime;

namespace IotXmpp.Hub.Tests.Features.Configuration;

public sealed class SqliteConfigurationServiceTests : ConfigurationServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(ConfigurationMigrations.All);
}

public sealed class PostgresConfigurationServiceTests : ConfigurationServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(ConfigurationMigrations.All);
}

/// <summary>Wire profile, registry: desired and reported configuration, with versions, drift and trials.</summary>
public abstract class ConfigurationServiceSpecification : IAsyncLifetime, IDesiredNode
{
    private static readonly Jid Alice = new("alice", "hub.test", "pc");
    private static readonly Jid Bob = new("bob", "hub.test", "pc");
    private static readonly Jid Hub = new("", "things.hub.test", "");

    private readonly Clock _clock = new();
    private readonly ConfigurationOptions _options = new() { VersionsPerThing = 4 };
    private readonly ConcurrentDictionary<string, (long Version, byte[] Payload)> _node = new();
    private readonly ConcurrentQueue<string> _told = new();
    private ISqlDatabase _database = null!;
    private ConfigurationService _service = null!;
    private ConfigurationKeeper _keeper = null!;
    private ThingForm? _form;
    private bool _isOnline = true;
    private bool _isNodeThere = true;

    protected abstract Task<ISqlDatabase> OpenAsync();

    public async ValueTask InitializeAsync()
    {
        _database = await OpenAsync();
        Open();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _service?.Dispose();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_change_is_a_version_with_its_author_and_is_pending_until_the_thing_has_taken_it()
    {
        ConfigurationResult result = await SetAsync(Int("sampleInterval", "2000"));
        Assert.Equal((1L, "alice@hub.test", true, false), (result.Configuration!.Desired!.Version, result.Configuration.Desired.By.ToString(), result.Configuration.IsPending, result.Configuration.HasDrift));
        Assert.Equal(1, _node["lamp"].Version);
        await ReportAsync(1, ("int", "sampleInterval", "2000"), ("boolean", "relay", "false"));
        ThingConfiguration now = await FindAsync();
        Assert.Equal(DriftState.Same, Assert.Single(now.Parameters).State);
        Assert.Equal(["lamp", "lamp"], _told);
    }

    [Fact]
    public async Task A_change_by_a_version_that_is_not_the_newest_any_more_is_a_conflict()
    {
        await SetAsync(Int("a", "1"));
        Assert.Equal(ConfigurationOutcome.Done, (await _service.SetAsync(Alice, "lamp", new ConfigurationChange([Int("b", "2")], [], 1))).Outcome);
        ConfigurationResult late = await _service.SetAsync(Alice, "lamp", new ConfigurationChange([Int("c", "3")], [], 1));
        Assert.Equal((ConfigurationOutcome.Conflict, 2L), (late.Outcome, late.Configuration!.Desired!.Version));
        Assert.Equal(["a", "b"], late.Configuration.Desired.Parameters.Select(p => p.Name).Order());
        Assert.Equal(ConfigurationOutcome.Conflict, (await _service.SetAsync(Alice, "pump", new ConfigurationChange([Int("c", "3")], [], 7))).Outcome);
    }

    [Fact]
    public async Task Of_twenty_changes_at_once_by_one_version_one_is_made()
    {
        await SetAsync(Int("a", "0"));
        ConfigurationResult[] all = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Task.Run(() => _service.SetAsync(Alice, "lamp", new ConfigurationChange([Int("a", i.ToString(null as IFormatProvider))], [], 1)))));
        Assert.Single(all, r => r.Outcome == ConfigurationOutcome.Done);
        Assert.Equal(2, _node["lamp"].Version);
    }

    [Fact]
    public async Task Parameters_add_up_are_taken_out_and_an_old_version_comes_back_as_a_new_one()
    {
        await SetAsync(Int("a", "1"), Int("b", "2"));
        await _service.SetAsync(Alice, "lamp", new ConfigurationChange([Int("a", "5")], ["b"], null, "warmer"));
        ThingConfiguration now = await FindAsync();
        Assert.Equal(("warmer", "5"), (now.Desired!.Note, Assert.Single(now.Desired.Parameters).Value));
        ConfigurationResult back = await _service.RevertAsync(Alice, "lamp", 1, 2);
        Assert.Equal((3L, "back to version 1"), (back.Configuration!.Desired!.Version, back.Configuration.Desired.Note));
        Assert.Equal(["a=1", "b=2"], back.Configuration.Desired.Parameters.Select(p => p.ToString()).Order());
        Assert.Equal(ConfigurationOutcome.NotFound, (await _service.RevertAsync(Alice, "lamp", 9)).Outcome);
        Assert.Equal(ConfigurationOutcome.Conflict, (await _service.RevertAsync(Alice, "lamp", 1, 2)).Outcome);
        Assert.Equal([3L, 2L, 1L], (await _service.VersionsAsync(Alice, "lamp"))!.Select(v => v.Version));
        // The same once more is no version.
        Assert.Equal(3, (await SetAsync(Int("a", "1"))).Configuration!.Desired!.Version);
        for (int i = 0; i < 5; i++)
        {
            await SetAsync(Int("a", "1" + i));
        }

        Assert.Equal(4, (await _service.VersionsAsync(Alice, "lamp"))!.Count);
    }

    [Fact]
    public async Task Drift_is_told_parameter_by_parameter_with_why_and_since_when()
    {
        await SetAsync(Int("same", "5"), Int("differs", "5"), Int("unknown", "5"), new CommandParameter("flag", "boolean", "1"), new CommandParameter("apiToken", "string", "secret"));
        _clock.Advance(TimeSpan.FromMinutes(1));
        await ReportAsync(1, ("int", "same", "05"), ("int", "differs", "6"), ("boolean", "flag", "true"));
        ThingConfiguration now = await FindAsync();
        Assert.Equal(["apiToken Secret", "differs Differs", "flag Same", "same Same", "unknown Unknown"], now.Parameters.Select(p => $"{p.Name} {p.State}"));
        Assert.All(now.Parameters, p => Assert.Equal(_clock.GetUtcNow(), p.Since));
        Assert.True(now.HasDrift);
        Assert.Single((await _service.ListAsync(Alice, onlyDrift: true)).Things);
        Assert.Empty((await _service.ListAsync(Bob)).Things);
        await ReportAsync(1, ("int", "same", "5"), ("int", "differs", "5"), ("int", "unknown", "5"), ("boolean", "flag", "true"));
        Assert.False((await FindAsync()).HasDrift);
        Assert.Empty((await _service.ListAsync(Alice, onlyDrift: true)).Things);
        Assert.Single((await _service.ListAsync(Alice)).Things);
    }

    [Fact]
    public async Task What_a_thing_refuses_is_told_in_its_words()
    {
        await SetAsync(Int("a", "5"), Int("level", "900"));
        Publish("lamp@hub.test/thing", "reported", "<config xmlns='urn:iotxmpp:thing:1' version='1'><int xmlns='urn:xmpp:iot:control' name='a' value='1'/><paramError xmlns='urn:xmpp:iot:control' var='level'>0 to 100</paramError></config>");
        await WrittenAsync();
        ThingConfiguration now = await FindAsync();
        Assert.Equal(["a Refused It came with level, which was refused.", "level Refused 0 to 100"], now.Parameters.Select(p => $"{p.Name} {p.State} {p.Text}"));
    }

    [Fact]
    public async Task What_a_thing_says_of_a_trial_is_so()
    {
        await SetAsync(new CommandParameter("wifiSsid", "string", "new home"));
        await TrialAsync("<trial state='running'/>");
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal((DriftState.Trial, "The thing has not said yet what came of it."), await ToldAsync());
        await TrialAsync("<trial state='reverted'>started anew</trial>");
        ParameterDrift reverted = (await FindAsync()).Parameters.Single();
        Assert.Equal((DriftState.Reverted, "started anew", _clock.GetUtcNow()), (reverted.State, reverted.Text, reverted.Since));
        // Somebody has set another one since, by a command.
        await TrialAsync("<trial state='none'/>");
        Assert.Equal((DriftState.Differs, ""), await ToldAsync());
        await TrialAsync("<trial state='something new'/>");
        Assert.Equal(DriftState.Trial, (await ToldAsync()).State);

        async Task<(DriftState State, string Text)> ToldAsync() => (await FindAsync()).Parameters.Select(p => (p.State, p.Text)).Single();

        async Task TrialAsync(string trial)
        {
            Publish("lamp@hub.test/thing", "reported", $"<config xmlns='urn:iotxmpp:thing:1' version='1'><string xmlns='urn:xmpp:iot:control' name='wifiSsid' value='home'/>{trial}</config>");
            await WrittenAsync();
        }
    }

    [Fact]
    public async Task Network_settings_are_on_trial_and_either_kept_or_reverted()
    {
        await SetAsync(new CommandParameter("wifiSsid", "string", "new home"), new CommandParameter("wifiPassword", "string", "new secret"));
        await ReportAsync(1, ("string", "wifiSsid", "home"));
        Assert.Equal((DriftState.Trial, DriftState.Secret), (State("wifiSsid", await FindAsync()), State("wifiPassword", await FindAsync())));
        _isOnline = false;
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(DriftState.Trial, State("wifiSsid", await FindAsync()));
        _isOnline = true;
        ThingConfiguration reverted = await FindAsync();
        Assert.Equal(DriftState.Reverted, State("wifiSsid", reverted));
        Assert.Contains("5 minutes", reverted.Parameters.Single(p => p.Name == "wifiSsid").Text, StringComparison.Ordinal);
        await ReportAsync(1, ("string", "wifiSsid", "new home"));
        Assert.Equal(DriftState.Same, State("wifiSsid", await FindAsync()));
    }

    [Fact]
    public async Task A_secret_stands_on_the_node_until_the_thing_has_taken_it_and_goes_with_a_later_version_as_long_as_it_has_not()
    {
        await SetAsync(new CommandParameter("wifiPassword", "string", "first secret"), Int("a", "1"));
        Assert.Contains("first secret", Text("lamp"), StringComparison.Ordinal);
        await SetAsync(Int("a", "2"));
        Assert.Contains("first secret", Text("lamp"), StringComparison.Ordinal);
        Assert.DoesNotContain((await FindAsync()).Desired!.Parameters, p => p.Value.Contains("secret", StringComparison.Ordinal));
        Assert.Equal(1, await KeptSecretsAsync());
        // The thing takes it off the node, then reports.
        Publish("lamp@hub.test/thing", "desired", "<config xmlns='urn:iotxmpp:thing:1' version='2'><int xmlns='urn:xmpp:iot:control' name='a' value='2'/></config>");
        await WrittenAsync();
        Assert.Equal(0, await KeptSecretsAsync());
        await SetAsync(Int("a", "3"));
        Assert.DoesNotContain("secret", Text("lamp"), StringComparison.Ordinal);
        Assert.Equal(3, (await FindAsync()).Desired!.Version);
    }

    [Fact]
    public async Task Who_publishes_a_version_himself_writes_the_same_history_and_an_older_one_is_refused()
    {
        await SetAsync(Int("a", "1"));
        Publish("bob@hub.test/pc", "desired", "<config xmlns='urn:iotxmpp:thing:1' version='12'><int xmlns='urn:xmpp:iot:control' name='a' value='7'/></config>");
        await WrittenAsync();
        ThingConfiguration now = await FindAsync();
        Assert.Equal((12L, "bob@hub.test", "7"), (now.Desired!.Version, now.Desired.By.ToString(), now.Desired.Parameters[0].Value));
        foreach (int version in (int[])[12, 11, 1])
        {
            PublicationRefusedException refused = await Assert.ThrowsAsync<PublicationRefusedException>(async () =>
            {
                Publish("bob@hub.test/pc", "desired", $"<config xmlns='urn:iotxmpp:thing:1' version='{version}'><int xmlns='urn:xmpp:iot:control' name='a' value='8'/></config>");
                await WrittenAsync();
            });
            Assert.Equal("conflict", refused.Error.Condition);
        }

        // A thing that is late takes nothing off a newer version.
        await Assert.ThrowsAsync<PublicationRefusedException>(async () =>
        {
            Publish("lamp@hub.test/thing", "desired", "<config xmlns='urn:iotxmpp:thing:1' version='1'/>");
            await WrittenAsync();
        });
        Assert.Equal(13, (await SetAsync(Int("b", "1"))).Configuration!.Desired!.Version);
        Assert.Equal(["a", "b"], (await FindAsync()).Desired!.Parameters.Select(p => p.Name).Order());
    }

    [Fact]
    public async Task What_was_published_before_the_hub_kept_versions_is_taken_up()
    {
        _node["lamp"] = (12, ConfigurationXml.Desired(12, [Int("a", "1")]));
        ConfigurationResult result = await SetAsync(Int("b", "2"));
        Assert.Equal((13L, 2), (result.Configuration!.Desired!.Version, result.Configuration.Desired.Parameters.Count));
    }

    [Fact]
    public async Task What_was_stored_and_not_published_is_published_at_the_next_start()
    {
        _isNodeThere = false;
        await SetAsync(Int("a", "1"));
        await SetAsync(Int("a", "2"));
        Assert.Empty(_node);
        _isNodeThere = true;
        _service.Dispose();
        Open();
        await _service.StartAsync();
        Assert.Equal(2, _node["lamp"].Version);
    }

    [Fact]
    public async Task Wrong_changes_are_refused()
    {
        Assert.Equal(ConfigurationOutcome.Forbidden, (await _service.SetAsync(Bob, "lamp", new ConfigurationChange([Int("a", "1")], []))).Outcome);
        Assert.Equal(ConfigurationOutcome.Forbidden, (await _service.FindAsync(Bob, "lamp")).Outcome);
        Assert.Equal(ConfigurationOutcome.Forbidden, (await _service.RevertAsync(Bob, "lamp", 1)).Outcome);
        Assert.Null(await _service.VersionsAsync(Bob, "lamp"));
        Assert.Equal(ConfigurationOutcome.BadRequest, (await SetAsync(Int("a", "x"))).Outcome);
        Assert.Equal(ConfigurationOutcome.BadRequest, (await SetAsync(Int("a", "1"), Int("a", "2"))).Outcome);
        Assert.Equal(ConfigurationOutcome.BadRequest, (await _service.SetAsync(Alice, "lamp", new ConfigurationChange([], [""]))).Outcome);
        Assert.Equal(ConfigurationOutcome.BadRequest, (await _service.SetAsync(Alice, "lamp", new ConfigurationChange([Int("a", "1")], [], null, new string('n', 201)))).Outcome);
        _form = new ThingForm([new ControlField("a", "int", "", "0", "10", [], null)]);
        Assert.Equal(ConfigurationOutcome.BadRequest, (await SetAsync(Int("a", "11"))).Outcome);
        Assert.Equal(ConfigurationOutcome.BadRequest, (await SetAsync(Int("b", "1"))).Outcome);
        Assert.Equal(ConfigurationOutcome.Done, (await SetAsync(new CommandParameter("a", "string", "7"))).Outcome);
        Assert.Equal("int", (await FindAsync()).Desired!.Parameters[0].Type);
        _form = null;
        for (int i = 0; i < 15; i++)
        {
            await SetAsync(Int("p" + i, "1"));
        }

        Assert.Equal(ConfigurationOutcome.TooMany, (await SetAsync(Int("one-more", "1"))).Outcome);
    }

    [Fact]
    public async Task Many_are_configured_each_for_itself()
    {
        IReadOnlyList<(string Thing, ConfigurationResult Result)> results = await _service.SetManyAsync(Alice, ["lamp", "meter", "pump", "lamp"], new ConfigurationChange([Int("a", "1")], []));
        Assert.Equal(["lamp Done", "meter Forbidden", "pump Done"], results.Select(r => $"{r.Thing} {r.Result.Outcome}"));
        _options.ThingsPerRequest = 2;
        Assert.Equal(ConfigurationOutcome.TooMany, Assert.Single(await _service.SetManyAsync(Alice, ["lamp", "meter", "pump"], new ConfigurationChange([Int("a", "1")], []))).Result.Outcome);
    }

    [Fact]
    public async Task A_thing_that_is_gone_leaves_nothing()
    {
        await SetAsync(Int("a", "1"));
        await ReportAsync(1, ("int", "a", "1"));
        await _service.ForgetAsync("lamp");
        ThingConfiguration now = await FindAsync();
        Assert.Null(now.Desired);
        Assert.Null(now.Reported);
    }

    async Task<bool> IDesiredNode.PublishAsync(string thing, long version, IReadOnlyList<CommandParameter> parameters)
    {
        if (!_isNodeThere)
        {
            return false;
        }

        byte[] payload = ConfigurationXml.Desired(version, parameters);
        // As the node does it: what the keeper keeps is stored with the item.
        IKeptItems? kept = _keeper.Take($"things/{thing}/desired", Hub, [new ItemToPublish("current", payload)]);
        try
        {
            await _database.WriteAsync(session => kept?.Write(session));
        }
        catch (PublicationRefusedException)
        {
            return false;
        }

        _node[thing] = (version, payload);
        return true;
    }

    Task<(long Version, IReadOnlyList<CommandParameter> Parameters)?> IDesiredNode.ReadAsync(string thing, CancellationToken cancel) => Task.FromResult<(long, IReadOnlyList<CommandParameter>)?>(
        _node.TryGetValue(thing, out (long Version, byte[] Payload) item) && ConfigurationXml.Read(item.Payload) is { } read ? (read.Version, read.Parameters) : null);

    private static CommandParameter Int(string name, string value) => new(name, "int", value);

    private static DriftState State(string name, ThingConfiguration configuration) => configuration.Parameters.Single(p => p.Name == name).State;

    private readonly List<Task> _written = [];

    private void Open()
    {
        _service = new ConfigurationService(
            _database, _options, this, (who, thing, _, _, _) => new(who.Local == "alice" && thing != "meter"), (_, _) => Task.FromResult(_form), _ => _isOnline, _clock, NullLogger<ConfigurationService>.Instance);
        _service.Changed += _told.Enqueue;
        _keeper = new ConfigurationKeeper(_service, Hub, "hub.test", _clock);
    }

    private Task<ConfigurationResult> SetAsync(params CommandParameter[] set) => _service.SetAsync(Alice, "lamp", new ConfigurationChange(set, []));

    private async Task<ThingConfiguration> FindAsync() => (await _service.FindAsync(Alice, "lamp")).Configuration!;

    private string Text(string thing) => System.Text.Encoding.UTF8.GetString(_node[thing].Payload);

    // As the node does it, in the unit of work that stores the item.
    private void Publish(string publisher, string node, string payload)
    {
        Assert.True(IotXmpp.Hub.Addresses.JidPrep.TryParse(publisher, out Jid? who));
        IKeptItems? kept = _keeper.Take("things/lamp/" + node, who, [new ItemToPublish("current", System.Text.Encoding.UTF8.GetBytes(payload))]);
        Assert.NotNull(kept);
        _written.Add(_database.WriteAsync(kept.Write, kept.Committed));
    }

    private async Task WrittenAsync()
    {
        Task[] all = [.. _written];
        _written.Clear();
        await Task.WhenAll(all);
    }

    private async Task ReportAsync(int version, params (string Type, string Name, string Value)[] parameters)
    {
        Publish("lamp@hub.test/thing", "reported", $"<config xmlns='urn:iotxmpp:thing:1' version='{version}'>{string.Concat(parameters.Select(p => $"<{p.Type} xmlns='urn:xmpp:iot:control' name='{p.Name}' value='{p.Value}'/>"))}</config>");
        await WrittenAsync();
    }

    private ValueTask<long> KeptSecretsAsync() => _database.ReadAsync(session =>
    {
        SqlStatement row = session.Prepare("SELECT count(*) FROM config_version WHERE payload IS NOT NULL");
        row.Read();
        return row.GetInt64(0);
    });
}
