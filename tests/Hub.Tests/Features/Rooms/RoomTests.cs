using IotXmpp.Hub.Features.Rooms;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Rooms;

/// <summary>Rules of rooms without a socket.</summary>
public sealed class RoomTests : RoomHarness
{
    [Fact]
    public async Task A_new_room_is_locked_until_it_is_configured_and_gone_when_its_creator_leaves_before()
    {
        Assert.Null(await EnterAsync(Alice, "Alice"));
        Assert.Equal(["alice/pc < Alice owner/moderator = alice@hub.test/pc [170 201 110]", "alice/pc < : <subject/>"], Take());
        Assert.Equal(RoomError.ItemNotFound, await EnterAsync(Bob, "Bob"));
        Room room = await FindAsync();
        room.Exit(Alice, PresenceContent.Empty);
        Assert.True(room.IsGone);
        Assert.Null(await Rooms.FindAsync("coven"));
        Assert.Null(await EnterAsync(Bob, "Bob"));
    }

    [Fact]
    public async Task An_entrance_that_is_refused_leaves_no_room_behind()
    {
        Assert.Equal(RoomError.JidMalformed, await EnterAsync(Alice, " \u2003 "));
        Assert.Null(await Rooms.FindAsync("coven"));
    }

    [Theory]
    [InlineData("Alice", "alice")]
    [InlineData("Stra\u00dfe", "STRA\u00dfE")]
    [InlineData("\uff21lice", "Alice")]
    [InlineData(" the  Great ", "The Great")]
    public async Task Nicknames_that_look_alike_are_one(string first, string second)
    {
        Room room = await OpenAsync();
        Assert.Null(await EnterAsync(Bob, first == "Alice" || second == "Alice" ? "Bob" : first));
        Assert.Equal(RoomError.Conflict, await EnterAsync(Carol, second));
        Assert.Equal(2, room.Occupants.Count);
    }

    [Fact]
    public async Task A_turn_that_comes_back_within_a_turn_waits_for_its_end()
    {
        Room room = await OpenAsync();
        await EnterAsync(Bob, "Bob");
        await EnterAsync(Carol, "Carol");
        Take();
        // The first whom a message is passed to bounces at once: the others are told of it when all have the message.
        Recorder.Telling = told =>
        {
            Recorder.Telling = null;
            told.Exit(Alice, PresenceContent.Empty, RoomStatus.TechnicalProblem);
        };
        Assert.Null(await SayAsync(room, Bob, "hi"));
        Assert.Equal(
            [
                "alice/pc < Bob: <body>hi</body>", "bob/pc < Bob: <body>hi</body>", "carol/pc < Bob: <body>hi</body>",
                "alice/pc < Alice owner/none = alice@hub.test/pc [333 110]", "bob/pc < Alice owner/none [333]", "carol/pc < Alice owner/none [333]",
            ],
            Take());
    }

    [Fact]
    public async Task What_is_said_is_passed_on_when_it_is_kept_and_in_its_order()
    {
        Room room = await OpenAsync();
        Take();
        Kept.Held = new();
        Task<RoomError?> first = SayAsync(room, Alice, "one");
        // Not kept, so nothing to wait for but its turn.
        Task<RoomError?> second = Rooms.Conversation.SayAsync(room, Alice, new Speech("<active/>"u8.ToArray())).AsTask();
        Task<RoomError?> third = SayAsync(room, Alice, "two");
        Assert.Empty(Take());
        Assert.Equal(3, room.Pending);
        Kept.Held.Dequeue().SetResult();
        Assert.Equal((null, null), (await first, await second));
        Assert.Equal(["alice/pc < Alice: <body>one</body>", "alice/pc < Alice: <active/>"], Take());
        Kept.Held.Dequeue().SetResult();
        Assert.Null(await third);
        Assert.Equal(0, room.Pending);
    }

    [Fact]
    public async Task What_could_not_be_kept_is_shown_to_nobody()
    {
        Room room = await OpenAsync();
        Take();
        Kept.Failure = new StorageException(StorageFailure.Overloaded, "full");
        Assert.Equal(RoomError.ResourceConstraint, await SayAsync(room, Alice, "one"));
        Assert.Empty(Take());
        Kept.Failure = null;
        Assert.Null(await SayAsync(room, Alice, "two"));
        Assert.Single(Take());
    }

    [Fact]
    public async Task Places_that_are_reserved_are_for_admins()
    {
        Room room = await OpenAsync();
        for (int i = 1; i < Options.OccupantsPerRoom; i++)
        {
            Assert.Null(await EnterAsync(new Jid($"u{i}", "hub.test", "r"), $"u{i}"));
        }

        Assert.Equal(RoomError.ServiceUnavailable, await EnterAsync(Bob, "Bob"));
        Assert.Null(await AffiliateAsync(room, Alice, Bob, Affiliation.Admin));
        Assert.Null(await EnterAsync(Bob, "Bob"));
        Assert.Equal(RoomError.ServiceUnavailable, await EnterAsync(new Jid("bob", "hub.test", "phone"), "Bob"));
    }

    [Fact]
    public async Task Rooms_are_bounded_for_an_owner_and_in_all()
    {
        await OpenAsync("a");
        await OpenAsync("b");
        Assert.Equal(RoomError.ResourceConstraint, await EnterAsync(Alice, "Alice", "c"));
        Assert.Equal(RoomError.NotAllowed, await EnterAsync(Carol, "Carol", "c"));
        // An administrator is not bound by the one, but by the other.
        await OpenAsync("c", Bob);
        await OpenAsync("d", Bob);
        Assert.Equal(RoomError.ResourceConstraint, await EnterAsync(new Jid("dave", "hub.test", "r"), "Dave", "e"));
        (await FindAsync("a")).Exit(Alice, PresenceContent.Empty);
        Assert.Null(await EnterAsync(Alice, "Alice", "e"));
    }

    [Fact]
    public async Task Affiliations_are_bounded_and_the_last_owner_stays()
    {
        Room room = await OpenAsync();
        foreach (string name in (string[])["u1", "u2", "u3"])
        {
            Assert.Null(await AffiliateAsync(room, Alice, new Jid(name, "hub.test", ""), Affiliation.Outcast));
        }

        Assert.Equal(RoomError.ResourceConstraint, await AffiliateAsync(room, Alice, Bob, Affiliation.Member));
        Assert.Equal(RoomError.Conflict, await AffiliateAsync(room, Alice, Alice, Affiliation.None));
        Assert.Null(await AffiliateAsync(room, Alice, new Jid("u1", "hub.test", ""), Affiliation.None));
        Assert.Null(await AffiliateAsync(room, Alice, Bob, Affiliation.Owner));
        Assert.Null(await AffiliateAsync(room, Alice, Alice, Affiliation.None));
        Assert.Equal(RoomError.Forbidden, await AffiliateAsync(room, Alice, Bob, Affiliation.None));
    }

    [Fact]
    public async Task A_domain_can_be_banned_and_one_of_it_be_a_member()
    {
        Room room = await OpenAsync();
        await EnterAsync(Carol, "Carol");
        Take();
        Assert.Null(await AffiliateAsync(room, Alice, new Jid("", "peer.test", ""), Affiliation.Outcast));
        Assert.Contains("carol/pc < Carol outcast/none [301 110]", Take());
        Assert.Equal(RoomError.Forbidden, await EnterAsync(Carol, "Carol"));
        Assert.Null(await AffiliateAsync(room, Alice, Carol, Affiliation.Member));
        Assert.Null(await EnterAsync(Carol, "Carol"));
    }

    [Fact]
    public async Task History_is_what_the_bounds_leave_and_no_subject()
    {
        Room room = await OpenAsync("coven", null, ("muc#maxhistoryfetch", "4"));
        foreach (string text in (string[])["1", "2", "3"])
        {
            await SayAsync(room, Alice, text);
        }

        await SayAsync(room, Alice, "Spells", isSubject: true);
        Time.Advance(TimeSpan.FromMinutes(10));
        foreach (string text in (string[])["4", "5", "6"])
        {
            await SayAsync(room, Alice, text);
        }

        Assert.Equal("3 4 5 6", await HistoryAsync(null));
        Assert.Equal("5 6", await HistoryAsync(new HistoryRequest(MaxStanzas: 2)));
        Assert.Equal("4 5 6", await HistoryAsync(new HistoryRequest(Since: Time.GetUtcNow().AddMinutes(-1))));
        Assert.Equal("5 6", await HistoryAsync(new HistoryRequest(MaxChars: 300)));
        Assert.Equal("6", await HistoryAsync(new HistoryRequest(MaxChars: 300, MaxStanzas: 1)));
        Assert.Equal("", await HistoryAsync(new HistoryRequest(MaxChars: 0)));

        async Task<string> HistoryAsync(HistoryRequest? request)
        {
            Take();
            Assert.Null(await EnterAsync(Bob, "Bob", history: request));
            string[] told = Take();
            Assert.Equal("bob/pc < past Alice: <subject>Spells</subject>", told[^1]);
            room.Exit(Bob, PresenceContent.Empty);
            return string.Join(' ', told.Where(line => line.StartsWith("bob/pc < past Alice: <body>", StringComparison.Ordinal)).Select(line => line.Split('>', '<')[^3]));
        }
    }

    [Fact]
    public void Discussion_in_memory_is_bounded_in_bytes()
    {
        var history = new RoomHistory(100, 50);
        for (int i = 0; i < 10; i++)
        {
            history.Add(new RoomMessage(Service, new byte[20]), DateTimeOffset.UnixEpoch);
        }

        Assert.Equal(2, history.Count);
        history.Add(new RoomMessage(Service, new byte[500]), DateTimeOffset.UnixEpoch);
        Assert.Equal(1, history.Count);
    }

    [Fact]
    public async Task Who_sends_too_much_waits_and_may_go_on_later()
    {
        Room room = await OpenAsync();
        for (int i = 0; i < Options.StanzaBurst; i++)
        {
            Assert.Null(await SayAsync(room, Alice, "x"));
        }

        Assert.Equal(RoomError.ResourceConstraint, await SayAsync(room, Alice, "x"));
        Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(await SayAsync(room, Alice, "x"));
        Assert.Equal(RoomError.ResourceConstraint, await SayAsync(room, Alice, "x"));
    }

    [Fact]
    public async Task A_room_that_is_no_longer_moderated_gives_voice_to_its_visitors()
    {
        Room room = await OpenAsync("coven", null, ("moderatedroom", "1"));
        await EnterAsync(Bob, "Bob");
        Assert.Equal(RoomError.Forbidden, await SayAsync(room, Bob, "x"));
        Take();
        Assert.Null(await ConfigureAsync(room, Alice, ("moderatedroom", "0")));
        Assert.Equal(["alice/pc < Bob none/participant = bob@hub.test/pc []", "bob/pc < Bob none/participant [110]", "all 2 < [104]"], Take());
        Assert.Null(await SayAsync(room, Bob, "x"));
    }

    [Fact]
    public async Task Occupant_ids_are_the_same_again_and_differ_between_rooms_and_people()
    {
        Room one = await OpenAsync("a");
        Room two = await OpenAsync("b");
        Assert.Equal(one.OccupantId(Bob), one.OccupantId(new Jid("bob", "hub.test", "phone")));
        Assert.Equal(3, new[] { one.OccupantId(Bob), two.OccupantId(Bob), one.OccupantId(Alice) }.Distinct().Count());
        Assert.Equal(64, one.OccupantId(Bob).Length);
    }

    [Fact]
    public async Task When_the_service_stops_everybody_is_told_and_nobody_enters()
    {
        await OpenAsync();
        await EnterAsync(Bob, "Bob");
        Take();
        Rooms.End();
        Assert.Equal(["alice/pc < Alice owner/none = alice@hub.test/pc [332 110]", "bob/pc < Bob none/none [332 110]"], Take());
        Assert.Equal(RoomError.ServiceUnavailable, await EnterAsync(Bob, "Bob"));
    }
}
