using IotXmpp.Hub.Features.Rooms;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Rooms;

/// <summary>What of a room outlives the process, and what does not.</summary>
public sealed class RoomRestartTests : RoomHarness
{
    [Fact]
    public async Task A_persistent_room_is_as_it_was()
    {
        Room room = await OpenAsync("coven", null, ("persistentroom", "1"), ("roomname", "A Dark Cave"), ("moderatedroom", "1"), ("whois", "anyone"), ("getmemberlist", "moderator"), ("maxusers", "3"));
        Assert.Null(await AffiliateAsync(room, Alice, Bob, Affiliation.Member, "Bobby"));
        Assert.Null(await AffiliateAsync(room, Alice, Carol, Affiliation.Outcast));
        Assert.Null(await SayAsync(room, Alice, "Spells", isSubject: true));
        Assert.Null(await SayAsync(room, Alice, "one"));
        RoomConfiguration configuration = room.Configuration;
        string id = room.OccupantId(Bob);

        await RestartAsync();
        Assert.Null(await EnterAsync(Bob, "bobby"));
        Room again = await FindAsync();
        Assert.NotSame(room, again);
        Assert.Equal(configuration, again.Configuration);
        Assert.Equal(id, again.OccupantId(Bob));
        Assert.Equal(["bob/pc < bobby member/participant = bob@hub.test/pc [100 170 110]", "bob/pc < past Alice: <body>one</body>", "bob/pc < past Alice: <subject>Spells</subject>"], Take()[^3..]);
        Assert.Equal(RoomError.Forbidden, await EnterAsync(Carol, "Carol"));
        Assert.Equal(RoomError.Conflict, await EnterAsync(new Jid("dave", "hub.test", "r"), "BOBBY"));
        Assert.Equal(("coven", "A Dark Cave"), Assert.Single(Rooms.Book.Page(null, null, 0, 10)!.Rooms));
    }

    [Fact]
    public async Task A_room_that_is_not_persistent_is_not_there()
    {
        await OpenAsync();
        await RestartAsync();
        Assert.Null(await Rooms.FindAsync("coven"));
    }

    [Fact]
    public async Task A_room_stays_or_goes_as_it_was_configured_last()
    {
        Room room = await OpenAsync("coven", null, ("persistentroom", "1"));
        room.Exit(Alice, PresenceContent.Empty);
        Assert.Same(room, await Rooms.FindAsync("coven"));
        // Nobody is there: it goes when it is no longer to stay.
        Assert.Null(await ConfigureAsync(room, Alice, ("persistentroom", "0")));
        Assert.Null(await Rooms.FindAsync("coven"));
        await RestartAsync();
        Assert.Null(await Rooms.FindAsync("coven"));
    }

    [Fact]
    public async Task Who_is_no_more_is_nothing_to_rooms_in_memory_and_on_disk()
    {
        Room room = await OpenAsync("coven", null, ("persistentroom", "1"));
        await AffiliateAsync(room, Alice, Bob, Affiliation.Owner);
        await EnterAsync(Bob, "Bob");
        Take();
        await Rooms.RemoveUserAsync(Bob.Bare);
        Assert.Contains("bob/pc < Bob none/participant [110]", Take());
        await RestartAsync();
        Assert.Equal(Affiliation.None, (await FindAsync()).Affiliations.Of(Bob));
    }

    [Fact]
    public async Task A_destroyed_room_is_gone_with_its_discussion_and_who_makes_it_anew_owns_it()
    {
        Room room = await OpenAsync("coven", null, ("persistentroom", "1"));
        await SayAsync(room, Alice, "secret");
        Assert.Equal(RoomError.Forbidden, await Rooms.DestroyAsync(room, await Rooms.ActorAsync(Bob), new RoomDestruction()));
        Assert.Null(await Rooms.DestroyAsync(room, await Rooms.ActorAsync(Alice), new RoomDestruction()));
        Take();
        Assert.Null(await EnterAsync(Bob, "Bob"));
        Assert.Equal(["bob/pc < Bob owner/moderator = bob@hub.test/pc [170 201 110]", "bob/pc < : <subject/>"], Take());
        await RestartAsync();
        Assert.Null(await Rooms.FindAsync("coven"));
    }

    [Fact]
    public async Task Rooms_that_nobody_uses_leave_memory_and_come_back()
    {
        foreach (string name in (string[])["a", "b"])
        {
            Room made = await OpenAsync(name, null, ("persistentroom", "1"), ("roomdesc", name));
            made.Exit(Alice, PresenceContent.Empty);
        }

        Room first = await FindAsync("a");
        await OpenAsync("c", Bob, ("persistentroom", "1"));
        await RestartAsync();
        Room a = await FindAsync("a");
        await FindAsync("b");
        await FindAsync("c");
        Assert.True(Rooms.Book.Rooms.Length <= Options.CachedRooms + 1);
        Assert.NotSame(first, a);
        Assert.Equal("a", (await FindAsync("a")).Configuration.Description);
    }

    [Fact]
    public async Task An_administrator_owns_every_room_and_registrations_wait_for_an_admin()
    {
        Room room = await OpenAsync("coven", null, ("membersonly", "1"), ("persistentroom", "1"));
        Take();
        Assert.Null(await Rooms.RegisterAsync(room, Bob, "Bobby"));
        Assert.Equal(["1 admins < bob@hub.test asks to be Bobby"], Take());
        Assert.Equal(RoomError.RegistrationRequired, await EnterAsync(Bob, "Bobby"));
        Assert.Equal(RoomError.Forbidden, await Rooms.ApproveAsync(room, await Rooms.ActorAsync(Bob), "Bobby", isAllowed: true));
        Assert.Null(await Rooms.ApproveAsync(room, await Rooms.ActorAsync(Root), "bobby", isAllowed: true));
        await RestartAsync();
        Assert.Null(await EnterAsync(Bob, "Bobby"));
        Assert.Null(await ConfigureAsync(await FindAsync(), Root, ("roomname", "x")));
        Assert.Null(await Rooms.UnregisterAsync(await FindAsync(), Bob));
        Assert.Equal(RoomError.RegistrationRequired, await Rooms.UnregisterAsync(await FindAsync(), Bob));
    }
}
