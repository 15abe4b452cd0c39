using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Access;

public sealed class SqliteSuspensionTests : SuspensionSpecification
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(Tables);
}

public sealed class PostgresSuspensionTests : SuspensionSpecification
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(Tables);
}

/// <summary>Whoever may not log in for a time hears nothing and may nothing, and goes on with what he may then: he has not left.</summary>
public abstract class SuspensionSpecification : AccessHarness
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task What_he_had_subscribed_to_waits_and_what_he_may_not_see_by_then_ends(bool isRestarted, bool byAnotherProcess)
    {
        await FillAsync();
        AccountService accounts = byAnotherProcess ? new AccountService(new AccountStore(Database, Time), 4096) : Accounts;
        Assert.Equal(AccountOutcome.Done, await accounts.SetDisabledAsync("viewer", true));
        await Wait.UntilAsync(() => PubSub.Hub.IsSuspended(Of("viewer")));
        Assert.Equal("------", await RightsAsync("viewer", "lamp"));
        Assert.NotNull(await SubscribeAsync("viewer", "lamp", "reported"));

        // Meanwhile a thing leaves the group: another viewer's subscription ends at once.
        Assert.Equal(GroupOutcome.Done, (await Groups.RemoveThingAsync(Of("root"), "house", "plug")).Outcome);
        Assert.Equal("things/lamp/telemetry", await SubscribedAsync("operator"));
        if (isRestarted)
        {
            await RestartAsync();
            Assert.True(PubSub.Hub.IsSuspended(Of("viewer")));
            accounts = Accounts;
        }

        Assert.Equal("things/lamp/telemetry things/plug/telemetry", await SubscribedAsync("viewer"));
        Assert.True(await SeesAsync("viewer", "lamp"));
        Assert.Equal(AccountOutcome.Done, await accounts.SetDisabledAsync("viewer", false));
        await Wait.UntilAsync(async () => await SubscribedAsync("viewer") == "things/lamp/telemetry" && !await SeesAsync("viewer", "plug"));
        Assert.False(PubSub.Hub.IsSuspended(Of("viewer")));
        Assert.True(await SeesAsync("viewer", "lamp"));
        Assert.Equal("S-----", await RightsAsync("viewer", "lamp"));

        // And what ends then ends as ever.
        Assert.Equal(GroupOutcome.Done, (await Groups.RemoveMemberAsync(Of("root"), "house", Of("viewer"))).Outcome);
        Assert.Equal("", await SubscribedAsync("viewer"));
        await Wait.UntilAsync(async () => !await SeesAsync("viewer", "lamp"));
    }

    [Fact]
    public async Task Who_gets_the_name_of_one_who_was_removed_while_disabled_hears_and_has_nothing_of_his()
    {
        await FillAsync(withPresence: false);
        Assert.Equal(AccountOutcome.Done, await Accounts.SetDisabledAsync("viewer", true));
        Assert.Equal(AccountOutcome.Done, await Accounts.RemoveAsync("viewer"));
        Assert.Equal(AccountOutcome.Done, await Accounts.CreateAsync("viewer", "another secret"));
        Assert.Equal("", await SubscribedAsync("viewer"));
        Assert.False(PubSub.Hub.IsSuspended(Of("viewer")));
        Assert.Equal("------", await RightsAsync("viewer", "lamp"));
    }

    private async Task FillAsync(bool withPresence = true)
    {
        await ProvisionAsync("lamp", "alice");
        await ProvisionAsync("plug", "alice");
        await GroupAsync("house", "founder", "lamp", "plug");
        foreach (string who in (string[])["viewer", "operator"])
        {
            await MemberAsync("house", who, GroupRole.Viewer);
            foreach (string thing in (string[])["lamp", "plug"])
            {
                Assert.Null(await SubscribeAsync(who, thing));
                if (withPresence)
                {
                    await AskPresenceAsync(who, thing);
                    await Wait.UntilAsync(async () => await SeesAsync(who, thing));
                }
            }
        }
    }
}
