using System.Text;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Inventory;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Tests.Features.Access;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Inventory;

/// <summary>What is told of things, found by it, noted upon, taken out and in.</summary>
public abstract class InventorySpecification : AccessHarness
{
    [Theory]
    [InlineData("", "lamp meter plug")]
    [InlineData("text=LAMP", "lamp")]
    [InlineData("text=alice", "lamp meter")]
    [InlineData("text=north", "lamp plug")]
    [InlineData("place=hall", "meter")]
    [InlineData("model=m1", "lamp meter")]
    [InlineData("model=m1 place=hall", "meter")]
    [InlineData("tag=room", "lamp plug")]
    [InlineData("tag=ROOM:north 1", "lamp")]
    [InlineData("tag=room:north", "")]
    [InlineData("group=house", "lamp plug")]
    [InlineData("group=nothing", "")]
    [InlineData("state=offline", "lamp meter plug")]
    [InlineData("state=online", "")]
    [InlineData("text=%", "")]
    [InlineData("text='; DROP TABLE thing; --", "")]
    public async Task Things_are_found_among_those_that_one_may_see(string query, string expected)
    {
        await FillAsync();
        ThingPage page = await Inventory.SearchAsync(Of("root"), Query(query), "", 100);
        Assert.Equal(expected, string.Join(' ', page.Things.Select(t => t.Id)));
        Assert.Equal(page.Things.Count, page.Count);
        // A viewer of the group finds what is in it, and by nothing else that there is more.
        ThingPage viewers = await Inventory.SearchAsync(Of("viewer"), Query(query), "", 100);
        Assert.Equal(string.Join(' ', expected.Split(' ').Intersect(["lamp", "plug"])), string.Join(' ', viewers.Things.Select(t => t.Id)));
        Assert.Equal(0, (await Inventory.SearchAsync(Of("stranger"), Query(query), "", 100)).Count);
    }

    [Fact]
    public async Task What_is_found_comes_by_pages()
    {
        await FillAsync();
        ThingPage first = await Inventory.SearchAsync(Of("root"), new ThingQuery(), "", 2);
        Assert.Equal("lamp meter, 3, meter", $"{string.Join(' ', first.Things.Select(t => t.Id))}, {first.Count}, {first.Next}");
        ThingPage second = await Inventory.SearchAsync(Of("root"), new ThingQuery(), first.Next!, 2);
        Assert.Equal("plug, 3, ", $"{string.Join(' ', second.Things.Select(t => t.Id))}, {second.Count}, {second.Next}");
        // One that is gone meanwhile ends nothing.
        Assert.Equal(["plug"], (await Inventory.SearchAsync(Of("root"), new ThingQuery(), "nothing", 2)).Things.Select(t => t.Id));
    }

    [Theory]
    [InlineData("root", RegistryOutcome.Done)]
    [InlineData("alice", RegistryOutcome.Done)]
    [InlineData("chief", RegistryOutcome.Done)]
    [InlineData("lamp", RegistryOutcome.Done)]
    [InlineData("viewer", RegistryOutcome.Forbidden)]
    [InlineData("operator", RegistryOutcome.Forbidden)]
    [InlineData("stranger", RegistryOutcome.Forbidden)]
    public async Task Who_maintains_a_thing_says_what_it_is(string who, RegistryOutcome expected)
    {
        await FillAsync();
        ThingResult result = await Things.Provisioning.DescribeAsync(Of(who), "lamp", new ThingDetails { Name = "Lamp <1>", Place = "attic", Changes = [new MetaTag("ROOM", ""), new MetaTag("SHELF", "3")] });
        Assert.Equal(expected, result.Outcome);
        ThingDetails now = ThingDetails.Of((await Registry.FindAsync("lamp"))!);
        Assert.Equal(expected == RegistryOutcome.Done ? ("Lamp <1>", "attic", "m1", "SHELF:3;SN:lamp") : ("", "", "m1", "ROOM:north 1;SN:lamp"), (now.Name, now.Place, now.Model, ThingDetails.Text(now.Tags!)));
    }

    [Fact]
    public async Task What_is_told_is_bounded()
    {
        await FillAsync();
        Assert.Equal(RegistryOutcome.BadId, (await Things.Provisioning.DescribeAsync(null, "lamp", new ThingDetails { Place = new string('x', MetaTags.ValueLimit + 1) })).Outcome);
        Assert.Equal(RegistryOutcome.BadId, (await Things.Provisioning.DescribeAsync(null, "lamp", new ThingDetails { Name = "a\nb" })).Outcome);
        Assert.Equal(RegistryOutcome.TooMany, (await Things.Provisioning.DescribeAsync(null, "lamp", new ThingDetails { Changes = [.. Enumerable.Range(0, MetaTags.CountLimit + 1).Select(i => new MetaTag($"T{i}", "x"))] })).Outcome);
        Assert.Equal("ROOM:north 1;SN:lamp", ThingDetails.Text(ThingDetails.Of((await Registry.FindAsync("lamp"))!).Tags!));
    }

    [Fact]
    public async Task Notes_are_written_read_and_taken_away_by_right()
    {
        await FillAsync();
        (NoteOutcome outcome, ThingNote? note) = await Inventory.AddNoteAsync(Of("chief"), "lamp", " new bulb \r\n<script>1</script> ");
        Assert.Equal((NoteOutcome.Done, 1L, Of("chief"), "new bulb \n<script>1</script>"), (outcome, note!.Id, note.Author, note.Text));
        Assert.Equal(NoteOutcome.Forbidden, (await Inventory.AddNoteAsync(Of("operator"), "lamp", "x")).Outcome);
        Assert.Equal(NoteOutcome.NotFound, (await Inventory.AddNoteAsync(Of("stranger"), "lamp", "x")).Outcome);
        Assert.Equal(NoteOutcome.NotFound, (await Inventory.AddNoteAsync(Of("root"), "nothing", "x")).Outcome);
        Assert.Equal(NoteOutcome.BadText, (await Inventory.AddNoteAsync(Of("alice"), "lamp", "  ")).Outcome);
        Assert.Equal(NoteOutcome.BadText, (await Inventory.AddNoteAsync(Of("alice"), "lamp", "a\0b")).Outcome);
        Assert.Equal(NoteOutcome.BadText, (await Inventory.AddNoteAsync(Of("alice"), "lamp", new string('x', Bounds.NoteChars + 1))).Outcome);
        Assert.Equal(note, Assert.Single((await Inventory.NotesAsync(Of("viewer"), "lamp", null, 10))!));
        Assert.Null(await Inventory.NotesAsync(Of("stranger"), "lamp", null, 10));
        await Inventory.AddNoteAsync(Of("alice"), "lamp", "second");
        await Inventory.AddNoteAsync(Of("alice"), "lamp", "third");
        Assert.Equal(NoteOutcome.TooMany, (await Inventory.AddNoteAsync(Of("alice"), "lamp", "fourth")).Outcome);
        Assert.Equal("third second", string.Join(' ', (await Inventory.NotesAsync(Of("viewer"), "lamp", null, 2))!.Select(n => n.Text)));
        Assert.Equal(note, Assert.Single((await Inventory.NotesAsync(Of("viewer"), "lamp", 2, 2))!));
        Assert.Equal(NoteOutcome.Forbidden, await Inventory.RemoveNoteAsync(Of("chief"), "lamp", 2));
        Assert.Equal(NoteOutcome.NotFound, await Inventory.RemoveNoteAsync(Of("stranger"), "lamp", 1));
        Assert.Equal(NoteOutcome.Done, await Inventory.RemoveNoteAsync(Of("chief"), "lamp", 1));
        Assert.Equal(NoteOutcome.Done, await Inventory.RemoveNoteAsync(Of("alice"), "lamp", 3));
        await RestartAsync();
        Assert.Equal("second", (await Inventory.NotesAsync(Of("viewer"), "lamp", null, 10))!.Single().Text);
        // What was written for one owner is not for the next.
        Assert.Equal(RegistryOutcome.Done, (await Things.Provisioning.ResetAsync(Of("alice"), "lamp", newKey: false)).Outcome);
        Assert.Empty((await Inventory.NotesAsync(Of("root"), "lamp", null, 10))!);
    }

    [Fact]
    public async Task An_export_that_is_imported_changes_nothing_and_one_that_was_changed_comes_back()
    {
        await FillAsync();
        string csv = await CsvAsync("root");
        Assert.Equal(
            "id,name,model,manufacturer,place,tags,groups,owner\r\nlamp,,m1,example.org,,ROOM:north 1;SN:lamp,house,alice@example.org\r\nmeter,,m1,,hall,SN:meter,,alice@example.org\r\nplug,,,,,ROOM:north 2;SN:plug,house,bob@example.org\r\n", csv);
        ImportResult same = await Import.ImportAsync(Of("root"), csv, new ImportWish());
        Assert.Equal((0, 3, 0, true), (same.Changed, same.Unchanged, same.FaultCount, same.IsDone));
        string json = await JsonAsync("root");
        await Things.Provisioning.DescribeAsync(null, "lamp", new ThingDetails { Name = "=HYPERLINK(\"x\")", Place = "-1", Model = "", Changes = [new MetaTag("ROOM", ""), new MetaTag("FLOOR", "2", 2)] });
        await Groups.RemoveThingAsync(null, "house", "plug");
        string changed = await CsvAsync("root");
        Assert.Contains("\r\nlamp,\"'=HYPERLINK(\"\"x\"\")\",,example.org,'-1,#FLOOR:2;SN:lamp,house,", changed, StringComparison.Ordinal);
        ImportResult back = await Import.ImportAsync(Of("root"), json, new ImportWish());
        Assert.Equal((2, 1, 0, true), (back.Changed, back.Unchanged, back.FaultCount, back.IsDone));
        Assert.Equal(csv, await CsvAsync("root"));
        await Import.ImportAsync(Of("root"), changed, new ImportWish());
        Assert.Equal(changed, await CsvAsync("root"));
    }

    [Theory]
    [InlineData("root", "id,owner\nlamp,bob@example.org", "", "bob@example.org")]
    [InlineData("alice", "id,owner\nlamp,bob@example.org", "2 lamp: owner: only an administrator of the hub gives a thing away.", "alice@example.org")]
    [InlineData("alice", "id,owner\nlamp,alice@example.org", "", "alice@example.org")]
    [InlineData("root", "id,owner\nlamp,nobody@example.org", "2 lamp: owner: there is no such account.", "alice@example.org")]
    [InlineData("root", "id,owner\nlamp,bob@example.org/x", "2 lamp: owner: that is no bare JID.", "alice@example.org")]
    [InlineData("root", "id,owner\nlamp,lamp@example.org", "2 lamp: owner: a thing owns itself only by registering so.", "alice@example.org")]
    [InlineData("alice", "id,name\nplug,x", "2 plug: There is no such thing, or not for you.", "alice@example.org")]
    [InlineData("viewer", "id,name\nlamp,x", "2 lamp: Only who maintains the thing changes what is told of it.", "alice@example.org")]
    [InlineData("viewer", "id,groups\nlamp,", "2 lamp: groups: you do not administer house.", "alice@example.org")]
    [InlineData("alice", "id,groups\nmeter,house", "2 meter: groups: there is no group house, or not for you.", "alice@example.org")]
    [InlineData("chief", "id,groups\nlamp,house;own", "2 lamp: groups: only who owns a thing puts it into a group.", "alice@example.org")]
    [InlineData("root", "id,groups\nlamp,none", "2 lamp: groups: there is no group none, or not for you.", "alice@example.org")]
    [InlineData("root", "id,tags\nlamp,KEY:secret", "2 lamp: tags: a KEY is set by a new claim code.", "alice@example.org")]
    [InlineData("root", "id,tags\nlamp,NAME:x", "2 lamp: tags: NAME, PLACE, MODEL, MAN have fields of their own.", "alice@example.org")]
    [InlineData("root", "id,tags\nlamp,x", "2 lamp: tags: a tag is NAME:VALUE.", "alice@example.org")]
    [InlineData("root", "id,name\nlamp,a\nlamp,b", "3 lamp: The thing stands here twice.", "alice@example.org")]
    [InlineData("root", "id,name\nlamp", "2 lamp: It has 1 cells and not 2.", "alice@example.org")]
    [InlineData("root", "name\nx", "1 : The first line names the columns: id, and any of name, model, manufacturer, place, tags, groups, owner.", "alice@example.org")]
    [InlineData("root", "id,colour\nlamp,red", "1 : The first line names the columns: id, and any of name, model, manufacturer, place, tags, groups, owner.", "alice@example.org")]
    [InlineData("root", "", "1 : The first line names the columns: id, and any of name, model, manufacturer, place, tags, groups, owner.", "alice@example.org")]
    [InlineData("root", "id,name\n\"lamp,x", "2 : A quoted cell does not end.", "alice@example.org")]
    [InlineData("root", "[{\"id\":\"lamp\",\"color\":1}]", "1 : It is no array of things: $[0].color is not as it should be.", "alice@example.org")]
    [InlineData("root", "[{}]", "1 : It is no array of things: $[0] is not as it should be.", "alice@example.org")]
    [InlineData("root", "[{\"id\":\"../../x\",\"name\":\"<script>\"}]", "1 ../../x: There is no such thing, or not for you.", "alice@example.org")]
    public async Task An_import_gives_nobody_more_than_each_change_would(string who, string text, string faults, string owner)
    {
        await FillAsync();
        ImportResult result = await Import.ImportAsync(Of(who), text, new ImportWish());
        Assert.Equal(faults, string.Join(" | ", result.Faults.Select(f => $"{f.Line} {f.Id}: {f.Why}")));
        Assert.Equal(faults.Length == 0, result.IsDone);
        Assert.Equal(owner, (await Registry.FindAsync("lamp"))!.Owner!.ToString());
        if (owner == "bob@example.org")
        {
            Assert.Equal("SCrpMO", await RightsAsync("bob", "lamp"));
            Assert.Equal("------", await RightsAsync("alice", "lamp"));
        }
    }

    [Fact]
    public async Task An_import_is_all_or_nothing_unless_a_part_is_asked_for()
    {
        await FillAsync();
        string csv = await CsvAsync("root");
        const string Mixed = "id,name,groups\nlamp,First,\nnothing,x,\nmeter,Second,house";
        ImportResult none = await Import.ImportAsync(Of("root"), Mixed, new ImportWish());
        Assert.Equal((2, 0, 1, false), (none.Changed, none.Unchanged, none.FaultCount, none.IsDone));
        Assert.Equal(csv, await CsvAsync("root"));
        ImportResult check = await Import.ImportAsync(Of("root"), Mixed, new ImportWish(IsPartial: true, IsCheck: true));
        Assert.False(check.IsDone);
        Assert.Equal(csv, await CsvAsync("root"));
        ImportResult part = await Import.ImportAsync(Of("root"), Mixed, new ImportWish(IsPartial: true));
        Assert.Equal((2, 0, 1, true), (part.Changed, part.Unchanged, part.FaultCount, part.IsDone));
        Assert.Equal(("First", "Second", "meter plug"), ((await Registry.FindAsync("lamp"))!.Name, (await Registry.FindAsync("meter"))!.Name, string.Join(' ', (await Groups.FindAsync(null, "house"))!.Things.Keys.Order())));
    }

    [Fact]
    public async Task A_bound_of_groups_undoes_the_whole_import()
    {
        await FillAsync();
        for (int i = 0; i < Options.ThingsPerGroup - 2; i++)
        {
            await ProvisionAsync($"t{i}", "alice");
            await Groups.AddThingAsync(null, "house", $"t{i}");
        }

        string csv = await CsvAsync("root");
        ImportResult result = await Import.ImportAsync(Of("root"), "id,name,groups\nlamp,x,house\nmeter,y,house", new ImportWish(IsPartial: true));
        Assert.False(result.IsDone);
        Assert.Equal(csv, await CsvAsync("root"));
    }

    [Fact]
    public async Task An_import_is_bounded()
    {
        await FillAsync();
        ImportResult many = await Import.ImportAsync(Of("root"), "id\n" + string.Concat(Enumerable.Range(0, Bounds.ImportThings + 1).Select(i => $"t{i}\n")), new ImportWish());
        Assert.Equal($"{Bounds.ImportThings + 2} There are more than {Bounds.ImportThings} things.", $"{many.Faults.Single().Line} {many.Faults.Single().Why}");
        ImportResult wrong = await Import.ImportAsync(Of("root"), "id\n" + string.Concat(Enumerable.Range(0, Bounds.ImportThings).Select(i => $"t{i}\n")), new ImportWish());
        Assert.Equal((Bounds.ImportFaults, Bounds.ImportThings), (wrong.Faults.Count, wrong.FaultCount));
    }

    /// <summary>Whatever people call things and wherever they put them: what is taken out and in again is the same, and no cell begins as a formula.</summary>
    [Fact]
    public async Task Any_text_survives_the_way_out_and_in()
    {
        await FillAsync();
        var random = new Random(7);
        for (int run = 0; run < 100; run++)
        {
            (string name, string place, string tag) = (Text(random), Text(random), Text(random));
            Assert.Equal(RegistryOutcome.Done, (await Things.Provisioning.DescribeAsync(null, "lamp", new ThingDetails { Name = name, Place = place, Tags = [new MetaTag("X", tag)] })).Outcome);
            string csv = await CsvAsync("root");
            string json = await JsonAsync("root");
            await Things.Provisioning.DescribeAsync(null, "lamp", new ThingDetails { Name = "", Place = "", Tags = [] });
            Assert.True((await Import.ImportAsync(null, csv, new ImportWish())).IsDone);
            Assert.Equal(csv, await CsvAsync("root"));
            ThingDetails now = ThingDetails.Of((await Registry.FindAsync("lamp"))!);
            Assert.Equal((name, place, tag), (now.Name, now.Place, now.Tags!.Single().Value));
            await Things.Provisioning.DescribeAsync(null, "lamp", new ThingDetails { Name = "", Place = "", Tags = [] });
            Assert.True((await Import.ImportAsync(null, json, new ImportWish())).IsDone);
            Assert.Equal(csv, await CsvAsync("root"));
        }
    }

    private static string Text(Random random)
    {
        string[] parts = ["=", "+", "-", "@", "'", "\"", ",", ";", "\\", ":", " ", "a", "é", "漢", "😀", "#", "|", "<"];
        return string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => parts[random.Next(parts.Length)]));
    }

    private static ThingQuery Query(string text)
    {
        var query = new ThingQuery();
        foreach (string part in System.Text.RegularExpressions.Regex.Split(text, " (?=(?:text|place|model|tag|group|state)=)").Where(p => p.Length > 0))
        {
            (string name, string value) = (part[..part.IndexOf('=', StringComparison.Ordinal)], part[(part.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            query = name switch
            {
                "text" => query with { Text = value },
                "place" => query with { Place = value },
                "model" => query with { Model = value },
                "tag" => query with { Tag = value },
                "group" => query with { Group = value },
                _ => query with { State = value },
            };
        }

        return query;
    }

    private async Task<string> CsvAsync(string who)
    {
        (IReadOnlyList<ThingRow> rows, _) = await Import.ExportAsync(Of(who), new ThingQuery(), "", 100);
        return new StringBuilder(ThingRows.Head).AppendJoin("", rows.Select(ThingRows.Line)).ToString();
    }

    private async Task<string> JsonAsync(string who)
    {
        (IReadOnlyList<ThingRow> rows, _) = await Import.ExportAsync(Of(who), new ThingQuery(), "", 100);
        return "[" + string.Join(',', rows.Select(ThingRows.Json)) + "]";
    }

    private async Task FillAsync()
    {
        await ProvisionAsync("lamp", "alice");
        await ProvisionAsync("meter", "alice");
        await ProvisionAsync("plug", "bob");
        await Things.Provisioning.DescribeAsync(null, "lamp", new ThingDetails { Model = "m1", Manufacturer = "example.org", Changes = [new MetaTag("ROOM", "north 1")] });
        await Things.Provisioning.DescribeAsync(null, "meter", new ThingDetails { Model = "m1", Place = "hall" });
        await Things.Provisioning.DescribeAsync(null, "plug", new ThingDetails { Changes = [new MetaTag("ROOM", "north 2")] });
        await GroupAsync("house", "founder", "lamp", "plug");
        await GroupAsync("own", "chief");
        await MemberAsync("house", "viewer", GroupRole.Viewer);
        await MemberAsync("house", "operator", GroupRole.Operator);
        await MemberAsync("house", "chief", GroupRole.Administrator);
    }
}

/// <summary>On SQLite.</summary>
public sealed class SqliteInventoryTests : InventorySpecification
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(Tables);
}

/// <summary>On PostgreSQL.</summary>
public sealed class PostgresInventoryTests : InventorySpecification
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(Tables);
}
