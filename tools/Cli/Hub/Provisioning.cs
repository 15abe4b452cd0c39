using System.Security.Cryptography;
using IotXmpp.Cli.Operator;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Xmpp;
using RosterItem = IotXmpp.Hub.Features.Roster.RosterItem;

namespace IotXmpp.Cli.Hub;

/// <summary>Makes accounts and things in a hub's data: a thing belongs to its owner, and both see each other's presence (RFC 6121 §3).</summary>
internal sealed class Provisioning(AccountService accounts, RosterStore rosters, string domain)
{
    // 32 characters that cannot be taken for one another: 5 bits each.
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz023456789";

    /// <summary>A secret of 160 bits, for things and generated passwords.</summary>
    public static string NewSecret() => RandomNumberGenerator.GetString(Alphabet, 32);

    /// <summary>Whether a text is a thing's id (wire profile, "Addresses").</summary>
    public static bool IsThingId(string id) => id.Length is >= 1 and <= 64 && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

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

    /// <summary>Gives a thing to an owner.</summary>
    public async Task OwnAsync(string thing, Jid owner)
    {
        AccountOutcome outcome = await accounts.SetOwnerAsync(thing, owner.Bare);
        if (outcome != AccountOutcome.Done)
        {
            throw new CliException(ExitCode.Failed, $"{thing}@{domain} could not be given to {owner}: {outcome}");
        }

        await SubscribeAsync(thing, owner);
    }

    /// <summary>Makes thing and person see each other's presence; the thing stands in the person's roster group <see cref="Fleet.Group"/>.</summary>
    public async Task SubscribeAsync(string thing, Jid person)
    {
        Jid thingJid = new(thing, domain, string.Empty);
        if (person.Domain == domain)
        {
            await rosters.ChangeAsync(person.Local, thingJid.ToString(), item => item with
            {
                State = SubscriptionState.Both,
                Listed = true,
                Name = item.Name.Length > 0 ? item.Name : thing,
                Groups = item.Groups.Contains(Fleet.Group) ? item.Groups : [.. item.Groups, Fleet.Group],
            });
        }

        await rosters.ChangeAsync(thing, person.Bare.ToString(), item => item with { State = SubscriptionState.Both, Listed = true });
    }

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

        string jid = new Jid(account.Name, domain, string.Empty).ToString();
        Roster roster = await rosters.LoadAsync(account.Name, cancel);
        AccountOutcome outcome = await accounts.RemoveAsync(account.Name);
        foreach (RosterItem item in roster.Items.Values)
        {
            if (Jid.TryParse(item.Contact, out Jid? contact) && contact.Domain == domain)
            {
                await rosters.ChangeAsync(contact.Local, jid, _ => new RosterItem(jid));
            }
        }

        await rosters.RemoveAsync(account.Name);
        return outcome;
    }
}
