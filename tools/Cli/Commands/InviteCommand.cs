using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Output;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Invitations;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp invite add|list|revoke</c>: invitations (XEP-0401, XEP-0445), directly in the hub's data folder, whether it runs or not.</summary>
internal static class InviteCommand
{
    private static readonly int MaxUses = new InvitationOptions().MaxUses;

    public static Command Create() => new("invite", "Links that let people make an account, in the hub's data folder (the hub may run or not; it takes them with Registration:Mode invite or open)") { Add(), List(), Revoke() };

    private static Command Add()
    {
        var name = new Argument<string?>("NAME") { Description = "the account that the link is for; without it whoever has the link chooses", Arity = ArgumentArity.ZeroOrOne };
        var by = new Option<string?>("--by") { Description = "who invites (default: the first administrator)", HelpName = "NAME" };
        var contact = new Option<bool>("--contact") { Description = "both become contacts" };
        var uses = new Option<int>("--uses") { Description = "accounts that it may make, without NAME", DefaultValueFactory = _ => 1 };
        var days = new Option<int>("--days") { Description = "days until it expires", DefaultValueFactory = _ => 7 };
        var url = new Option<string?>("--url") { Description = "where the hub's HTTP side is, such as https://example.org: prints the link for browsers as well", HelpName = "URL" };
        var command = new Command("add", "Make a link; it is shown this once") { name, by, contact, uses, days, url };
        var data = new DataArguments(command);
        command.SetAction((parsed, cancel) => AddAsync(data, parsed, parsed.GetValue(name), parsed.GetValue(by), parsed.GetValue(contact), parsed.GetValue(uses), parsed.GetValue(days), parsed.GetValue(url), cancel));
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the invitations that are open");
        var data = new DataArguments(command);
        command.SetAction((parsed, cancel) => ListAsync(data, parsed, cancel));
        return command;
    }

    private static Command Revoke()
    {
        var id = new Argument<long>("NUMBER") { Description = "its number in the list" };
        var command = new Command("revoke", "End an invitation: its link leads nowhere any more") { id };
        var data = new DataArguments(command);
        command.SetAction((parsed, cancel) => RevokeAsync(data, parsed, parsed.GetValue(id), cancel));
        return command;
    }

    private static async Task<int> AddAsync(DataArguments arguments, ParseResult parsed, string? name, string? by, bool contact, int uses, int days, string? url, CancellationToken cancel)
    {
        if (uses < 1 || uses > MaxUses || days is < 1 or > 365)
        {
            throw new CliException(ExitCode.Usage, $"--uses is 1 to {MaxUses}, --days 1 to 365");
        }

        Screen screen = arguments.ScreenOf(parsed);
        await using DataAccess data = await arguments.OpenAsync(parsed, create: false, cancel);
        Account inviter = await InviterAsync(data, by, cancel);
        NewInvitation made = await data.Invitations.CreateAsync(inviter.Name, inviter.IsAdministrator, name, makesAccount: true, contact, uses, TimeSpan.FromDays(days), cancel);
        if (made is not { Invitation: { } invitation, Token: { } token })
        {
            throw made.Outcome switch
            {
                InvitationOutcome.BadName => new CliException(ExitCode.Usage, $"'{name}' is no account name (RFC 7622 §3.3)"),
                InvitationOutcome.Taken => new CliException(ExitCode.Failed, $"{name}@{data.Domain} is taken, or kept for another invitation; `iotxmpp invite list` shows all"),
                _ => new CliException(ExitCode.Failed, $"{inviter.Name} has too many open invitations; `iotxmpp invite revoke` ends one"),
            };
        }

        string uri = data.Invitations.UriOf(invitation, token);
        string? page = url is null ? null : url.TrimEnd('/') + InvitationPage.Path + token;
        screen.Json(() => new JsonObject { ["event"] = "invitation-added", ["id"] = invitation.Id, ["uri"] = uri, ["url"] = page, ["expires"] = Words.Stamp(invitation.Expires) });
        screen.Line($"{uri} (shown this once; until {Words.Stamp(invitation.Expires)})");
        if (page is not null)
        {
            screen.Line(page);
        }

        return ExitCode.Ok;
    }

    private static async Task<Account> InviterAsync(DataAccess data, string? by, CancellationToken cancel)
    {
        if (by is not null)
        {
            return await data.Accounts.FindAsync(by.Split('@')[0], cancel) is { Owner: null } named ? named : throw new CliException(ExitCode.NotFound, $"there is no account {by} that could invite");
        }

        IReadOnlyList<Jid> administrators = await new Provisioning(data.Accounts, data.Links, data.Things, data.Domain).AdministratorsAsync(cancel);
        return administrators.Count > 0 && await data.Accounts.FindAsync(administrators[0].Local, cancel) is { } first
            ? first
            : throw new CliException(ExitCode.Usage, "nobody can invite: there is no administrator yet; name somebody with --by");
    }

    private static async Task<int> ListAsync(DataArguments arguments, ParseResult parsed, CancellationToken cancel)
    {
        Screen screen = arguments.ScreenOf(parsed);
        await using DataAccess data = await arguments.OpenAsync(parsed, create: false, cancel);
        var rows = new List<(string, string?)[]>();
        foreach (Invitation invitation in await data.Invitations.ListAsync(null, cancel))
        {
            screen.Json(() => new JsonObject
            {
                ["event"] = "invitation",
                ["id"] = invitation.Id,
                ["by"] = $"{invitation.Inviter}@{data.Domain}",
                ["name"] = invitation.Name,
                ["account"] = invitation.MakesAccount,
                ["contact"] = invitation.MakesContact,
                ["used"] = invitation.Used,
                ["uses"] = invitation.Uses,
                ["expires"] = Words.Stamp(invitation.Expires),
            });
            rows.Add([(invitation.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), "bold"), (invitation.MakesAccount ? invitation.Name ?? "any name" : "contact", null), (invitation.Inviter, null), ($"{invitation.Used} of {invitation.Uses}", null), (Words.Stamp(invitation.Expires), "dim")]);
        }

        if (screen.IsJson)
        {
            return ExitCode.Ok;
        }

        if (rows.Count == 0)
        {
            screen.Line("No invitation is open.");
        }
        else
        {
            screen.Table(["NUMBER", "FOR", "BY", "USED", "UNTIL"], rows);
        }

        return ExitCode.Ok;
    }

    private static async Task<int> RevokeAsync(DataArguments arguments, ParseResult parsed, long id, CancellationToken cancel)
    {
        Screen screen = arguments.ScreenOf(parsed);
        await using DataAccess data = await arguments.OpenAsync(parsed, create: false, cancel);
        if (await data.Invitations.RevokeAsync(id, null) != InvitationOutcome.Done)
        {
            throw new CliException(ExitCode.NotFound, $"there is no invitation {id}; `iotxmpp invite list` shows all");
        }

        screen.Json(() => new JsonObject { ["event"] = "invitation-revoked", ["id"] = id });
        screen.Line($"invitation {id} ended");
        return ExitCode.Ok;
    }
}
