using IotXmpp.Cli.Operator;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Hub;

/// <summary>Makes accounts and things in a hub's data: a thing belongs to its owner, and both see each other's presence (RFC 6121 §3).</summary>
internal sealed class Provisioning(AccountService accounts, RosterLinks links, ThingProvisioning things, string domain)
{
    /// <summary>A secret of 160 bits, for things and generated passwords.</summary>
    public static string NewSecret() => RandomText.New(32);

    /// <summary>Makes the account, or gives the one that is there this password.</summary>
    public async Task EnsureAsync(string name, string password, bool administrator = false)
    {
        AccountOutcome outcome = await accounts.CreateAsync(name, password, administrator);
        if (outcome == AccountOutcome.Exists)
        {
            outcome = await accounts.ChangePasswordAsync(name, password);
        }

        if (outcome != AccountOutcome.Done)
        {
            throw new CliException(ExitCode.Failed, $"the account {name}@{domain} could not be made: {outcome}");
        }
    }

    /// <summary>Gives a thing to an owner, with all that belongs to one.</summary>
    public async Task OwnAsync(string thing, Jid owner)
    {
        ThingResult result = await things.EnterAsync(thing, owner);
        if (result.Outcome != RegistryOutcome.Done)
        {
            throw new CliException(ExitCode.Failed, $"{thing}@{domain} could not be given to {owner}: {result.Outcome}");
        }
    }

    /// <summary>Makes thing and person see each other's presence; the thing stands in the person's roster group <see cref="Fleet.Group"/>.</summary>
    public Task SubscribeAsync(string thing, Jid person) => links.LinkAsync(new Jid(thing, domain, string.Empty), person, thing);

    /// <summary>All administrators.</summary>
    public async Task<IReadOnlyList<Jid>> AdministratorsAsync(CancellationToken cancel)
    {
        var found = new List<Jid>();
        await foreach (Account account in ListAsync(accounts, cancel))
        {
            if (account.IsAdministrator)
            {
                found.Add(new Jid(account.Name, domain, string.Empty));
            }
        }

        return found;
    }

    /// <summary>All accounts, in pages.</summary>
    public static async IAsyncEnumerable<Account> ListAsync(AccountService accounts, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        const int Page = 1000;
        string after = string.Empty;
        for (; ; )
        {
            List<Account> page = await accounts.ListAsync(after, Page, cancel);
            foreach (Account account in page)
            {
                yield return account;
            }

            if (page.Count < Page)
            {
                yield break;
            }

            after = page[^1].Name;
        }
    }

    /// <summary>Removes an account and what others' rosters have of it.</summary>
    public async Task<AccountOutcome> RemoveAsync(string name, CancellationToken cancel)
    {
        if (await accounts.FindAsync(name, cancel) is not { } account)
        {
            return AccountOutcome.NotFound;
        }

        AccountOutcome outcome = await accounts.RemoveAsync(account.Name);
        await links.RemoveAsync(new Jid(account.Name, domain, string.Empty));
        await things.ForgetAsync(account.Name);
        return outcome;
    }
}
