using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Registry;

public sealed class ProvisioningTests : RegistryHarness
{
    [Fact]
    public async Task A_thing_has_account_keys_nodes_links_and_a_code()
    {
        ThingResult made = await ProvisionAsync("lamp", "alice");
        Assert.Equal(RegistryOutcome.Done, made.Outcome);
        Assert.StartsWith("IoTDisco;SN:lamp;KEY:", made.ClaimText, StringComparison.Ordinal);
        Assert.Equal(Of("alice"), await Directory.OwnerAsync("lamp"));
        Assert.True(await SeesAsync("alice", "lamp"));
        Assert.True(await MayReadAsync("alice", "lamp"));
        Assert.False(await MayReadAsync("bob", "lamp"));
        ScramCredentials? keys = await new AccountStore(Database, Time).FindKeysAsync("lamp", ScramHash.Sha256);
        Assert.Equal(Keys().StoredKey, keys?.StoredKey);
        Assert.Null(await new AccountStore(Database, Time).FindKeysAsync("lamp", ScramHash.Sha1));
        // Only the thing publishes its telemetry; what is desired the owner publishes.
        Assert.NotNull((await PubSub.Publisher.PublishAsync(Of("alice"), "things/lamp/telemetry", [new("1", "<a xmlns='urn:xmpp:iot:sensordata'/>"u8.ToArray())], null)).Error);
        Assert.Null((await PubSub.Publisher.PublishAsync(Of("lamp"), "things/lamp/telemetry", [new("1", "<a xmlns='urn:xmpp:iot:sensordata'/>"u8.ToArray())], null)).Error);
        Assert.Null((await PubSub.Publisher.PublishAsync(Of("alice"), "things/lamp/desired", [new("1", "<a xmlns='urn:iotxmpp:thing:1'/>"u8.ToArray())], null)).Error);
        Assert.NotNull((await PubSub.Publisher.PublishAsync(Of("alice"), "things/lamp/commands", [new("1", "<a xmlns='urn:iotxmpp:command:1'/>"u8.ToArray())], null)).Error);
        Assert.Null((await PubSub.Publisher.PublishAsync(Rights.Service, "things/lamp/commands", [new("1", "<a xmlns='urn:iotxmpp:command:1'/>"u8.ToArray())], null)).Error);
        Assert.Null((await PubSub.Subscriber.SubscribeAsync(Of("lamp"), "things/lamp/desired", Of("lamp"), null)).Error);
    }

    [Fact]
    public async Task The_key_stands_nowhere_in_the_database()
    {
        string key = (await ProvisionAsync("lamp", "alice")).ClaimText!.Split("KEY:")[1];
        Thing thing = (await Store.FindAsync("lamp"))!;
        Assert.DoesNotContain(thing.Tags.Values, t => t.Value.Contains(key, StringComparison.Ordinal));
        Assert.Equal(32, thing.ClaimHash!.Length);
    }

    [Fact]
    public async Task Again_changes_the_keys_and_nothing_else()
    {
        ThingResult first = await ProvisionAsync("lamp", "alice");
        ThingResult second = await ProvisionAsync("lamp", "bob", by: "root", fill: 2);
        Assert.Equal(RegistryOutcome.Done, second.Outcome);
        Assert.Null(second.ClaimText);
        Assert.Equal(Of("alice"), second.Thing!.Owner);
        Assert.Equal(first.Thing!.ClaimHash, second.Thing.ClaimHash);
        Assert.Equal(Keys(2).StoredKey, (await new AccountStore(Database, Time).FindKeysAsync("lamp", ScramHash.Sha256))?.StoredKey);
    }

    [Theory]
    [InlineData("lamp", "alice", "operator", RegistryOutcome.Done)]
    [InlineData("lamp", "alice", "alice", RegistryOutcome.Forbidden)]
    [InlineData("Lamp", "alice", "root", RegistryOutcome.BadId)]
    [InlineData("lamp", "nobody", "root", RegistryOutcome.NoOwner)]
    [InlineData("lamp", "lamp", "root", RegistryOutcome.NoOwner)]
    [InlineData("bob", "alice", "root", RegistryOutcome.Conflict)]
    [InlineData("root", "alice", "root", RegistryOutcome.Conflict)]
    public async Task Who_may_provision_what(string id, string owner, string by, RegistryOutcome expected) => Assert.Equal(expected, (await ProvisionAsync(id, owner, by)).Outcome);

    [Fact]
    public async Task An_operator_gives_no_new_keys_to_what_is_anothers()
    {
        await ProvisionAsync("lamp", "alice");
        Assert.Equal(RegistryOutcome.Forbidden, (await ProvisionAsync("lamp", "operator", "operator", fill: 2)).Outcome);
        await Provisioning.ResetAsync(Of("alice"), "lamp", newKey: false);
        Assert.Equal(RegistryOutcome.Forbidden, (await ProvisionAsync("lamp", "operator", "operator", fill: 2)).Outcome);
        // Nor to a person who has registered, so that there is an entry of that name.
        await Registry.RegisterAsync(new ThingAddress("bob"), Tags(), isSelfOwned: false);
        Assert.Equal(RegistryOutcome.Forbidden, (await ProvisionAsync("bob", "operator", "operator", fill: 2)).Outcome);
    }

    [Fact]
    public async Task Revoked_keys_are_gone_and_sessions_told()
    {
        await ProvisionAsync("lamp", "alice");
        var changes = new List<(string, AccountChange)>();
        Accounts.Changed += (name, change) => changes.Add((name, change));
        Assert.Equal(RegistryOutcome.Forbidden, (await Provisioning.RevokeAsync(Of("bob"), "lamp")).Outcome);
        Assert.Equal(RegistryOutcome.Done, (await Provisioning.RevokeAsync(Of("alice"), "lamp")).Outcome);
        Assert.Contains(("lamp", AccountChange.Revoked), changes);
        Assert.True(AccountChange.Revoked.EndsSessions() && AccountChange.Revoked.EndsTokens());
        Assert.Null(await new AccountStore(Database, Time).FindKeysAsync("lamp", ScramHash.Sha256));
        Assert.True((await Accounts.FindAsync("lamp"))!.IsDisabled);
        await ProvisionAsync("lamp", "alice", fill: 3);
        Assert.False((await Accounts.FindAsync("lamp"))!.IsDisabled);
        Assert.Null((await Store.FindAsync("lamp"))!.Revoked);
    }

    [Fact]
    public async Task Reset_takes_every_right_and_its_code_claims_it_again()
    {
        string code = (await ProvisionAsync("lamp", "alice")).ClaimText!;
        Assert.True(await MayReadAsync("alice", "lamp"));
        await Provisioning.RenameAsync(Of("alice"), "lamp", "Bedroom");
        Assert.Equal(RegistryOutcome.Done, (await Provisioning.ResetAsync(Of("alice"), "lamp", newKey: false)).Outcome);
        Assert.Null(await Directory.OwnerAsync("lamp"));
        Assert.False(await SeesAsync("alice", "lamp"));
        Assert.False(await MayReadAsync("alice", "lamp"));
        Assert.DoesNotContain("NAME", (await Store.FindAsync("lamp"))!.Tags.Keys);
        Assert.NotNull((await PubSub.Publisher.PublishAsync(Of("alice"), "things/lamp/desired", [new("1", "<a xmlns='urn:iotxmpp:thing:1'/>"u8.ToArray())], null)).Error);
        Assert.True(MetaTags.TryParse(code, out MetaTags? tags, out _));
        Assert.Equal(RegistryOutcome.Done, (await Registry.ClaimAsync(Of("bob"), tags, isPublic: false)).Outcome);
        Assert.True(await MayReadAsync("bob", "lamp"));
        Assert.True(await SeesAsync("bob", "lamp"));
    }

    [Fact]
    public async Task What_a_crash_interrupted_is_finished_at_the_next_start()
    {
        await ProvisionAsync("lamp", "alice");
        Assert.True(await MayReadAsync("alice", "lamp"));
        // The owner is bob's by the registry, and nothing has followed yet.
        await Store.ChangeAsync("lamp", before => (before! with { Owner = Of("bob"), MovingFrom = Of("alice").ToString() }, true));
        Restart();
        await Rights.SettleAllAsync();
        Assert.Equal(Of("bob"), await Directory.OwnerAsync("lamp"));
        Assert.False(await MayReadAsync("alice", "lamp"));
        Assert.True(await MayReadAsync("bob", "lamp"));
        Assert.Null((await Store.FindAsync("lamp"))!.MovingFrom);
    }

    [Fact]
    public async Task A_thing_made_before_there_was_a_registry_is_known()
    {
        await Accounts.CreateAsync("old-1", "secret");
        await Accounts.SetOwnerAsync("old-1", Of("alice"));
        Assert.Equal(RegistryOutcome.Done, (await Provisioning.RenameAsync(Of("alice"), "old-1", "Old")).Outcome);
        Assert.Equal(Of("alice"), (await Store.FindAsync("old-1"))!.Owner);
    }
}
