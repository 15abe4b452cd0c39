using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Access;

/// <summary>
/// The decision table of <c>hub/Features/Access/README.md</c>: who × which thing → S(ee), C(ontrol everything), control of the parameter r(elay), of p(ower), M(aintain), O(wn).
/// In a group of <c>founder</c> are lamp, gateway, gone and off, all of alice, and left, of exowner; behind the gateway are meter (alice's), sensor (bob's) and spare (nobody's); free was alice's and is
/// nobody's now. The accounts exroot, exowner, exchief (of the group) and off itself are disabled.
/// </summary>
public abstract class DecisionTable : AccessHarness
{
    private static readonly string[] Actors =
        ["root", "alice", "bob", "itself", "gateway", "viewer", "operator", "relayop", "butop", "twice", "both", "chief", "founder", "friend", "stranger", "exroot", "viewer@elsewhere.example", "stranger@elsewhere.example", "exowner", "exchief"];

    private static readonly (string Thing, string Rights)[] Table =
    [
        // root  alice  bob    itself gateway viewer operat relayo butop  twice  both   chief  founder friend strang exroot viewer@ strang@ exowne exchie
        ("lamp", "SCrpMO SCrpMO ------ SCrpM- ------ S----- SCrp-- S-r--- S-r--- S-rp-- SCrp-- SCrpM- SCrpM- S----- ------ ------ S----- ------ ------ ------"),
        ("gateway", "SCrpMO SCrpMO ------ SCrpM- SCrpM- S----- SCrp-- S-r--- S-r--- S-r--- S-r--- SCrpM- SCrpM- S----- ------ ------ S----- ------ ------ ------"),
        ("meter", "SCrpMO SCrpMO ------ ------ SCrpM- S----- SCrp-- S-r--- S-r--- S-r--- S-r--- SCrpM- SCrpM- S----- ------ ------ S----- ------ ------ ------"),
        ("sensor", "SCrpMO ------ SCrpMO ------ SCrpM- ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------"),
        ("spare", "SCrpMO SCrpM- ------ ------ SCrpM- S----- SCrp-- S-r--- S-r--- S-r--- S-r--- SCrpM- SCrpM- S----- ------ ------ S----- ------ ------ ------"),
        ("free", "SCrpMO ------ ------ SCrpM- ------ ------ ------ ------ ------ ------ ------ ------ ------ S----- ------ ------ ------ ------ ------ ------"),
        ("gone", "SCrpMO SCrpMO ------ ------ ------ S----- SCrp-- S-r--- S-r--- S-r--- S-r--- SCrpM- SCrpM- S----- ------ ------ S----- ------ ------ ------"),
        ("left", "SCrpMO ------ ------ SCrpM- ------ S----- SCrp-- S-r--- S-r--- S-r--- S-r--- SCrpM- SCrpM- S----- ------ ------ S----- ------ ------ ------"),
        ("off", "SCrpMO SCrpMO ------ ------ ------ S----- SCrp-- S-r--- S-r--- S-r--- S-r--- SCrpM- SCrpM- S----- ------ ------ S----- ------ ------ ------"),
        ("nothing", "------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------ ------"),
    ];

    [Fact]
    public async Task Everybody_may_what_the_table_says()
    {
        await FillAsync();
        foreach ((string thing, string rights) in Table)
        {
            string[] found = await Task.WhenAll(Actors.Select(actor => RightsAsync(actor == "itself" ? thing : actor, thing)));
            Assert.Equal($"{thing}: {rights}", $"{thing}: {string.Join(' ', found)}");
        }
    }

    [Fact]
    public async Task The_lists_of_things_are_those_of_the_table()
    {
        await FillAsync();
        foreach (string actor in Actors.Where(a => a != "itself"))
        {
            foreach (ThingRight right in Enum.GetValues<ThingRight>())
            {
                var expected = new List<string>();
                foreach (string thing in (await Registry.AllAsync()).Keys)
                {
                    if (await Access.MayAsync(Of(actor), thing, right))
                    {
                        expected.Add(thing);
                    }
                }

                Assert.Equal($"{actor} {right}: {string.Join(' ', expected)}", $"{actor} {right}: {string.Join(' ', await Access.ThingsAsync(Of(actor), right))}");
            }
        }
    }

    [Fact]
    public async Task The_table_holds_after_a_restart()
    {
        await FillAsync();
        await RestartAsync();
        foreach ((string thing, string rights) in Table)
        {
            string[] found = await Task.WhenAll(Actors.Select(actor => RightsAsync(actor == "itself" ? thing : actor, thing)));
            Assert.Equal($"{thing}: {rights}", $"{thing}: {string.Join(' ', found)}");
        }
    }

    /// <summary>Whoever it is, and by whatever he had his rights: at once, and only as long as the account is disabled.</summary>
    [Fact]
    public async Task An_account_that_is_disabled_has_no_right_and_has_them_again_when_it_may_log_in_again()
    {
        await FillAsync();
        foreach (string actor in (string[])["root", "alice", "bob", "gateway", "viewer", "operator", "twice", "chief", "founder"])
        {
            string[] before = [.. await AllRightsAsync()];
            Assert.Contains(before, r => r[0] == 'S');
            ThingGroup? house = await Groups.FindAsync(Of(actor), "house");
            Assert.Equal(AccountOutcome.Done, await Accounts.SetDisabledAsync(actor, true));
            Assert.All(await AllRightsAsync(), r => Assert.Equal("------", r));
            Assert.Empty(await Access.ThingsAsync(Of(actor), ThingRight.See));
            Assert.DoesNotContain(Of(actor), await Access.MembersAsync("gateway"));
            Assert.False(await Access.MayAskAsync(Of(actor), Of("gateway"), [], ThingRight.See));
            Assert.Null(await Groups.FindAsync(Of(actor), "house"));
            Assert.Empty(await Groups.ListAsync(Of(actor), "", 10));
            Assert.Empty(await Groups.OfThingAsync(Of(actor), "lamp"));
            Assert.Equal(GroupOutcome.NotFound, (await Groups.RenameAsync(Of(actor), "house", "x")).Outcome);
            Assert.Equal(RegistryOutcome.Forbidden, (await Things.Provisioning.RevokeAsync(Of(actor), "lamp")).Outcome);
            Assert.Equal(RegistryOutcome.Forbidden, (await Things.Provisioning.RenameAsync(Of(actor), "lamp", "x")).Outcome);
            Assert.Equal(AccountOutcome.Done, await Accounts.SetDisabledAsync(actor, false));
            Assert.Equal(before, await AllRightsAsync());
            Assert.Equal(house?.Id, (await Groups.FindAsync(Of(actor), "house"))?.Id);

            async Task<IEnumerable<string>> AllRightsAsync() => await Task.WhenAll(Table.Select(row => RightsAsync(actor, row.Thing)));
        }
    }

    [Fact]
    public async Task A_removed_owner_s_things_are_nobody_s_and_who_gets_the_name_gets_none_of_them()
    {
        await FillAsync();
        Assert.Equal(AccountOutcome.Done, await Accounts.RemoveAsync("alice"));
        Assert.Equal(AccountOutcome.Done, await Accounts.CreateAsync("alice", "another secret"));
        foreach (bool isRestarted in (bool[])[false, true])
        {
            if (isRestarted)
            {
                await RestartAsync();
            }

            foreach (string thing in (string[])["lamp", "gateway", "meter", "gone", "spare", "off"])
            {
                Assert.Equal($"{thing}: ------ SCrpMO", $"{thing}: {await RightsAsync("alice", thing)} {await RightsAsync("root", thing)}");
                Assert.Null((await Registry.FindAsync(thing))!.Owner);
            }

            Assert.Empty(await Access.ThingsAsync(Of("alice"), ThingRight.See));
            Assert.Equal("SCrpMO", await RightsAsync("bob", "sensor"));
        }
    }

    /// <summary>XEP-0325 with node references: each thing that is named must be allowed, and what is not behind the gateway is the gateway's to answer.</summary>
    [Theory]
    [InlineData("operator", "", true)]
    [InlineData("operator", "meter", true)]
    [InlineData("operator", "meter spare", true)]
    [InlineData("operator", "meter sensor", false)]
    [InlineData("operator", "lamp", true)]
    [InlineData("operator", "unknown", true)]
    [InlineData("relayop", "meter", false)]
    [InlineData("viewer", "meter", false)]
    [InlineData("bob", "sensor", true)]
    [InlineData("bob", "sensor meter", false)]
    [InlineData("bob", "", false)]
    [InlineData("alice", "sensor", false)]
    [InlineData("stranger", "unknown", false)]
    public async Task A_request_needs_the_right_to_each_thing_that_it_names(string who, string nodes, bool may)
    {
        await FillAsync();
        string[] ids = nodes.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(may, await Access.MayAskAsync(Of(who), Of("gateway"), ids, ThingRight.Control));
        Assert.False(await Access.MayAskAsync(Of(who), new Jid("gateway", "elsewhere.example", ""), ids, ThingRight.Control));
    }

    [Theory]
    [InlineData("relayop", "relay", true)]
    [InlineData("relayop", "relay power", false)]
    [InlineData("relayop", "RELAY", false)]
    [InlineData("butop", "relay light", true)]
    [InlineData("butop", "power", false)]
    [InlineData("operator", "power anything", true)]
    [InlineData("viewer", "relay", false)]
    [InlineData("relayop", "", true)]
    [InlineData("viewer", "", false)]
    [InlineData("friend", "", false)]
    public async Task A_request_needs_the_right_to_each_parameter_that_it_sets(string who, string parameters, bool may)
    {
        await FillAsync();
        Assert.Equal(may, await Access.MayAskAsync(Of(who), Of("lamp"), [], ThingRight.Control, parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
    }

    private async Task FillAsync()
    {
        await ProvisionAsync("lamp", "alice");
        await ProvisionAsync("gateway", "alice");
        await ProvisionAsync("gone", "alice");
        await ProvisionAsync("free", "alice");
        await ProvisionAsync("off", "alice");
        await Accounts.CreateAsync("exowner", "secret of exowner");
        await Accounts.CreateAsync("exchief", "secret of exchief");
        await ProvisionAsync("left", "exowner");
        await RegisterAsync("gateway", "meter");
        await RegisterAsync("gateway", "sensor", "a key that is long");
        await ClaimAsync("bob", "sensor", "a key that is long");
        await RegisterAsync("gateway", "spare", "another key that is long");
        await GroupAsync("house", "founder", "lamp", "gateway", "gone", "free", "left", "off");
        await GroupAsync("lamps", "root", "lamp");
        await MemberAsync("house", "viewer", GroupRole.Viewer);
        await MemberAsync("house", "viewer@elsewhere.example", GroupRole.Viewer);
        await MemberAsync("house", "operator", GroupRole.Operator);
        await MemberAsync("house", "relayop", GroupRole.Operator, ParameterLimit.Only(["relay"]));
        await MemberAsync("house", "butop", GroupRole.Operator, ParameterLimit.Except(["power"]));
        await MemberAsync("house", "chief", GroupRole.Administrator);
        await MemberAsync("house", "exchief", GroupRole.Administrator);
        await MemberAsync("house", "twice", GroupRole.Operator, ParameterLimit.Only(["relay"]));
        await MemberAsync("lamps", "twice", GroupRole.Operator, ParameterLimit.Only(["power"]));
        await MemberAsync("house", "both", GroupRole.Operator, ParameterLimit.Except(["power"]));
        await MemberAsync("lamps", "both", GroupRole.Operator, ParameterLimit.Only(["power"]));
        foreach (string thing in (string[])["lamp", "gateway", "gone", "free", "left", "off"])
        {
            await Links.BefriendAsync(Of("friend"), Of(thing));
        }

        Assert.Equal(RegistryOutcome.Done, (await Things.Provisioning.ResetAsync(Of("root"), "free", newKey: false)).Outcome);
        Assert.Equal(RegistryOutcome.Done, (await Things.Provisioning.RevokeAsync(Of("root"), "gone")).Outcome);
        foreach (string account in (string[])["exowner", "exchief", "off"])
        {
            await Accounts.SetDisabledAsync(account, true);
        }
    }
}

/// <summary>On SQLite.</summary>
public sealed class SqliteDecisionTable : DecisionTable
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(Tables);
}

/// <summary>On PostgreSQL.</summary>
public sealed class PostgresDecisionTable : DecisionTable
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(Tables);
}
