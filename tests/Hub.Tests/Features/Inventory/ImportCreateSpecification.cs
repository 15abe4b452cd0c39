using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Inventory;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Tests.Features.Access;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Inventory;

/// <summary>An import that makes things: all or nothing, by who may provision, with secrets that are told once.</summary>
public abstract class ImportCreateSpecification : AccessHarness
{
    private static readonly ImportWish s_create = new(IsCreate: true);

    [Fact]
    public async Task What_is_not_there_is_made_with_all_that_belongs_to_it_and_its_secrets_are_told_once()
    {
        await GroupAsync("house", "founder");
        await ProvisionAsync("lamp", "alice");
        const string Csv = "id,name,model,manufacturer,place,tags,groups,owner\r\nnew-1,'=Lamp,m1,example.org,hall,SN:4711;#FLOOR:2,house,bob@example.org\r\nnew-2,,,,,,,\r\nlamp,Old lamp,,,,,,\r\n";
        ImportResult result = await Import.ImportAsync(Of("root"), Csv, s_create);
        Assert.Equal((1, 2, 0, 0, true), (result.Changed, result.Created, result.Unchanged, result.FaultCount, result.IsDone));
        Assert.Equal("new-1 new-1@example.org, new-2 new-2@example.org", string.Join(", ", result.Made.Select(m => $"{m.Id} {m.Address}")));
        Assert.Equal(4, result.Made.SelectMany(m => new[] { m.Password, m.ClaimText }).Distinct().Count());
        foreach (bool isRestarted in (bool[])[false, true])
        {
            if (isRestarted)
            {
                await RestartAsync();
            }

            Thing made = (await Registry.FindAsync("new-1"))!;
            Assert.Equal((ThingState.Private, Of("bob"), null, "=Lamp"), (made.State, made.Owner, made.MovingFrom, made.Name));
            ThingDetails details = ThingDetails.Of(made);
            Assert.Equal(("m1", "example.org", "hall", "#FLOOR:2;SN:4711"), (details.Model, details.Manufacturer, details.Place, ThingDetails.Text(details.Tags!)));
            Assert.Equal("SCrpMO SCrpMO SCrpM- ------", $"{await RightsAsync("bob", "new-1")} {await RightsAsync("root", "new-1")} {await RightsAsync("founder", "new-1")} {await RightsAsync("alice", "new-1")}");
            Assert.Equal(Of("root"), (await Registry.FindAsync("new-2"))!.Owner);
            Assert.Equal("new-1", string.Join(' ', (await Groups.FindAsync(null, "house"))!.Things.Keys));
            Assert.Equal("bob@example.org", (await Accounts.FindAsync("new-1"))!.Owner);
            Assert.Null(await SubscribeAsync("bob", "new-1"));
            Assert.Null(await SubscribeAsync("bob", "new-1", "desired"));
            foreach (MadeThing one in result.Made)
            {
                ScramCredentials kept = (await new AccountStore(Database, Time).FindKeysAsync(one.Id, ScramHash.Sha256))!;
                Assert.Equal(kept.StoredKey, ScramCredentials.Derive(ScramHash.Sha256, one.Password, kept.Iterations, kept.Salt).StoredKey);
                Assert.False(kept.IsDisabled);
            }
        }

        // The same once more changes nothing and tells nothing.
        ImportResult again = await Import.ImportAsync(Of("root"), Csv, s_create);
        Assert.Equal((0, 0, 3, true, 0), (again.Changed, again.Created, again.Unchanged, again.IsDone, again.Made.Count));

        // What its sticker says claims it when it is nobody's.
        Assert.StartsWith("IoTDisco;SN:4711;MAN:example.org;MODEL:m1;KEY:", result.Made[0].ClaimText, StringComparison.Ordinal);
        Assert.Equal(RegistryOutcome.Done, (await Things.Provisioning.ResetAsync(Of("bob"), "new-1", newKey: false)).Outcome);
        Assert.True(MetaTags.TryParse(result.Made[0].ClaimText, out MetaTags? tags, out _));
        Assert.Equal(RegistryOutcome.Done, (await Things.Things.ClaimAsync(Of("alice"), tags!, false)).Outcome);
        Assert.Equal("SCrpMO", await RightsAsync("alice", "new-1"));
    }

    // The same whether there is such a thing or not: it says what he may not, and nothing of what there is.
    private const string NotForHim = "There is no such thing, or not for you. An import makes things for who may provision them: administrators of the hub, and Registry:Operators.";

    [Theory]
    [InlineData("root", "id\n=1+1", "2 =1+1: That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id\n\"'@SUM(A1)\"", "2 @SUM(A1): That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id\n＝1+1", "2 ＝1+1: That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id\n../../etc/passwd", "2 ../../etc/passwd: That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id\nLamp", "2 Lamp: That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id\n<script>", "2 <script>: That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id\n'; DROP TABLE thing; --", "2 '; DROP TABLE thing; --: That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id,name\n\"a\nb\",x", "2 a\nb: That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id,name\n,x", "2 : That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id\na12345678901234567890123456789012345678901234567890123456789012345", "2 a12345678901234567890123456789012345678901234567890123456789012345: That is no id of a thing: 1 to 64 of a-z, 0-9 and -.")]
    [InlineData("root", "id\nalice", "2 alice: That id is taken by an account that is no thing.")]
    [InlineData("root", "id\nnew-1\nnew-1", "3 new-1: The thing stands here twice.")]
    [InlineData("root", "id,owner\nnew-1,=1", "2 new-1: owner: that is no bare JID.")]
    [InlineData("root", "id,owner\nnew-1,bob@example.org/pc", "2 new-1: owner: that is no bare JID.")]
    [InlineData("root", "id,owner\nnew-1,nobody@example.org", "2 new-1: owner: there is no such account.")]
    [InlineData("root", "id,owner\nnew-1,new-1@example.org", "2 new-1: owner: there is no such account.")]
    [InlineData("root", "id,tags\nnew-1,KEY:mine", "2 new-1: tags: a KEY is set by a new claim code.")]
    [InlineData("root", "id,groups\nnew-1,none", "2 new-1: groups: there is no group none, or not for you.")]
    [InlineData("root", "[{\"id\":\"new-1\",\"password\":\"mine\"}]", "1 : It is no array of things: $[0].password is not as it should be.")]
    [InlineData("alice", "id\nnew-1", "2 new-1: " + NotForHim)]
    [InlineData("founder", "id,groups\nnew-1,house", "2 new-1: " + NotForHim)]
    [InlineData("lamp", "id\nnew-1", "2 new-1: " + NotForHim)]
    [InlineData("exroot", "id\nnew-1", "2 new-1: " + NotForHim)]
    [InlineData("root@elsewhere.example", "id\nnew-1", "2 new-1: " + NotForHim)]
    [InlineData("founder", "id,name\nlamp,x", "2 lamp: " + NotForHim)]
    [InlineData("founder", "id,name\nroot,x", "2 root: " + NotForHim)]
    public async Task What_is_hostile_or_not_his_to_make_is_refused_with_all_else(string who, string text, string faults)
    {
        await GroupAsync("house", "founder");
        await ProvisionAsync("lamp", "alice");
        bool isCsv = text[0] != '[';
        string with = isCsv ? text + "\n" + string.Concat(Enumerable.Repeat(",", text[..text.IndexOf('\n', StringComparison.Ordinal)].Count(c => c == ','))).Insert(0, who == "root" ? "good-1" : "good-2") : text;
        ImportResult result = await Import.ImportAsync(Of(who), with, s_create);
        Assert.Equal(faults, result.Faults.Select(f => $"{f.Line} {f.Id}: {f.Why}").First());
        Assert.False(result.IsDone);
        Assert.Empty(result.Made);
        Assert.Equal(["lamp"], (await Registry.AllAsync()).Keys);
        Assert.Null(await Accounts.FindAsync("good-1"));
        Assert.Null(await Accounts.FindAsync("new-1"));
    }

    [Fact]
    public async Task Nothing_is_made_unless_it_is_asked_for_and_a_check_makes_nothing()
    {
        ImportResult plain = await Import.ImportAsync(Of("root"), "id\nnew-1", new ImportWish());
        Assert.Equal((0, 1, false), (plain.Created, plain.FaultCount, plain.IsDone));
        ImportResult check = await Import.ImportAsync(Of("root"), "id\nnew-1", new ImportWish(IsCheck: true, IsCreate: true));
        Assert.Equal((1, 0, false, 0), (check.Created, check.FaultCount, check.IsDone, check.Made.Count));
        Assert.Empty((await Registry.AllAsync()).Keys);
        Assert.Null(await Accounts.FindAsync("new-1"));
        ImportResult part = await Import.ImportAsync(Of("root"), "id\nnew-1\nBAD", new ImportWish(IsPartial: true, IsCreate: true));
        Assert.Equal((1, 1, true, "new-1"), (part.Created, part.FaultCount, part.IsDone, part.Made.Single().Id));
        ImportResult operators = await Import.ImportAsync(null, "id\nnew-2", s_create);
        Assert.Equal("2 owner: whose it shall be has to be said.", $"{operators.Faults.Single().Line} {operators.Faults.Single().Why}");
        Assert.True((await Import.ImportAsync(null, "id,owner\nnew-2,alice@example.org", s_create)).IsDone);
    }

    [Fact]
    public async Task One_import_makes_no_more_than_it_may()
    {
        string many = "id\n" + string.Concat(Enumerable.Range(0, Bounds.ImportNewThings + 1).Select(i => $"t{i}\n"));
        ImportResult result = await Import.ImportAsync(Of("root"), many, s_create);
        Assert.Equal($"{Bounds.ImportNewThings + 2} t{Bounds.ImportNewThings}: One import makes at most {Bounds.ImportNewThings} things.", string.Join(" | ", result.Faults.Select(f => $"{f.Line} {f.Id}: {f.Why}")));
        Assert.Empty((await Registry.AllAsync()).Keys);
        Assert.True((await Import.ImportAsync(Of("root"), many[..many.LastIndexOf('t')], s_create)).IsDone);
    }

    [Fact]
    public async Task A_bound_of_groups_or_an_id_that_is_not_free_undoes_the_whole_import()
    {
        await GroupAsync("house", "founder");
        for (int i = 0; i < Options.ThingsPerGroup - 1; i++)
        {
            await ProvisionAsync($"t{i}", "alice");
            await Groups.AddThingAsync(null, "house", $"t{i}");
        }

        int before = (await Registry.AllAsync()).Count;
        ImportResult full = await Import.ImportAsync(Of("root"), "id,groups\nnew-1,house\nnew-2,house", s_create);
        Assert.Contains("A group would have too many things", full.Faults.Single().Why, StringComparison.Ordinal);
        // A removed account's name is nobody's until all of it is gone.
        await Database.WriteAsync(s => s.Execute("INSERT INTO account_leaving (name) VALUES ('new-2')"));
        ImportResult taken = await Import.ImportAsync(Of("root"), "id\nnew-1\nnew-2", s_create);
        Assert.Equal("new-2: The id was taken meanwhile, or is not free yet: nothing was changed.", $"{taken.Faults.Single().Id}: {taken.Faults.Single().Why}");
        foreach (ImportResult result in (ImportResult[])[full, taken])
        {
            Assert.False(result.IsDone);
            Assert.Empty(result.Made);
        }

        Assert.Equal(before, (await Registry.AllAsync()).Count);
        Assert.Null(await Accounts.FindAsync("new-1"));
        Assert.Null(await Accounts.FindAsync("new-2"));
    }

    [Fact]
    public void Secrets_are_lines_of_CSV()
    {
        string[] lines = [.. MadeThings.Lines([new MadeThing("a", Of("a"), "p,\"1", "IoTDisco;SN:=1;KEY:K")])];
        Assert.Equal(["thing,jid,password,claim", "a,a@example.org,\"p,\"\"1\",IoTDisco;SN:=1;KEY:K"], lines);
    }
}

/// <summary>On SQLite.</summary>
public sealed class SqliteImportCreateTests : ImportCreateSpecification
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(Tables);
}

/// <summary>On PostgreSQL.</summary>
public sealed class PostgresImportCreateTests : ImportCreateSpecification
{
    internal override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(Tables);
}
