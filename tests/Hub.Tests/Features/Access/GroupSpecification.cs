using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Access;

/// <summary>Who may do what with groups, their bounds, and what follows when a right goes.</summary>
public abstract class GroupSpecification : AccessHarness
{
    /// <summary>Who × what → outcome; the group <c>house</c> is founder's, with chief as administrator, viewer and operator as members; lamp is alice's and in it, plug is chief's and not.</summary>
    [Theory]
    [InlineData("see", "root:Done founder:Done chief:Done viewer:Done operator:Done alice:NotFound stranger:NotFound exroot:NotFound lamp:NotFound")]
    [InlineData("rename", "root:Done founder:Done chief:Done viewer:Forbidden operator:Forbidden alice:NotFound stranger:NotFound")]
    [InlineData("give away", "root:Done founder:Done chief:Forbidden viewer:Forbidden alice:NotFound stranger:NotFound")]
    [InlineData("delete", "root:Done founder:Done chief:Forbidden viewer:Forbidden alice:NotFound stranger:NotFound")]
    [InlineData("add member", "root:Done founder:Done chief:Done viewer:Forbidden operator:Forbidden alice:NotFound stranger:NotFound")]
    [InlineData("remove member", "root:Done founder:Done chief:Done operator:Forbidden alice:NotFound stranger:NotFound")]
    [InlineData("leave", "viewer:Done operator:Done chief:Done founder:NoAccount stranger:NotFound")]
    [InlineData("add plug", "root:Done founder:NoThing chief:Done viewer:Forbidden alice:NotFound stranger:NotFound")]
    [InlineData("remove lamp", "root:Done founder:Done chief:Done alice:Done viewer:Forbidden bob:NotFound stranger:NotFound")]
    [InlineData("make", "root:Done viewer:Done stranger:Done lamp:Forbidden exroot:Forbidden someone@elsewhere.example:Forbidden")]
    [InlineData("make for another", "root:Done viewer:Forbidden")]
    public async Task Who_may_do_what(string what, string expected)
    {
        foreach (string row in expected.Split(' '))
        {
            string who = row[..row.IndexOf(':', StringComparison.Ordinal)];
            await ProvisionAsync("lamp", "alice");
            await ProvisionAsync("plug", "chief");
            await Groups.DeleteAsync(null, "house");
            await Groups.DeleteAsync(null, "other");
            await GroupAsync("house", "founder", "lamp");
            await MemberAsync("house", "chief", GroupRole.Administrator);
            await MemberAsync("house", "viewer", GroupRole.Viewer);
            await MemberAsync("house", "operator", GroupRole.Operator);
            GroupOutcome outcome = what switch
            {
                "see" => await Groups.FindAsync(Of(who), "house") is null ? GroupOutcome.NotFound : GroupOutcome.Done,
                "rename" => (await Groups.RenameAsync(Of(who), "house", "The house")).Outcome,
                "give away" => (await Groups.SetOwnerAsync(Of(who), "house", Of("bob"))).Outcome,
                "delete" => (await Groups.DeleteAsync(Of(who), "house")).Outcome,
                "add member" => (await Groups.SetMemberAsync(Of(who), "house", Of("bob"), GroupRole.Administrator)).Outcome,
                "remove member" => (await Groups.RemoveMemberAsync(Of(who), "house", Of("viewer"))).Outcome,
                "leave" => (await Groups.RemoveMemberAsync(Of(who), "house", Of(who))).Outcome,
                "add plug" => (await Groups.AddThingAsync(Of(who), "house", "plug")).Outcome,
                "remove lamp" => (await Groups.RemoveThingAsync(Of(who), "house", "lamp")).Outcome,
                "make" => (await Groups.CreateAsync(Of(who), "other", "Another")).Outcome,
                _ => (await Groups.CreateAsync(Of(who), "other", "Another", Of("bob"))).Outcome,
            };
            Assert.Equal(row, $"{who}:{outcome}");
        }
    }

    [Fact]
    public async Task A_group_is_as_it_was_after_a_restart()
    {
        await ProvisionAsync("lamp", "alice");
        await GroupAsync("house", "founder", "lamp");
        await MemberAsync("house", "relayop", GroupRole.Operator, ParameterLimit.Only(["relay", "dim"]));
        await MemberAsync("house", "butop", GroupRole.Operator, ParameterLimit.Except(["power"]));
        await MemberAsync("house", "viewer@elsewhere.example", GroupRole.Viewer);
        Assert.Equal(GroupOutcome.Done, (await Groups.RenameAsync(null, "house", "Haus № 1")).Outcome);
        ThingGroup before = (await Groups.FindAsync(null, "house"))!;
        await RestartAsync();
        ThingGroup after = (await Groups.FindAsync(null, "house"))!;
        Assert.Equal(before with { Members = after.Members, Things = after.Things }, after);
        Assert.Equal(before.Members.OrderBy(m => m.Key.ToString()), after.Members.OrderBy(m => m.Key.ToString()));
        Assert.Equal(before.Things.OrderBy(m => m.Key), after.Things.OrderBy(m => m.Key));
        Assert.Equal("Haus № 1", after.Name);
    }

    [Fact]
    public async Task Bounds_hold_and_leave_everything_as_it_was()
    {
        Assert.Equal(GroupOutcome.BadId, (await Groups.CreateAsync(Of("alice"), "No good id", "x")).Outcome);
        Assert.Equal(GroupOutcome.BadId, (await Groups.CreateAsync(Of("alice"), new string('x', 65), "x")).Outcome);
        Assert.Equal(GroupOutcome.BadName, (await Groups.CreateAsync(Of("alice"), "house", new string('x', GroupService.NameChars + 1))).Outcome);
        Assert.Equal(GroupOutcome.BadName, (await Groups.CreateAsync(Of("alice"), "house", "a\nb")).Outcome);
        for (int i = 0; i < Options.GroupsPerAccount; i++)
        {
            Assert.Equal(GroupOutcome.Done, (await Groups.CreateAsync(Of("alice"), $"g{i}", "x")).Outcome);
        }

        Assert.Equal(GroupOutcome.TooMany, (await Groups.CreateAsync(Of("alice"), "more", "x")).Outcome);
        Assert.Equal(GroupOutcome.Conflict, (await Groups.CreateAsync(Of("bob"), "g0", "x")).Outcome);
        for (int i = Options.GroupsPerAccount; i < Options.Groups; i++)
        {
            Assert.Equal(GroupOutcome.Done, (await Groups.CreateAsync(Of("root"), $"g{i}", "x")).Outcome);
        }

        Assert.Equal(GroupOutcome.TooMany, (await Groups.CreateAsync(Of("root"), "more", "x")).Outcome);
        for (int i = 0; i < Options.MembersPerGroup; i++)
        {
            await MemberAsync("g0", $"m{i}@elsewhere.example", GroupRole.Viewer);
        }

        Assert.Equal(GroupOutcome.TooMany, (await Groups.SetMemberAsync(Of("alice"), "g0", Of("bob"), GroupRole.Viewer)).Outcome);
        Assert.Equal(GroupOutcome.Done, (await Groups.SetMemberAsync(Of("alice"), "g0", Of("m1@elsewhere.example"), GroupRole.Operator)).Outcome);
        Assert.Equal(Options.MembersPerGroup, (await Groups.FindAsync(Of("alice"), "g0"))!.Members.Count);
        await ProvisionAsync("lamp", "alice");
        for (int i = 0; i < Options.GroupsPerThing; i++)
        {
            Assert.Equal(GroupOutcome.Done, (await Groups.AddThingAsync(Of("root"), $"g{i}", "lamp")).Outcome);
        }

        Assert.Equal(GroupOutcome.TooMany, (await Groups.AddThingAsync(Of("root"), $"g{Options.GroupsPerThing}", "lamp")).Outcome);
        Assert.Empty((await Groups.FindAsync(null, $"g{Options.GroupsPerThing}"))!.Things);
        await RestartAsync();
        Assert.Empty((await Groups.FindAsync(null, $"g{Options.GroupsPerThing}"))!.Things);
    }

    [Fact]
    public async Task A_member_is_an_account_and_a_limit_is_an_operators()
    {
        await GroupAsync("house", "founder");
        Assert.Equal(GroupOutcome.NoAccount, (await Groups.SetMemberAsync(null, "house", Of("nobody"), GroupRole.Viewer)).Outcome);
        Assert.Equal(GroupOutcome.NoAccount, (await Groups.SetOwnerAsync(null, "house", Of("nobody"))).Outcome);
        Assert.Equal(GroupOutcome.BadParameters, (await Groups.SetMemberAsync(null, "house", Of("bob"), GroupRole.Viewer, ParameterLimit.Only(["relay"]))).Outcome);
        Assert.Equal(GroupOutcome.BadParameters, (await Groups.SetMemberAsync(null, "house", Of("bob"), GroupRole.Operator, ParameterLimit.None)).Outcome);
        Assert.Equal(GroupOutcome.BadParameters, (await Groups.SetMemberAsync(null, "house", Of("bob"), GroupRole.Operator, ParameterLimit.Only(["a\nb"]))).Outcome);
        Assert.Equal(GroupOutcome.BadParameters, (await Groups.SetMemberAsync(null, "house", Of("bob"), (GroupRole)9)).Outcome);
        Assert.Equal(
            GroupOutcome.BadParameters, (await Groups.SetMemberAsync(null, "house", Of("bob"), GroupRole.Operator, ParameterLimit.Only(Enumerable.Range(0, ParameterLimit.MaxNames + 1).Select(i => $"p{i}")))).Outcome);
        Assert.Empty((await Groups.FindAsync(null, "house"))!.Members);
    }

    /// <summary>Each way in which a right goes ends what was granted by it, and nothing else.</summary>
    [Theory]
    [InlineData("the member goes")]
    [InlineData("the member leaves")]
    [InlineData("the thing goes")]
    [InlineData("the group goes")]
    [InlineData("the owner changes")]
    [InlineData("another process takes the member out")]
    [InlineData("another process, before a restart")]
    public async Task What_was_granted_ends_with_the_right(string how)
    {
        await ProvisionAsync("lamp", "alice");
        await ProvisionAsync("plug", "alice");
        await GroupAsync("house", "founder", "lamp");
        await GroupAsync("all", "founder", "plug");
        await MemberAsync("house", "viewer", GroupRole.Viewer);
        await MemberAsync("all", "viewer", GroupRole.Viewer);
        await MemberAsync("all", "operator", GroupRole.Operator);
        foreach (string thing in (string[])["lamp", "plug"])
        {
            Assert.Null(await SubscribeAsync("viewer", thing));
            Assert.NotNull(await SubscribeAsync("viewer", thing, "desired"));
            await AskPresenceAsync("viewer", thing);
            Assert.True(await SeesAsync("viewer", thing));
        }

        Assert.NotNull(await SubscribeAsync("stranger", "lamp"));
        await AskPresenceAsync("stranger", "lamp");
        Assert.False(await SeesAsync("stranger", "lamp"));
        Assert.Equal("things/lamp/telemetry things/plug/telemetry", await SubscribedAsync("viewer"));
        switch (how)
        {
            case "the member goes":
                await Groups.RemoveMemberAsync(Of("founder"), "house", Of("viewer"));
                break;
            case "the member leaves":
                await Groups.RemoveMemberAsync(Of("viewer"), "house", Of("viewer"));
                break;
            case "the thing goes":
                await Groups.RemoveThingAsync(Of("alice"), "house", "lamp");
                break;
            case "the group goes":
                await Groups.DeleteAsync(Of("founder"), "house");
                break;
            case "the owner changes":
                Assert.Equal(RegistryOutcome.Done, (await Things.Provisioning.EnterAsync("lamp", Of("bob"))).Outcome);
                Assert.Empty((await Groups.FindAsync(null, "house"))!.Things);
                break;
            case "another process, before a restart":
                using (var other = new GroupStore(Database))
                {
                    Assert.Equal(GroupChange.Done, await other.SetMemberAsync("house", Of("viewer"), null, 0));
                }

                await RestartAsync();
                break;
            default:
                using (var other = new GroupStore(Database))
                {
                    Assert.Equal(GroupChange.Done, await other.SetMemberAsync("house", Of("viewer"), null, 0));
                }

                // Any change by this process takes up those of others; without one the watch does.
                await Groups.RenameAsync(null, "all", "All");
                break;
        }

        Assert.Equal("things/plug/telemetry", await SubscribedAsync("viewer"));
        Assert.False(await SeesAsync("viewer", "lamp"));
        Assert.True(await SeesAsync("viewer", "plug"));
        Assert.Equal("------", await RightsAsync("viewer", "lamp"));
        Assert.Equal("S-----", await RightsAsync("viewer", "plug"));
    }

    [Fact]
    public async Task A_role_that_is_lowered_keeps_what_it_still_allows()
    {
        await ProvisionAsync("lamp", "alice");
        await GroupAsync("house", "founder", "lamp");
        await MemberAsync("house", "viewer", GroupRole.Administrator);
        Assert.Null(await SubscribeAsync("viewer", "lamp"));
        Assert.Null(await SubscribeAsync("viewer", "lamp", "desired"));
        await MemberAsync("house", "viewer", GroupRole.Operator);
        Assert.Equal("things/lamp/telemetry", await SubscribedAsync("viewer"));
    }

    [Fact]
    public async Task A_presence_that_was_approved_by_hand_stays()
    {
        await ProvisionAsync("lamp", "alice");
        await Links.BefriendAsync(Of("friend"), Of("lamp"));
        await GroupAsync("house", "founder", "lamp");
        await MemberAsync("house", "friend", GroupRole.Operator);
        await AskPresenceAsync("friend", "lamp");
        await Groups.RemoveMemberAsync(null, "house", Of("friend"));
        Assert.True(await SeesAsync("friend", "lamp"));
        Assert.Equal("S-----", await RightsAsync("friend", "lamp"));
    }

    [Fact]
    public async Task An_administrator_sees_things_and_no_persons_presence_unasked()
    {
        await ProvisionAsync("lamp", "alice");
        await AskPresenceAsync("root", "lamp");
        await AskPresenceAsync("root", "bob");
        Assert.True(await SeesAsync("root", "lamp"));
        Assert.False(await SeesAsync("root", "bob"));
        Assert.Null(await SubscribeAsync("root", "lamp"));
        await Accounts.SetAdministratorAsync("root", false);
        await Wait.UntilAsync(async () => await SubscribedAsync("root") == "" && !await SeesAsync("root", "lamp"));
    }

    [Fact]
    public async Task An_account_that_is_removed_leaves_its_groups()
    {
        await ProvisionAsync("lamp", "alice");
        await GroupAsync("house", "founder", "lamp");
        await MemberAsync("house", "viewer", GroupRole.Viewer);
        Assert.Equal(AccountOutcome.Done, await Accounts.RemoveAsync("viewer"));
        Assert.Equal(AccountOutcome.Done, await Accounts.RemoveAsync("founder"));
        Assert.Equal(AccountOutcome.Done, await Accounts.RemoveAsync("lamp"));
        ThingGroup left = (await Groups.FindAsync(null, "house"))!;
        Assert.Null(left.Owner);
        Assert.Empty(left.Members);
        Assert.Empty(left.Things);
        // Who gets the name later has nothing of it.
        await Accounts.CreateAsync("founder", "a new secret");
        Assert.Null(await Groups.FindAsync(Of("founder"), "house"));
    }

    [Fact]
    public async Task A_thing_that_is_claimed_again_by_its_owner_stays_and_one_that_was_reset_does_not()
    {
        ThingResult made = await Things.Provisioning.ProvisionAsync(Of("root"), new Provision("lamp", Of("alice"), new ScramCredentials(ScramHash.Sha256, new byte[16], 4096, new byte[32], new byte[32])));
        Assert.True(MetaTags.TryParse(made.ClaimText!, out MetaTags? tags, out _));
        await GroupAsync("house", "founder", "lamp");
        await MemberAsync("house", "viewer", GroupRole.Viewer);
        Assert.Equal(RegistryOutcome.Done, (await Things.Things.ClaimAsync(Of("alice"), tags, false)).Outcome);
        Assert.Equal("S-----", await RightsAsync("viewer", "lamp"));
        Assert.Equal(RegistryOutcome.Done, (await Things.Provisioning.ResetAsync(Of("alice"), "lamp", newKey: false)).Outcome);
        Assert.Equal(RegistryOutcome.Done, (await Things.Things.ClaimAsync(Of("alice"), tags, false)).Outcome);
        Assert.Equal("------", await RightsAsync("viewer", "lamp"));
    }

    [Fact]
    public async Task Changes_are_told_after_they_count()
    {
        await ProvisionAsync("lamp", "alice");
        Changes.Clear();
        await GroupAsync("house", "founder", "lamp");
        await MemberAsync("house", "viewer", GroupRole.Viewer);
        Assert.Contains(new AccessChange(null, "lamp"), Changes);
        Assert.Contains(new AccessChange(Of("viewer"), null), Changes);
        bool? may = null;
        Access.Changed += change => may ??= !Of("viewer").Equals(change.Who) ? null : Access.MayAsync(Of("viewer"), "lamp", ThingRight.See).AsTask().GetAwaiter().GetResult();
        await Groups.RemoveMemberAsync(null, "house", Of("viewer"));
        Assert.False(may);
    }

    [Fact]
    public async Task The_list_has_pages_of_what_is_for_who_asks()
    {
        foreach (string id in (string[])["a", "b", "c"])
        {
            await GroupAsync(id, "founder");
        }

        await MemberAsync("a", "viewer", GroupRole.Viewer);
        await MemberAsync("c", "viewer", GroupRole.Viewer);
        Assert.Equal("a b c", Ids(await Groups.ListAsync(Of("root"), "", 10)));
        Assert.Equal("a c", Ids(await Groups.ListAsync(Of("viewer"), "", 10)));
        Assert.Equal("a", Ids(await Groups.ListAsync(Of("viewer"), "", 1)));
        Assert.Equal("c", Ids(await Groups.ListAsync(Of("viewer"), "a", 10)));
        Assert.Equal("", Ids(await Groups.ListAsync(Of("stranger"), "", 10)));

        static string Ids(IReadOnlyList<ThingGroup> groups) => string.Join(' ', groups.Select(g => g.Id));
    }

    /// <summary>Groups and lookups by anything that somebody may send: nothing but outcomes.</summary>
    [Theory]
    [InlineData("'; DROP TABLE access_group; --")]
    [InlineData("../../etc/passwd")]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("=cmd|' /C calc'!A0")]
    [InlineData("")]
    public async Task Hostile_texts_are_texts(string text)
    {
        await ProvisionAsync("lamp", "alice");
        await GroupAsync("house", "founder", "lamp");
        Assert.Equal(GroupOutcome.BadId, (await Groups.CreateAsync(Of("alice"), text, "x")).Outcome);
        Assert.Null(await Groups.FindAsync(Of("root"), text));
        Assert.Equal(GroupOutcome.NotFound, (await Groups.DeleteAsync(Of("root"), text)).Outcome);
        Assert.Equal(GroupOutcome.NoThing, (await Groups.AddThingAsync(Of("root"), "house", text)).Outcome);
        Assert.Equal(GroupOutcome.NoThing, (await Groups.RemoveThingAsync(Of("root"), "house", text)).Outcome);
        if (text.Length > 0)
        {
            Assert.Equal(GroupOutcome.Done, (await Groups.RenameAsync(Of("root"), "house", text)).Outcome);
            Assert.Equal(text, (await Groups.FindAsync(Of("root"), "house"))!.Name);
        }

        Assert.False(await Access.MayAsync(Of("root"), text, ThingRight.See));
    }
}

/// <summary>On SQLite.</summary>
public sealed class SqliteGroupTests : GroupSpecification
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(Tables);
}

/// <summary>On PostgreSQL.</summary>
public sealed class PostgresGroupTests : GroupSpecification
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(Tables);
}
