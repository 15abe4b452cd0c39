using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.ApiTokens;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/accounts</c>: who may log in; for administrators.</summary>
internal sealed class AccountResource(FleetServices fleet)
{
    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        var accounts = new AccountResource(fleet);
        api.Get("/accounts", ApiScope.AccountsAdmin, accounts.ListAsync)
            .Says("listAccounts", "accounts", "The accounts, in the order of their names").Paged().Gives(AccountJson.Default.RestPageAccountView);
        api.Post("/accounts", ApiScope.AccountsAdmin, AccountJson.Default.AccountWish, accounts.CreateAsync)
            .Says("createAccount", "accounts", "Makes an account").Gives(AccountJson.Default.AccountView, 201).Refuses(409);
        api.Get("/accounts/{name}", ApiScope.AccountsAdmin, accounts.GetAsync).Says("getAccount", "accounts", "An account").Gives(AccountJson.Default.AccountView).Refuses(404);
        api.Patch("/accounts/{name}", ApiScope.AccountsAdmin, AccountJson.Default.AccountPatch, accounts.ChangeAsync)
            .Says("changeAccount", "accounts", "Changes an account", "What is null or not there stays. A disabled account loses its sessions at once.").Gives(AccountJson.Default.AccountView).Refuses(404, 409);
        api.Delete("/accounts/{name}", ApiScope.AccountsAdmin, accounts.DeleteAsync)
            .Says("removeAccount", "accounts", "Removes an account, and all that the hub keeps of it").Gives(204).Refuses(404, 409);
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        // The page size is at most 1,000, as one read of the accounts: whether more follow, the next page says.
        List<Account> accounts = await fleet.Accounts.ListAsync(request.PageAfter, request.PageSize, cancel).ConfigureAwait(false);
        return RestResult.Page(request, accounts.ConvertAll(AccountView.Of), accounts.Count == request.PageSize ? accounts[^1].Name : null, AccountJson.Default.RestPageAccountView);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) =>
        await fleet.Accounts.FindAsync(request.Path("name"), cancel).ConfigureAwait(false) is { } account ? RestResult.Ok(AccountView.Of(account), AccountJson.Default.AccountView) : NoAccount();

    private async Task<IResult> CreateAsync(RestRequest request, AccountWish wish, CancellationToken cancel)
    {
        // A thing without an account of its own has its name as well.
        if (JidPrep.TryLocalpart(wish.Name, out string? name) && await fleet.Registry.FindAsync(name, cancel).ConfigureAwait(false) is not null)
        {
            return Refusal(AccountOutcome.Exists)!;
        }

        if (Refusal(await fleet.Accounts.CreateAsync(wish.Name, wish.Password, wish.Administrator).ConfigureAwait(false)) is { } refusal)
        {
            return refusal;
        }

        await request.NoteAsync("add-user", name!).ConfigureAwait(false);
        Account made = (await fleet.Accounts.FindAsync(name!, cancel).ConfigureAwait(false))!;
        return RestResult.Created($"/accounts/{Uri.EscapeDataString(made.Name)}", AccountView.Of(made), AccountJson.Default.AccountView);
    }

    private async Task<IResult> ChangeAsync(RestRequest request, AccountPatch patch, CancellationToken cancel)
    {
        if (await fleet.Accounts.FindAsync(request.Path("name"), cancel).ConfigureAwait(false) is not { } account)
        {
            return NoAccount();
        }

        RestProblem? refusal = null;
        if (patch.Disabled is { } disabled && disabled != account.IsDisabled)
        {
            refusal = Refusal(await fleet.Accounts.SetDisabledAsync(account.Name, disabled, keepsAdministrator: true).ConfigureAwait(false));
        }

        if (refusal is null && patch.Administrator is { } administrator && administrator != account.IsAdministrator)
        {
            refusal = Refusal(await fleet.Accounts.SetAdministratorAsync(account.Name, administrator, keepsAdministrator: true).ConfigureAwait(false));
        }

        if (refusal is null && patch.Password is { } password)
        {
            refusal = Refusal(await fleet.Accounts.ChangePasswordAsync(account.Name, password).ConfigureAwait(false));
        }

        if (refusal is not null)
        {
            return refusal;
        }

        await request.NoteAsync("change-user", account.Name).ConfigureAwait(false);
        return await fleet.Accounts.FindAsync(account.Name, cancel).ConfigureAwait(false) is { } now ? RestResult.Ok(AccountView.Of(now), AccountJson.Default.AccountView) : NoAccount();
    }

    private async Task<IResult> DeleteAsync(RestRequest request, CancellationToken cancel)
    {
        string name = request.Path("name");
        if (Refusal(await fleet.Accounts.RemoveAsync(name, keepsAdministrator: true).ConfigureAwait(false)) is { } refusal)
        {
            return refusal.Status == StatusCodes.Status422UnprocessableEntity ? NoAccount() : refusal;
        }

        await request.NoteAsync("delete-user", name).ConfigureAwait(false);
        return RestResult.NoContent;
    }

    private static RestProblem? Refusal(AccountOutcome outcome) => outcome switch
    {
        AccountOutcome.Done => null,
        AccountOutcome.NotFound => NoAccount(),
        AccountOutcome.Exists => RestProblem.Conflict("The name is taken."),
        AccountOutcome.Leaving => RestProblem.Conflict("What was kept of a removed account of that name is not deleted yet."),
        AccountOutcome.LastAdministrator => RestProblem.Conflict("It is the last administrator who may log in."),
        AccountOutcome.BadName => RestProblem.Invalid("$.name", "It is no localpart (RFC 7622 §3.3)."),
        AccountOutcome.BadPassword => RestProblem.Invalid("$.password", "It is empty, too long, or has characters that RFC 8265 §4 forbids."),
        _ => RestProblem.Conflict("It could not be done."),
    };

    private static RestProblem NoAccount() => RestProblem.NotFound("There is no such account.");
}

/// <summary>An account.</summary>
/// <param name="Name">Its localpart.</param>
/// <param name="Administrator">Whether it administers the hub.</param>
/// <param name="Disabled">Whether it may not log in.</param>
/// <param name="Owner">Whose it is, for a thing's account; null for people.</param>
/// <param name="Created">When it was made.</param>
/// <param name="PasswordChanged">When its password was last set.</param>
public sealed record AccountView(string Name, bool Administrator, bool Disabled, string? Owner, DateTime Created, DateTime PasswordChanged)
{
    /// <summary>Of an account.</summary>
    public static AccountView Of(Account account)
    {
        ArgumentNullException.ThrowIfNull(account);
        return new AccountView(account.Name, account.IsAdministrator, account.IsDisabled, account.Owner, account.Created.UtcDateTime, account.PasswordChanged.UtcDateTime);
    }
}

/// <summary>What a new account shall be.</summary>
/// <param name="Name">Its localpart.</param>
/// <param name="Password">Its password.</param>
/// <param name="Administrator">Whether it administers the hub.</param>
public sealed record AccountWish(string Name, string Password, bool Administrator = false);

/// <summary>What shall change; null stays.</summary>
/// <param name="Password">A new password.</param>
/// <param name="Administrator">Whether it administers the hub.</param>
/// <param name="Disabled">Whether it may not log in.</param>
public sealed record AccountPatch(string? Password = null, bool? Administrator = null, bool? Disabled = null);

/// <summary>JSON of accounts.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AccountView))]
[JsonSerializable(typeof(AccountWish))]
[JsonSerializable(typeof(AccountPatch))]
[JsonSerializable(typeof(RestPage<AccountView>))]
internal sealed partial class AccountJson : JsonSerializerContext;
