using System.Text;
using IotXmpp.Hub.Features.Archive;
using IotXmpp.Hub.Features.Rooms;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Tests.Features.PubSub;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Rooms;

/// <summary>Rooms on a real database, with a clock that the test moves; what they tell is recorded as lines of text.</summary>
public abstract class RoomHarness : IAsyncLifetime
{
    internal static readonly Jid Service = new("", "rooms.hub.test", "");
    internal static readonly Jid Alice = new("alice", "hub.test", "pc");
    internal static readonly Jid Bob = new("bob", "hub.test", "pc");
    internal static readonly Jid Carol = new("carol", "peer.test", "pc");
    internal static readonly Jid Root = new("root", "example.org", "pc");

    private ISqlDatabase _database = null!;

    internal TestKit.ManualTime Time { get; } = new();

    internal RoomsOptions Options { get; } = new() { HistoryMessages = 5, OccupantsPerRoom = 5, ReservedPlaces = 1, RoomsPerOwner = 2, MaxRooms = 4, AffiliationsPerRoom = 4, CachedRooms = 1, StanzaBurst = 1000, StanzasPerSecond = 10 };

    internal List<string> Told { get; } = [];

    internal Outbox Recorder { get; private set; } = null!;

    internal Archive Kept { get; private set; } = null!;

    internal RoomService Rooms { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(RoomMigrations.All, ArchiveMigrations.All);
        Kept = new Archive();
        await RestartAsync();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _database.DisposeAsync();
    }

    /// <summary>The service anew on the same database: nothing in memory.</summary>
    internal async Task RestartAsync()
    {
        Recorder = new Outbox(Told);
        Rooms = new RoomService(new RoomBook(Options), new RoomStore(_database, Service), Kept, Recorder, Options, new PubSubHarness.FakeAccounts(), new Jid("", "hub.test", ""), Service, Time);
        await Rooms.BeginAsync(CancellationToken.None);
    }

    internal async Task<RoomError?> EnterAsync(Jid user, string nick, string room = "coven", string? password = null, HistoryRequest? history = null) =>
        await Rooms.EnterAsync(room, new Entrance(user, nick, PresenceContent.Empty) { Password = password, History = history });

    internal async Task<Room> FindAsync(string room = "coven") => await Rooms.FindAsync(room) ?? throw new InvalidOperationException("There is no such room.");

    internal async Task<Room> OpenAsync(string room = "coven", Jid? owner = null, params (string Var, string Value)[] fields)
    {
        Assert.Null(await EnterAsync(owner ?? Alice, "Alice", room));
        Room made = await FindAsync(room);
        Assert.Null(await ConfigureAsync(made, owner ?? Alice, fields));
        return made;
    }

    internal async Task<RoomError?> ConfigureAsync(Room room, Jid actor, params (string Var, string Value)[] fields)
    {
        var form = new DataForm(FormType.Submit, RoomConfigurationForm.FormType);
        foreach (IGrouping<string, string> field in fields.GroupBy(f => f.Var, f => f.Value))
        {
            form.Add(new FormField(field.Key.Contains('#') ? field.Key : "muc#roomconfig_" + field.Key) { Values = [.. field] });
        }

        return await Rooms.ConfigureAsync(room, await Rooms.ActorAsync(actor), form);
    }

    internal async Task<RoomError?> AffiliateAsync(Room room, Jid actor, Jid user, Affiliation affiliation, string? nick = null) =>
        await Rooms.AffiliateAsync(room, await Rooms.ActorAsync(actor), [new Affiliate(user.Bare, affiliation, nick)], static () => { });

    internal async Task<RoomError?> SayAsync(Room room, Jid user, string text, bool isSubject = false) =>
        await Rooms.Conversation.SayAsync(room, user, new Speech(Encoding.UTF8.GetBytes(isSubject ? $"<subject>{text}</subject>" : $"<body>{text}</body>"), text) { IsKept = true, IsSubject = isSubject });

    /// <summary>What was told since the last time.</summary>
    internal string[] Take()
    {
        string[] told = [.. Told];
        Told.Clear();
        return told;
    }

    /// <summary>Writes down what rooms tell.</summary>
    internal sealed class Outbox(List<string> told) : IRoomOutbox
    {
        /// <summary>Called with each message before it is written down.</summary>
        public Action<Room>? Telling { get; set; }

        public void Presence(Room room, PresenceNotice notice, IReadOnlyList<OccupantSession> to)
        {
            foreach (OccupantSession session in to)
            {
                bool isSelf = session.Occupant == notice.Occupant;
                string codes = string.Join(' ', notice.Codes.Concat(isSelf ? [.. notice.SelfCodes, RoomStatus.Self] : []));
                told.Add($"{session.Jid.Local}/{session.Jid.Resource} < {notice.Nick} {RoomTokens.Of(notice.Affiliation)}/{RoomTokens.Of(notice.Role)}{(notice.NewNick is null ? "" : " now " + notice.NewNick)}{(room.SeesJids(session.Occupant) && notice.RealJid is { } jid ? " = " + jid : "")}{(notice.Destruction is null ? "" : " destroyed")} [{codes}]");
            }
        }

        public void Message(Room room, RoomMessage message, IReadOnlyList<OccupantSession> to)
        {
            foreach (OccupantSession session in to)
            {
                Telling?.Invoke(room);
                told.Add($"{session.Jid.Local}/{session.Jid.Resource} < {(message.SaidAt is null ? "" : "past ")}{message.From.Resource}: {Encoding.UTF8.GetString(message.Inner)}");
            }
        }

        public int Measure(Room room, RoomMessage message, Jid to) => 100 + message.Inner.Length;

        public void Status(Room room, IReadOnlyList<int> codes, IReadOnlyList<OccupantSession> to) => told.Add($"all {to.Count} < [{string.Join(' ', codes)}]");

        public void Invite(Room room, Invitation invitation) => told.Add($"{invitation.To} < invited");

        public void AskForVoice(Room room, Occupant visitor, IReadOnlyList<OccupantSession> moderators) => told.Add($"{moderators.Count} moderators < {visitor.Nick} asks for voice");

        public void AskForMembership(Room room, Jid user, string nick, IReadOnlyList<OccupantSession> admins) => told.Add($"{admins.Count} admins < {user} asks to be {nick}");
    }

    /// <summary>An archive that answers when the test says so.</summary>
    internal sealed class Archive : IRoomArchive
    {
        private readonly Dictionary<Jid, List<RoomMessage>> _kept = [];
        private int _ids;

        public Queue<TaskCompletionSource>? Held { get; set; }

        public Exception? Failure { get; set; }

        public bool IsThere => true;

        public async Task<string> AppendAsync(Room room, RoomMessage message, OccupantSession sender)
        {
            string id = $"id{++_ids}";
            if (Held is not null)
            {
                var held = new TaskCompletionSource();
                Held.Enqueue(held);
                await held.Task;
            }

            if (Failure is not null)
            {
                throw Failure;
            }

            if (!_kept.TryGetValue(room.Jid, out List<RoomMessage>? messages))
            {
                _kept[room.Jid] = messages = [];
            }

            messages.Add(message with { ArchiveId = id, SaidAt = DateTimeOffset.UnixEpoch.AddSeconds(_ids) });
            return id;
        }

        public ValueTask<IReadOnlyList<RoomMessage>> LastAsync(Jid room, int count, CancellationToken cancel) =>
            new(_kept.TryGetValue(room, out List<RoomMessage>? messages) ? [.. messages.Where(message => !message.Inner.AsSpan().StartsWith("<subject>"u8)).TakeLast(count)] : []);

        public Task RemoveAsync(Jid room)
        {
            _kept.Remove(room);
            return Task.CompletedTask;
        }
    }
}
