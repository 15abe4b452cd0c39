using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.ApiTokens;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/tokens</c>: the API tokens of the account; an administrator also sees and ends those of others.</summary>
internal sealed class TokenResource(FleetServices fleet, ILogger log)
{
    private static readonly RestParameter<string?> s_account = RestParameter.Text("account", "Tokens of another account (administrators), by its localpart; '*' for all.", 1_023);

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        var tokens = new TokenResource(fleet, fleet.Hub.Loggers.CreateLogger<TokenResource>());
        api.Get("/tokens", ApiScope.TokensWrite, tokens.ListAsync)
            .Says("listTokens", "tokens", "API tokens, also those that have ended in the last 30 days").Paged().Query(s_account).Gives(TokenJson.Default.RestPageTokenView);
        api.Post("/tokens", ApiScope.TokensWrite, TokenJson.Default.TokenWish, tokens.CreateAsync)
            .Says("createToken", "tokens", "Makes an API token for the account", "It has no scope that the asking token has not, and ends no later. The token itself is in this answer only.")
            .Gives(TokenJson.Default.NewTokenView, 201);
        api.Get("/tokens/{id}", ApiScope.TokensWrite, tokens.GetAsync).Says("getToken", "tokens", "An API token").Gives(TokenJson.Default.TokenView).Refuses(404);
        api.Delete("/tokens/{id}", ApiScope.TokensWrite, tokens.DeleteAsync).Says("revokeToken", "tokens", "Ends an API token at once").Gives(204).Refuses(404);
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        string? account = request.Who.Local;
        if (request.Get(s_account) is { } other && other != account)
        {
            if (!request.Principal.IsAdministrator)
            {
                return RestProblem.Forbidden("Tokens of other accounts are for administrators.");
            }

            account = other == "*" ? null : other;
        }

        List<ApiToken> tokens = await fleet.ApiTokens.ListAsync(account, request.PageAfter, request.PageSize + 1, cancel).ConfigureAwait(false);
        List<TokenView> page = [.. tokens.Take(request.PageSize).Select(TokenView.Of)];
        return RestResult.Page(request, page, tokens.Count > request.PageSize ? page[^1].Id : null, TokenJson.Default.RestPageTokenView);
    }

    private async Task<IResult> CreateAsync(RestRequest request, TokenWish wish, CancellationToken cancel)
    {
        NewApiToken made = await fleet.ApiTokens.CreateAsync(request.Who.Local, wish.Name, wish.Scopes, wish.Days is { } days ? TimeSpan.FromDays(Math.Clamp(days, 0, 100_000)) : null, request.Principal, cancel).ConfigureAwait(false);
        if (made is not { Token: { } token, Secret: { } secret })
        {
            return made.Outcome switch
            {
                ApiTokenOutcome.BadName => RestProblem.Invalid("$.name", made.Detail!),
                ApiTokenOutcome.BadScope => RestProblem.Invalid("$.scopes", made.Detail!),
                ApiTokenOutcome.BadLifetime => RestProblem.Invalid("$.days", made.Detail!),
                ApiTokenOutcome.TooMany => RestProblem.TooMany(made.Detail!),
                _ => RestProblem.Forbidden(made.Detail!),
            };
        }

        ApiTokenLog.Made(log, request.Who, token.Id, string.Join(' ', token.Scopes), token.Expires);
        await request.NoteAsync("make-token", token.Id).ConfigureAwait(false);
        return RestResult.Created($"/tokens/{token.Id}", new NewTokenView(token.Id, token.Name, token.Scopes, token.Expires.UtcDateTime, secret), TokenJson.Default.NewTokenView);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) =>
        await fleet.ApiTokens.FindAsync(request.Path("id"), cancel).ConfigureAwait(false) is { } token && (request.Principal.IsAdministrator || token.Account == request.Who.Local)
            ? RestResult.Ok(TokenView.Of(token), TokenJson.Default.TokenView)
            : NoToken();

    private async Task<IResult> DeleteAsync(RestRequest request, CancellationToken cancel)
    {
        string id = request.Path("id");
        if (await fleet.ApiTokens.RevokeAsync(id, request.Principal.IsAdministrator ? null : request.Who.Local).ConfigureAwait(false) != ApiTokenOutcome.Done)
        {
            return NoToken();
        }

        ApiTokenLog.Revoked(log, request.Who, id);
        await request.NoteAsync("revoke-token", id).ConfigureAwait(false);
        return RestResult.NoContent;
    }

    private static RestProblem NoToken() => RestProblem.NotFound("There is no such token, or not yours.");
}

/// <summary>A token; never what it is told by.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Account">Whose it is (localpart).</param>
/// <param name="Name">Its name.</param>
/// <param name="Scopes">What it is good for.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it ends, or has ended.</param>
/// <param name="LastUsed">When it was last used; null for never.</param>
public sealed record TokenView(string Id, string Account, string Name, IReadOnlyList<string> Scopes, DateTime Created, DateTime Expires, DateTime? LastUsed)
{
    /// <summary>Of a token.</summary>
    public static TokenView Of(ApiToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return new TokenView(token.Id, token.Account, token.Name, token.Scopes, token.Created.UtcDateTime, token.Expires.UtcDateTime, token.LastUsed?.UtcDateTime);
    }
}

/// <summary>A new token, with what it is told by: in this answer only.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Scopes">What it is good for.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Token">What is given as Bearer.</param>
public sealed record NewTokenView(string Id, string Name, IReadOnlyList<string> Scopes, DateTime Expires, string Token);

/// <summary>What a new token shall be.</summary>
/// <param name="Name">Its name for people.</param>
/// <param name="Scopes">What it is good for.</param>
/// <param name="Days">Days until it ends; 90 where it is not given, or as long as the asking token.</param>
public sealed record TokenWish(string Name, IReadOnlyList<string> Scopes, int? Days = null);

/// <summary>JSON of tokens.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TokenView))]
[JsonSerializable(typeof(NewTokenView))]
[JsonSerializable(typeof(TokenWish))]
[JsonSerializable(typeof(RestPage<TokenView>))]
internal sealed partial class TokenJson : JsonSerializerContext;
