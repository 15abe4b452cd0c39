using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp account add|remove|list|import|reset-second-factor</c>: accounts, directly in the hub's data folder, whether it runs or not.</summary>
internal static class AccountCommand
{
    public static Command Create() => new("account", "Accounts of people and things, in the hub's data folder (the hub may run or not)") { Add(), Remove(), List(), Import(), ResetSecondFactor() };

    private static Command Add()
    {
        var name = new Argument<string>("NAME") { Description = "the account's name, what stands before the @; for a thing its id" };
        var thing = new Option<bool>("--thing") { Description = "a thing: it belongs to its owner, and both see each other's presence" };
        var owner = new Option<string?>("--owner") { Description = "with --thing: whose it is (default: the profile's account on this domain, else the administrators')", HelpName = "JID" };
        var admin = new Option<bool>("--admin") { Description = "an administrator" };
        var stdin = new Option<bool>("--password-stdin") { Description = "read the password from standard input (its first line); without it one is made and printed once" };
        var command = new Command("add", "Make an account") { name, thing, owner, admin, stdin };
        var data = new DataArguments(command);
        command.SetAction((parsed, cancel) => AddAsync(data, parsed, parsed.GetValue(name)!, parsed.GetValue(thing), parsed.GetValue(owner), parsed.GetValue(admin), parsed.GetValue(stdin), cancel));
        return command;
    }

    private static Command Remove()
    {
        var name = new Argument<string>("NAME") { Description = "the account's name" };
        var command = new Command("remove", "Remove an account, and it from all rosters") { name };
        var data = new DataArguments(command);
        command.SetAction((parsed, cancel) => RemoveAsync(data, parsed, parsed.GetValue(name)!, cancel));
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the accounts");
        var data = new DataArguments(command);
        command.SetAction((parsed, cancel) => ListAsync(data, parsed, cancel));
        return command;
    }

    private static Command Import()
    {
        var file = new Argument<string>("FILE.csv") { Description = "lines name,password (UTF-8); - is standard input" };
        var command = new Command("import", "Make accounts of the lines of a file; the same file twice changes nothing") { file };
        var data = new DataArguments(command);
        command.SetAction((parsed, cancel) => ImportAsync(data, parsed, parsed.GetValue(file)!, cancel));
        return command;
    }

    private static Command ResetSecondFactor()
    {
        var name = new Argument<string>("NAME") { Description = "the account's name" };
        var command = new Command("reset-second-factor", "Take the authenticator away from who has lost it: the pages ask for the password alone, until a new one is set up") { name };
        var data = new DataArguments(command);
        command.SetAction((parsed, cancel) => ResetSecondFactorAsync(data, parsed, parsed.GetValue(name)!, cancel));
        return command;
    }

    private static async Task<int> ResetSecondFactorAsync(DataArguments arguments, ParseResult parsed, string name, CancellationToken cancel)
    {
        Screen screen = arguments.ScreenOf(parsed);
        await using DataAccess data = await arguments.OpenAsync(parsed, create: false, cancel);
        if (!JidPrep.TryLocalpart(name, out string? localpart) || !await data.SecondFactors.RemoveAsync(localpart))
        {
            throw new CliException(ExitCode.NotFound, $"{name}@{data.Domain} has no second factor");
        }

        screen.Json(() => new JsonObject { ["event"] = "second-factor-reset", ["jid"] = $"{localpart}@{data.Domain}" });
        screen.Line($"{localpart}@{data.Domain} signs in with the password alone now");
        return ExitCode.Ok;
    }

    private static async Task<int> AddAsync(DataArguments arguments, ParseResult parsed, string name, bool thing, string? owner, bool admin, bool stdin, CancellationToken cancel)
    {
        Screen screen = arguments.ScreenOf(parsed);
        if (owner is not null && !thing)
        {
            throw new CliException(ExitCode.Usage, "only a thing has an owner: add --thing");
        }

        if (thing && !ThingProvisioning.IsThingId(name))
        {
            throw new CliException(ExitCode.Usage, $"'{name}' is no id of a thing: 1 to 64 of a-z, 0-9 and -");
        }

        if (!JidPrep.TryLocalpart(name, out string? localpart))
        {
            throw new CliException(ExitCode.Usage, $"'{name}' is no account name (RFC 7622 §3.3): it has no spaces and none of \" & ' / : < > @");
        }

        string? password = null;
        if (stdin && string.IsNullOrEmpty(password = await Console.In.ReadLineAsync(cancel)))
        {
            throw new CliException(ExitCode.Usage, "standard input has no password; pipe it in, such as: pass show lamp | iotxmpp account add lamp --password-stdin");
        }

        bool made = password is null;
        password ??= Provisioning.NewSecret();
        await using DataAccess data = await arguments.OpenAsync(parsed, create: true, cancel);
        var provisioning = new Provisioning(data.Accounts, data.Links, data.Things, data.Domain);
        IReadOnlyList<Jid> owners = thing ? await OwnersAsync(data, provisioning, owner, cancel) : [];
        switch (await data.Accounts.CreateAsync(localpart, password, admin))
        {
            case AccountOutcome.Done:
                break;
            case AccountOutcome.Exists:
                throw new CliException(ExitCode.Failed, $"there is an account {localpart}@{data.Domain} already; remove it first with: iotxmpp account remove {localpart}");
            case AccountOutcome.Leaving:
                throw new CliException(ExitCode.Failed, $"{localpart}@{data.Domain} was removed, and the hub has to delete what it left (messages, files) before the name can be given again: start the hub once");
            case AccountOutcome.BadPassword:
                throw new CliException(ExitCode.Usage, $"this password cannot be used: 1 to {AccountService.PasswordLimit} characters without control characters are");
            case var other:
                throw new CliException(ExitCode.Failed, $"the account {localpart}@{data.Domain} was not made: {other}");
        }

        for (int i = 0; i < owners.Count; i++)
        {
            await (i == 0 ? provisioning.OwnAsync(localpart, owners[i]) : provisioning.SubscribeAsync(localpart, owners[i]));
        }

        string jid = $"{localpart}@{data.Domain}";
        screen.Json(() => new JsonObject
        {
            ["event"] = "account-added",
            ["jid"] = jid,
            ["password"] = made ? password : null,
            ["owner"] = owners.Count > 0 ? owners[0].ToString() : null,
            ["administrator"] = admin,
        });
        screen.Line($"{jid} added{(owners.Count > 0 ? $", owned by {owners[0]}" : string.Empty)}{(made ? $"; password {password} (shown this once)" : string.Empty)}");
        return ExitCode.Ok;
    }

    private static async Task<IReadOnlyList<Jid>> OwnersAsync(DataAccess data, Provisioning provisioning, string? owner, CancellationToken cancel)
    {
        if (owner is not null)
        {
            string text = owner.Contains('@', StringComparison.Ordinal) ? owner : $"{owner}@{data.Domain}";
            if (!JidPrep.TryParse(text, out Jid? jid) || jid.Local.Length == 0)
            {
                throw new CliException(ExitCode.Usage, $"'{owner}' is no account: name@domain is expected");
            }

            return jid.Domain != data.Domain || await data.Accounts.FindAsync(jid.Local, cancel) is not null
                ? [jid.Bare]
                : throw new CliException(ExitCode.NotFound, $"there is no account {jid.Bare} to own it; make it first with: iotxmpp account add {jid.Local}");
        }

        IReadOnlyList<Jid> administrators = await provisioning.AdministratorsAsync(cancel);
        // A profile that cannot be read names nobody; it will be told when it is needed.
        string? mine = File.Exists(Profile.DefaultPath) ? Profile.Read(Profile.DefaultPath)?.Jid : null;
        if (mine is not null && JidPrep.TryParse(mine, out Jid? own) && own.Domain == data.Domain && await data.Accounts.FindAsync(own.Local, cancel) is not null)
        {
            return [own.Bare, .. administrators.Where(a => !a.Equals(own.Bare))];
        }

        return administrators.Count > 0
            ? administrators
            : throw new CliException(ExitCode.Usage, "nobody can own it: there is no administrator yet; name somebody with --owner");
    }

    private static async Task<int> RemoveAsync(DataArguments arguments, ParseResult parsed, string name, CancellationToken cancel)
    {
        Screen screen = arguments.ScreenOf(parsed);
        await using DataAccess data = await arguments.OpenAsync(parsed, create: false, cancel);
        AccountOutcome outcome = await new Provisioning(data.Accounts, data.Links, data.Things, data.Domain).RemoveAsync(name, cancel);
        if (outcome != AccountOutcome.Done)
        {
            throw new CliException(ExitCode.NotFound, $"there is no account {name}@{data.Domain}; `iotxmpp account list` shows all");
        }

        screen.Json(() => new JsonObject { ["event"] = "account-removed", ["jid"] = $"{name}@{data.Domain}" });
        screen.Line($"{name}@{data.Domain} removed");
        return ExitCode.Ok;
    }

    private static async Task<int> ListAsync(DataArguments arguments, ParseResult parsed, CancellationToken cancel)
    {
        Screen screen = arguments.ScreenOf(parsed);
        await using DataAccess data = await arguments.OpenAsync(parsed, create: false, cancel);
        var rows = new List<(string, string?)[]>();
        await foreach (Account account in Provisioning.ListAsync(data.Accounts, cancel))
        {
            string role = account.IsAdministrator ? "administrator" : account.Owner is not null ? "thing" : "account";
            screen.Json(() => new JsonObject
            {
                ["event"] = "account",
                ["jid"] = $"{account.Name}@{data.Domain}",
                ["role"] = role,
                ["owner"] = account.Owner,
                ["disabled"] = account.IsDisabled,
                ["created"] = Words.Stamp(account.Created),
            });
            if (!screen.IsJson)
            {
                rows.Add([(account.Name, "bold"), (account.IsDisabled ? role + ", disabled" : role, null), (account.Owner ?? "–", null), (Words.Moment(account.Created, DateTimeOffset.UtcNow), "dim")]);
            }
        }

        if (rows.Count == 0)
        {
            screen.Line("There are no accounts yet.");
        }
        else
        {
            screen.Table(["NAME", "ROLE", "OWNER", "MADE"], rows);
        }

        return ExitCode.Ok;
    }

    private static async Task<int> ImportAsync(DataArguments arguments, ParseResult parsed, string path, CancellationToken cancel)
    {
        Screen screen = arguments.ScreenOf(parsed);
        using Stream file = Open(path);
        await using DataAccess data = await arguments.OpenAsync(parsed, create: true, cancel);
        long start = Stopwatch.GetTimestamp();
        ImportReport report;
        using (Progress progress = Screen.Wait("importing"))
        {
            try
            {
                report = await new AccountImport(data.Store).RunAsync(
                    file, data.Domain, new Told(r => progress.Say($"{r.Lines} lines: {r.Created} made, {r.Updated} changed, {r.Unchanged} as they were, {r.Bad.Count} bad")), cancel);
            }
            catch (InvalidDataException e)
            {
                throw new CliException(ExitCode.Usage, $"{path}: {e.Message}");
            }
        }

        foreach (BadLine bad in report.Bad)
        {
            Screen.Error($"{path}: line {bad.Number}: {bad.Reason}");
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        screen.Json(() => new JsonObject
        {
            ["event"] = "import",
            ["lines"] = report.Lines,
            ["created"] = report.Created,
            ["updated"] = report.Updated,
            ["unchanged"] = report.Unchanged,
            ["bad"] = new JsonArray([.. report.Bad.Select(b => (JsonNode)new JsonObject { ["line"] = b.Number, ["reason"] = b.Reason })]),
        });
        screen.Line($"{report.Created} accounts made, {report.Updated} with another password, {report.Unchanged} as they were, {report.Bad.Count} bad lines ({took.TotalSeconds:0.0} s)");
        return report.Bad.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static Stream Open(string path)
    {
        try
        {
            return path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be read: {e.Message}; a file of lines name,password is expected");
        }
    }

    /// <summary>Progress at once, on the thread that makes it: it never comes after the end.</summary>
    private sealed class Told(Action<ImportReport> say) : IProgress<ImportReport>
    {
        public void Report(ImportReport value) => say(value);
    }
}
