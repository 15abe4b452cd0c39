using System.Text;
using IotXmpp.Hub.Features.Archive;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Archive;

public sealed class ArchiveStoreTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly ArchiveOptions _options = new() { MaxMessages = 1000 };
    private ISqlDatabase _database = null!;
    private ArchiveStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(ArchiveMigrations.All);
        _store = new ArchiveStore(_database, _options, _time);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_message_is_in_both_archives_under_ids_of_their_own()
    {
        (ArchiveId? first, ArchiveId? second) = await _store.AppendAsync(Entry("alice", "bob@hub.test", "1"), Entry("bob", "alice@hub.test", "1"));
        Assert.NotEqual(first, second);
        Assert.Equal(first, Assert.Single(await AllAsync("alice")).Id);
        Assert.Equal(second, Assert.Single(await AllAsync("bob")).Id);
        Assert.Equal(_time.Now, first!.Value.At);
    }

    [Fact]
    public async Task Ids_rise_and_are_never_the_same_also_when_the_clock_stands_still_or_goes_back()
    {
        var ids = new List<ArchiveId>();
        for (int i = 0; i < 20; i++)
        {
            ids.Add((await _store.AppendAsync(Entry("alice", "bob@hub.test", $"{i}"), null)).First!.Value);
            _time.Now -= TimeSpan.FromMinutes(i % 2);
        }

        // A process that begins anew goes on behind what is there.
        var again = new ArchiveStore(_database, _options, _time);
        ids.Add((await again.AppendAsync(Entry("alice", "bob@hub.test", "20"), null)).First!.Value);
        Assert.Equal(ids, ids.OrderBy(id => id.Seq));
        Assert.Equal(ids.Count, ids.Select(id => id.Seq).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 21).Select(i => $"{i}"), (await AllAsync("alice")).Select(Body));
    }

    [Fact]
    public async Task Two_hubs_on_one_database_do_not_take_the_same_place()
    {
        var other = new ArchiveStore(_database, _options, _time);
        for (int i = 0; i < 8; i++)
        {
            await _store.AppendAsync(Entry("alice", "bob@hub.test", "a"), null);
            await other.AppendAsync(Entry("alice", "bob@hub.test", "b"), null);
        }

        Assert.Equal(16, (await AllAsync("alice")).Select(m => m.Id.Seq).Distinct().Count());
    }

    [Fact]
    public async Task An_id_is_found_only_in_its_own_archive_and_only_whole()
    {
        (ArchiveId? id, _) = await _store.AppendAsync(Entry("alice", "bob@hub.test", "1"), null);
        Assert.NotNull(await _store.QueryAsync("alice", new ArchiveQuery { Max = 10, AfterId = id.ToString() }));
        Assert.Null(await _store.QueryAsync("bob", new ArchiveQuery { Max = 10, AfterId = id.ToString() }));
        Assert.Null(await _store.QueryAsync("alice", new ArchiveQuery { Max = 10, AfterId = new ArchiveId(id!.Value.Seq, id.Value.Salt + 1).ToString() }));
        Assert.Null(await _store.QueryAsync("alice", new ArchiveQuery { Max = 10, PageAfter = "" }));
        Assert.Null(await _store.QueryAsync("alice", new ArchiveQuery { Max = 10, Ids = [id.ToString()!, "x"] }));
    }

    [Fact]
    public async Task The_oldest_go_when_there_are_too_many()
    {
        var store = new ArchiveStore(_database, new ArchiveOptions { MaxMessages = 3 }, _time);
        for (int i = 0; i < 10; i++)
        {
            await store.AppendAsync(Entry("alice", "bob@hub.test", $"{i}"), null);
            await store.AppendAsync(Entry("bob", "alice@hub.test", $"{i}"), null);
        }

        Assert.Equal(["7", "8", "9"], (await store.QueryAsync("alice", new ArchiveQuery { Max = 10 }))!.Messages.Select(Body));
        Assert.Equal(["7", "8", "9"], (await store.QueryAsync("bob", new ArchiveQuery { Max = 10 }))!.Messages.Select(Body));
    }

    [Fact]
    public async Task An_archive_that_was_too_large_before_the_hub_began_is_trimmed_in_steps()
    {
        for (int i = 0; i < ArchiveStore.ExpiryStep + 20; i++)
        {
            await _store.AppendAsync(Entry("alice", "bob@hub.test", $"{i}"), null);
        }

        var again = new ArchiveStore(_database, new ArchiveOptions { MaxMessages = 3 }, _time);
        await again.ExpireAsync(DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
        Assert.Equal(3, (await AllAsync("alice")).Count);
    }

    [Fact]
    public async Task What_is_kept_at_the_same_time_keeps_its_order()
    {
        Task<(ArchiveId? First, ArchiveId? Second)>[] kept = [.. Enumerable.Range(0, 2000).Select(i => _store.AppendAsync(Entry("alice", "bob@hub.test", $"{i}"), Entry("bob", "alice@hub.test", $"{i}")))];
        var ended = new List<int>();
        await Task.WhenAll(kept.Select((task, i) => task.ContinueWith(_ => ended.Add(i), TestContext.Current.CancellationToken, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)));
        Assert.Equal(Enumerable.Range(1000, 1000).Select(i => $"{i}"), (await AllAsync("alice")).TakeLast(1000).Select(Body));
        Assert.Equal(kept.TakeLast(1000).Select(task => task.Result.Second!.Value), (await AllAsync("bob")).TakeLast(1000).Select(m => m.Id));
    }

    [Fact]
    public async Task Two_accounts_that_see_a_message_differently_keep_what_they_see()
    {
        (ArchiveId? first, ArchiveId? second) = await _store.AppendAsync(Entry("alice", "bob@hub.test", "hers"), Entry("bob", "alice@hub.test", "his"));
        ArchivedMessage hers = Assert.Single(await AllAsync("alice"));
        ArchivedMessage his = Assert.Single(await AllAsync("bob"));
        Assert.Equal(("hers", first), (Body(hers), hers.Id));
        Assert.Equal(("his", second), (Body(his), his.Id));
    }

    [Fact]
    public async Task One_message_for_two_archives_is_found_in_both()
    {
        ArchiveEntry hers = Entry("alice", "bob@hub.test", "same");
        (ArchiveId? first, ArchiveId? second) = await _store.AppendAsync(hers, new ArchiveEntry("bob", "alice@hub.test", "r", hers.Stanza));
        Assert.Equal(first, Assert.Single(await AllAsync("alice")).Id);
        Assert.Equal(second, Assert.Single((await _store.QueryAsync("bob", new ArchiveQuery { Max = 10, With = new Jid("alice", "hub.test", "r") }))!.Messages).Id);
        Assert.Null(await _store.QueryAsync("bob", new ArchiveQuery { Max = 10, AfterId = first.ToString() }));
    }

    [Fact]
    public async Task A_long_journal_is_sorted_by_itself()
    {
        Assert.SkipWhen(_database.Dialect.IsShared, "Only a database of one hub has a journal.");
        var store = new ArchiveStore(_database, new ArchiveOptions { MaxRecent = 10 }, _time);
        for (int i = 0; i < 10; i++)
        {
            await store.AppendAsync(Entry("alice", "bob@hub.test", $"{i}"), null);
        }

        // Behind the sorting, which is queued by now.
        await _database.WriteAsync(_ => true);
        Assert.Equal(0, await CountAsync("archive_journal"));
        Assert.Equal(1, await CountAsync("archive_block"));
        Assert.Equal(10, (await store.QueryAsync("alice", new ArchiveQuery { Max = 20 }))!.Messages.Count);
    }

    [Fact]
    public async Task Archives_of_a_row_a_message_are_what_they_were_after_they_were_moved()
    {
        await _database.WriteAsync(session =>
        {
            foreach (string owner in (string[])["alice", "bob"])
            {
                for (int i = 1; i <= 150; i++)
                {
                    session.Prepare("INSERT INTO archive (owner, seq, salt, peer, resource, stanza) VALUES ($1, $2, $3, $4, $5, $6)")
                        .Bind(1, owner).Bind(2, i * 1000L).Bind(3, -i).Bind(4, $"c{i % 3}@hub.test").Bind(5, i % 2 == 0 ? "r" : "").Bind(6, Entry(owner, "", $"{i}").Stanza.AsSpan()).Execute();
                }
            }

            return true;
        });
        await _store.ConvertAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await CountAsync("archive"));
        foreach (string owner in (string[])["alice", "bob"])
        {
            Assert.Equal(Enumerable.Range(1, 150).Select(i => ($"{i}", new ArchiveId(i * 1000L, -i))), (await AllAsync(owner)).Select(m => (Body(m), m.Id)));
            ArchivePage with = (await _store.QueryAsync(owner, new ArchiveQuery { Max = 10, With = new Jid("c1", "hub.test", "r"), PageBefore = "" }))!;
            Assert.Equal(25, with.Count);
            Assert.Equal(["94", "100", "106", "112", "118", "124", "130", "136", "142", "148"], with.Messages.Select(Body));
        }

        // What comes after stands behind.
        await _store.AppendAsync(Entry("alice", "bob@hub.test", "new"), null);
        Assert.Equal("new", Body((await AllAsync("alice"))[^1]));
    }

    [Fact]
    public async Task A_journal_of_a_row_a_message_is_taken_over()
    {
        await using ISqlDatabase database = await TestDatabase.OpenAsync(ArchiveMigrations.All.Take(2));
        await database.WriteAsync(session =>
        {
            for (int i = 1; i <= 3; i++)
            {
                session.Prepare("INSERT INTO archive_recent (seq, owner, salt, peer, resource, other_owner, other_salt, other_peer, other_resource, stanza) VALUES ($1, 'alice', 7, 'bob@hub.test', '', $2, $3, $4, $4, $5)")
                    .Bind(1, 5_000_000_000_000_000L + i).Bind(2, i == 3 ? null : "bob").Bind(3, i == 3 ? null : (long?)8).Bind(4, i == 3 ? null : "x").Bind(5, Entry("alice", "", $"{i}").Stanza.AsSpan()).Execute();
            }

            return true;
        });
        await database.MigrateAsync(ArchiveMigrations.All, TestContext.Current.CancellationToken);
        var store = new ArchiveStore(database, _options, _time);
        await store.ConvertAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["1", "2", "3"], (await store.QueryAsync("alice", new ArchiveQuery { Max = 10 }))!.Messages.Select(Body));
        Assert.Equal([new ArchiveId(5_000_000_000_000_001, 8), new ArchiveId(5_000_000_000_000_002, 8)], (await store.QueryAsync("bob", new ArchiveQuery { Max = 10 }))!.Messages.Select(m => m.Id));
        // What comes is behind it, though the clock is before it.
        await store.AppendAsync(Entry("alice", "bob@hub.test", "4"), null);
        Assert.Equal(["1", "2", "3", "4"], (await store.QueryAsync("alice", new ArchiveQuery { Max = 10 }))!.Messages.Select(Body));
    }

    /// <summary>Every page, forwards and backwards, with every size, has what it should: held against a list.</summary>
    [Fact]
    public async Task Pages_are_right_wherever_rows_begin()
    {
        var all = new List<(ArchiveId Id, string Body, string Peer)>();
        for (int i = 0; i < 150; i++)
        {
            string peer = i % 7 == 0 ? "carol@hub.test" : "bob@hub.test";
            all.Add(((await _store.AppendAsync(Entry("alice", peer, $"{i}"), null)).First!.Value, $"{i}", peer));
            if (i % 40 == 39)
            {
                await AllAsync("alice"); // rows of different lengths
            }
        }

        foreach (Jid? with in (Jid?[])[null, new Jid("carol", "hub.test", "")])
        {
            string[] expected = [.. all.Where(m => with is null || m.Peer == with.ToString()).Select(m => m.Body)];
            foreach (int max in (int[])[1, 7, 64, 100])
            {
                foreach (bool backwards in (bool[])[false, true])
                {
                    var seen = new List<string>();
                    string? at = null;
                    while (true)
                    {
                        ArchivePage page = (await _store.QueryAsync("alice", new ArchiveQuery { Max = max, With = with, PageAfter = backwards ? null : at, PageBefore = backwards ? at ?? "" : null }))!;
                        Assert.Equal(expected.Length, page.Count);
                        Assert.True(page.Messages.Count <= max);
                        seen.InsertRange(backwards ? 0 : seen.Count, page.Messages.Select(Body));
                        if (page.IsComplete)
                        {
                            break;
                        }

                        at = (backwards ? page.Messages[0] : page.Messages[^1]).Id.ToString();
                    }

                    Assert.Equal(expected, seen);
                }
            }
        }

        foreach ((int from, int to) in ((int, int)[])[(0, 149), (63, 64), (38, 41), (10, 120)])
        {
            ArchivePage page = (await _store.QueryAsync("alice", new ArchiveQuery { Max = 200, AfterId = all[from].Id.ToString(), BeforeId = all[to].Id.ToString() }))!;
            Assert.Equal(all[(from + 1)..to].Select(m => m.Body), page.Messages.Select(Body));
            Assert.Equal(to - from - 1, page.Count);
        }
    }

    [Fact]
    public async Task What_is_too_old_goes_also_within_a_row()
    {
        var ids = new List<ArchiveId>();
        for (int i = 0; i < 100; i++)
        {
            ids.Add((await _store.AppendAsync(Entry("alice", "bob@hub.test", $"{i}"), null)).First!.Value);
            _time.Now += TimeSpan.FromMinutes(1);
        }

        await _store.ExpireAsync(ids[70].At, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(70, 30).Select(i => $"{i}"), (await AllAsync("alice")).Select(Body));
        Assert.Equal((ids[70], ids[99]), await _store.EndsAsync("alice", TestContext.Current.CancellationToken));
        Assert.Null(await _store.QueryAsync("alice", new ArchiveQuery { Max = 1, AfterId = ids[69].ToString() }));
    }

    /// <summary>On disk: it never changes.</summary>
    [Fact]
    public void The_format_of_a_row_is_frozen()
    {
        var block = new ArchiveBlockBuilder();
        block.Add(new ArchiveId(300, 1), "b@x"u8, "r"u8, "<a/>"u8);
        block.Add(new ArchiveId(301, -2), "b@x"u8, ""u8, "<bc/>"u8);
        block.Add(new ArchiveId(1_700_000_000_000_000, 0x0102030405060708), "\u00e9@x"u8, "\u00fc"u8, new byte[200]);
        Assert.Equal(
            "AC02" + "0100000000000000" + "03624078" + "0172" + "04" + "01" + "FEFFFFFFFFFFFFFF" + "00" + "00" + "05" + "D3FDF8C0C1C48203" + "0807060504030201" + "04C3A94078" + "02C3BC" + "C801",
            Convert.ToHexString(block.Entries));
        Assert.Equal("<a/><bc/>", Encoding.UTF8.GetString(block.Stanzas[..9]));
        var reader = new ArchiveBlockReader(block.Entries);
        Assert.True(reader.Read() && reader.Read());
        Assert.Equal((new ArchiveId(301, -2), "b@x", 4, 5), (reader.Id, Encoding.UTF8.GetString(reader.Peer), reader.Offset, reader.Length));
        Assert.True(reader.Read());
        Assert.Equal(("\u00e9@x", "\u00fc", 9, 200), (Encoding.UTF8.GetString(reader.Peer), Encoding.UTF8.GetString(reader.Resource), reader.Offset, reader.Length));
        Assert.False(reader.Read());
    }

    /// <summary>On disk: it never changes.</summary>
    [Fact]
    public void The_format_of_the_journal_is_frozen()
    {
        var row = new ArchiveJournalBatch();
        ArchiveEntry one = new("a", "b@x", "r", "<a/>"u8.ToArray());
        row.Add(new ArchiveId(300, 1), one, 2, new ArchiveEntry("b", "a@x", "", one.Stanza));
        row.Add(new ArchiveId(302, 3), one with { Owner = "c" }, 0, null);
        Assert.Equal(
            "AC02" + "04" + "0161" + "0100000000000000" + "03624078" + "0172" + "0162" + "0200000000000000" + "03614078" + "00" + "02" + "04" + "0163" + "0300000000000000" + "03624078" + "0172" + "00",
            Convert.ToHexString(row.Entries));
        Assert.Equal((2, 300, 302, "<a/><a/>"), (row.Count, row.First, row.Last, Encoding.UTF8.GetString(row.Stanzas)));
        var read = new List<(string, ArchiveId, string, string, int, int)>();
        var reader = new ArchiveJournalReader(row.Entries);
        while (reader.Read())
        {
            read.Add((Encoding.UTF8.GetString(reader.Owner), reader.Id, Encoding.UTF8.GetString(reader.Peer), Encoding.UTF8.GetString(reader.Resource), reader.Offset, reader.Length));
        }

        Assert.Equal([("a", new ArchiveId(300, 1), "b@x", "r", 0, 4), ("b", new ArchiveId(300, 2), "a@x", "", 0, 4), ("c", new ArchiveId(302, 3), "b@x", "r", 4, 4)], read);
    }

    [Fact]
    public async Task What_cannot_be_written_fails_alone_and_the_next_one_is_kept()
    {
        Assert.SkipWhen(_database.Dialect.IsShared, "Only a database of one hub has a journal.");
        await _database.WriteAsync(session =>
        {
            session.ExecuteScript("CREATE TRIGGER refuse BEFORE INSERT ON archive_journal WHEN instr(NEW.entries, CAST('eve' AS BLOB)) > 0 BEGIN SELECT raise(ABORT, 'no'); END;");
            return true;
        });
        await Assert.ThrowsAsync<StorageException>(() => _store.AppendAsync(Entry("eve", "bob@hub.test", "1"), null));
        await _store.AppendAsync(Entry("alice", "bob@hub.test", "2"), null);
        Assert.Equal("2", Body(Assert.Single(await AllAsync("alice"))));
    }

    [Fact]
    public async Task What_is_too_old_goes_in_steps_and_the_rest_stays()
    {
        for (int i = 0; i < ArchiveStore.ExpiryStep + 10; i++)
        {
            await _store.AppendAsync(Entry("alice", "bob@hub.test", $"{i}"), i < 3 ? Entry("bob", "alice@hub.test", $"{i}") : null);
        }

        DateTimeOffset limit = _time.Now + TimeSpan.FromDays(1);
        _time.Now += TimeSpan.FromDays(2);
        await _store.AppendAsync(Entry("alice", "bob@hub.test", "new"), null);
        await _store.ExpireAsync(limit, TestContext.Current.CancellationToken);
        Assert.Equal("new", Body(Assert.Single(await AllAsync("alice"))));
        Assert.Empty(await AllAsync("bob"));
        Assert.Null(await _store.EndsAsync("bob", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_page_ends_with_the_message_that_fills_it()
    {
        var store = new ArchiveStore(_database, new ArchiveOptions { MaxPageBytes = 2000 }, _time);
        for (int i = 0; i < 4; i++)
        {
            await store.AppendAsync(Entry("alice", "bob@hub.test", new string('x', 1500)), null);
        }

        ArchivePage page = (await store.QueryAsync("alice", new ArchiveQuery { Max = 10 }, TestContext.Current.CancellationToken))!;
        Assert.Equal(2, page.Messages.Count);
        Assert.False(page.IsComplete);
        ArchivePage rest = (await store.QueryAsync("alice", new ArchiveQuery { Max = 10, PageAfter = page.Messages[^1].Id.ToString() }, TestContext.Current.CancellationToken))!;
        Assert.Equal(2, rest.Messages.Count);
        Assert.True(rest.IsComplete);
    }

    [Fact]
    public async Task Ids_that_are_asked_for_come_in_the_archives_order_and_pass_the_other_filters()
    {
        ArchiveId one = (await _store.AppendAsync(Entry("alice", "bob@hub.test", "1"), null)).First!.Value;
        ArchiveId two = (await _store.AppendAsync(Entry("alice", "carol@hub.test", "2"), null)).First!.Value;
        ArchivePage all = (await _store.QueryAsync("alice", new ArchiveQuery { Ids = [two.ToString(), one.ToString(), two.ToString()] }, TestContext.Current.CancellationToken))!;
        Assert.Equal(["1", "2"], all.Messages.Select(Body));
        ArchivePage bobs = (await _store.QueryAsync("alice", new ArchiveQuery { Ids = [one.ToString(), two.ToString()], With = new Jid("bob", "hub.test", "") }, TestContext.Current.CancellationToken))!;
        Assert.Equal(["1"], bobs.Messages.Select(Body));
    }

    [Fact]
    public async Task A_removed_account_leaves_nothing_behind()
    {
        await _store.AppendAsync(Entry("alice", "bob@hub.test", "1"), null);
        await _store.SetPreferencesAsync("alice", ArchivePreferences.Of("never", [], []));
        await _store.RemoveAsync("alice");
        Assert.Empty(await AllAsync("alice"));
        Assert.Null(await _store.PreferencesAsync("alice", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Preferences_are_kept()
    {
        Jid bob = new("bob", "hub.test", "");
        Jid phone = new("carol", "hub.test", "phone");
        await _store.SetPreferencesAsync("alice", ArchivePreferences.Of("roster", [bob], [phone]));
        ArchivePreferences kept = (await _store.PreferencesAsync("alice", TestContext.Current.CancellationToken))!;
        Assert.Equal("roster", kept.Default);
        Assert.True(kept.Keeps(new Jid("bob", "hub.test", "desk")));
        Assert.False(kept.Keeps(phone));
        Assert.Null(kept.Keeps(new Jid("carol", "hub.test", "desk")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("28482-98726-73623")]
    [InlineData("0000000000000001ffffffffffffffff")]
    [InlineData("fffffffffffffffffffffffffffffffff")]
    [InlineData("65e0A30f8d4c8ffffffffffffffff")]
    public void What_is_no_id_is_not_read(string text) => Assert.False(ArchiveId.TryParse(text, out _));

    [Fact]
    public void An_id_is_read_as_it_was_written()
    {
        var id = new ArchiveId(1_700_000_000_000_001, long.MinValue);
        Assert.True(ArchiveId.TryParse(id.ToString(), out ArchiveId read));
        Assert.Equal(id, read);
    }

    private static ArchiveEntry Entry(string owner, string peer, string body) => new(owner, peer, "", Encoding.UTF8.GetBytes($"<message><body>{body}</body></message>"));

    private static string Body(ArchivedMessage message) => Encoding.UTF8.GetString(message.Stanza)["<message><body>".Length..^"</body></message>".Length];

    private async Task<long> CountAsync(string table) => await _database.ReadAsync(session =>
    {
        SqlStatement row = session.Prepare("SELECT count(*) FROM " + table);
        row.Read();
        long count = row.GetInt64(0);
        row.Reset();
        return count;
    });

    private async Task<IReadOnlyList<ArchivedMessage>> AllAsync(string owner) => (await _store.QueryAsync(owner, new ArchiveQuery { Max = 10_000 }))!.Messages;
}
