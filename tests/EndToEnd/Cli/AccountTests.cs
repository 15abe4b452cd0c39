using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.SecondFactor;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using OtpNet;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

public sealed class AccountTests : IDisposable
{
    private readonly TempFolder _folder = new("accounts");

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    private Task<CliResult> Run(params string[] arguments) => CliRun.RunAsync(UpFixture.EnvironmentOf(_folder.Path), ["account", .. arguments, "--data", Data, "--domain", "example.org"]);

    [Fact]
    public async Task Accounts_are_added_listed_and_removed()
    {
        CliResult anna = await Run("add", "anna", "--admin", "--json");
        Assert.True(anna.Code == 0, anna.ToString());
        Assert.Equal("anna@example.org", (string?)Assert.Single(anna.Json)["jid"]);
        Assert.Equal(32, ((string?)anna.Json[0]["password"])!.Length);

        CliResult again = await Run("add", "anna");
        Assert.Equal(1, again.Code);
        Assert.Contains("already", again.ErrorLine, StringComparison.Ordinal);

        CliResult lamp = await Run("add", "lamp", "--thing", "--owner", "anna", "--json");
        Assert.True(lamp.Code == 0, lamp.ToString());
        Assert.Equal("anna@example.org", (string?)lamp.Json[0]["owner"]);
        CliResult orphan = await Run("add", "lamp-2", "--thing", "--owner", "nobody");
        Assert.Equal(6, orphan.Code);

        CliResult list = await Run("list", "--json");
        Assert.Equal([("anna@example.org", "administrator"), ("lamp@example.org", "thing")], list.Json.Select(a => ((string?)a["jid"], (string?)a["role"])));

        Assert.Equal(0, (await Run("remove", "lamp")).Code);
        Assert.Equal(6, (await Run("remove", "lamp")).Code);
        Assert.Single((await Run("list", "--json")).Json);
    }

    [Fact]
    public async Task A_lost_authenticator_is_taken_away()
    {
        Assert.Equal(0, (await Run("add", "anna", "--admin")).Code);
        Assert.Equal(6, (await Run("reset-second-factor", "anna")).Code);
        await using (ISqlDatabase database = SqlDatabase.Open(new StorageOptions(), Data, NullLoggerFactory.Instance))
        {
            var service = new SecondFactorService(new SecondFactorStore(database), new SecondFactorOptions(), new byte[32], "example.org", TimeProvider.System);
            SecondFactorSetUp setUp = (await service.BeginAsync("anna"))!;
            string code = new Totp(Base32Encoding.ToBytes(setUp.Secret.Replace(" ", "", StringComparison.Ordinal))).ComputeTotp();
            Assert.Equal(SecondFactorOutcome.Right, (await service.ConfirmAsync("anna", code)).Outcome);
        }

        CliResult reset = await Run("reset-second-factor", "anna", "--json");
        Assert.True(reset.Code == 0, reset.ToString());
        Assert.Equal("anna@example.org", (string?)Assert.Single(reset.Json)["jid"]);
        Assert.Equal(6, (await Run("reset-second-factor", "anna")).Code);
        Assert.Equal(6, (await Run("reset-second-factor", "no body")).Code);
    }

    [Fact]
    public async Task Invitations_are_made_listed_and_ended()
    {
        Task<CliResult> Invite(params string[] arguments) => CliRun.RunAsync(UpFixture.EnvironmentOf(_folder.Path), ["invite", .. arguments, "--data", Data, "--domain", "example.org"]);
        Assert.Equal(0, (await Run("add", "anna", "--admin")).Code);
        CliResult made = await Invite("add", "juliet", "--contact", "--url", "https://example.org/", "--json");
        Assert.True(made.Code == 0, made.ToString());
        Assert.Matches(@"^xmpp:juliet@example\.org\?register;preauth=[a-z2-9]{26}$", (string?)made.Json[0]["uri"]);
        Assert.Matches(@"^https://example\.org/invite/[a-z2-9]{26}$", (string?)made.Json[0]["url"]);
        Assert.Equal(1, (await Invite("add", "juliet")).Code);
        Assert.Equal(1, (await Invite("add", "anna")).Code);
        Assert.Equal(2, (await Invite("add", "--uses", "101")).Code);
        CliResult list = await Invite("list", "--json");
        Assert.Equal("juliet", (string?)Assert.Single(list.Json)["name"]);
        var id = list.Json[0]["id"]!.ToString();
        Assert.Equal(0, (await Invite("revoke", id)).Code);
        Assert.Equal(6, (await Invite("revoke", id)).Code);
        Assert.Empty((await Invite("list", "--json")).Json);
    }

    [Fact]
    public async Task An_import_tells_bad_lines_and_changes_nothing_the_second_time()
    {
        var lines = new StringBuilder("name,password\n");
        for (int i = 0; i < 200; i++)
        {
            lines.Append(CultureInfo.InvariantCulture, $"thing-{i},secret-of-{i}\n");
        }

        string file = _folder.File("accounts.csv");
        await File.WriteAllTextAsync(file, lines + "no comma\n", TestContext.Current.CancellationToken);
        CliResult first = await Run("import", file, "--json");
        Assert.Equal(1, first.Code);
        Assert.Equal(200, (int?)Assert.Single(first.Json)["created"]);
        Assert.Contains("line 202: no comma", first.ErrorLine, StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, lines.ToString(), TestContext.Current.CancellationToken);
        CliResult second = await Run("import", file, "--json");
        Assert.True(second.Code == 0, second.ToString());
        Assert.Equal((0, 200), ((int?)second.Json[0]["created"], (int?)second.Json[0]["unchanged"]));
    }
}
