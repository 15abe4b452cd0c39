using System.Security.Cryptography;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>A request that has come as far as a resource: its token is good and has the scope, its query is right.</summary>
public sealed class RestRequest
{
    /// <summary>Page size of lists, at most; default 1,000.</summary>
    public const int PageLimit = 1_000;

    private readonly Dictionary<string, object?> _query;

    internal RestRequest(HttpContext http, FleetServices fleet, ApiPrincipal principal, Dictionary<string, object?> query)
    {
        Http = http;
        Fleet = fleet;
        Principal = principal;
        _query = query;
    }

    /// <summary>Entries of a page, for every list.</summary>
    public static RestParameter<int?> Limit { get; } = RestParameter.Number("limit", "Entries of the page, at most (100 where it is not given).", 1, PageLimit);

    /// <summary>Where a page begins, for every list.</summary>
    public static RestParameter<string?> After { get; } = RestParameter.Text("after", "The page after this: 'next' of the page before.", 512);

    /// <summary>The request itself, for what stands here not.</summary>
    public HttpContext Http { get; }

    /// <summary>The services.</summary>
    public FleetServices Fleet { get; }

    /// <summary>The token and its account.</summary>
    public ApiPrincipal Principal { get; }

    /// <summary>The account: a bare JID.</summary>
    public Jid Who => Principal.Account;

    /// <summary>Entries of a page.</summary>
    public int PageSize => Get(Limit) ?? Fleet.Rest.PageSize;

    /// <summary>Where the page begins; empty for the first.</summary>
    public string PageAfter => Get(After) ?? string.Empty;

    /// <summary>A parameter of the path.</summary>
    public string Path(string name)
    {
        string text = (string)Http.GetRouteValue(name)!;
        // A slash is the one character that stays escaped up to here.
        return text.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A parameter of the query, or its default.</summary>
    public T Get<T>(RestParameter<T> parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return _query.TryGetValue(parameter.Name, out object? value) ? (T)value! : parameter.Fallback;
    }

    /// <summary>All values of a parameter of the query.</summary>
    public IReadOnlyList<string> Get(RestParameters parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return _query.TryGetValue(parameter.Name, out object? value) ? (IReadOnlyList<string>)value! : [];
    }

    /// <summary>Whether the account may do something with a thing.</summary>
    public ValueTask<bool> MayAsync(string thing, ThingRight right, string? parameter = null, CancellationToken cancel = default) => Fleet.Access.MayAsync(Who, thing, right, parameter, cancel);

    /// <summary>Why the account may not do something with a thing: 404 where it may not even see it, 403 where it sees it; null where it may.</summary>
    public async ValueTask<RestProblem?> RefusalAsync(string thing, ThingRight right, string? parameter = null, CancellationToken cancel = default)
    {
        if (await MayAsync(thing, right, parameter, cancel).ConfigureAwait(false))
        {
            return null;
        }

        return right != ThingRight.See && await MayAsync(thing, ThingRight.See, null, cancel).ConfigureAwait(false)
            ? RestProblem.Forbidden("You see this thing and may not do that with it.")
            : RestProblem.NoThing();
    }

    /// <summary>Notes in the audit what the account did by this token.</summary>
    public Task NoteAsync(string what, string about) => Fleet.Audit.NoteAsync(Who.ToString(), what, about, peer: Fleet.Web.Look(Http).Peer?.Address.ToString() ?? string.Empty);

    /// <summary>Holds a change against what the client has read (RFC 9110 §13.1.1): 428 without If-Match, 412 where it is another; null where it may go on.</summary>
    /// <param name="tag">The ETag as it is now, from <see cref="Tag(long)"/>.</param>
    /// <param name="isRequired">Whether a change without If-Match is refused.</param>
    public RestProblem? Precondition(string tag, bool isRequired = true)
    {
        string given = Http.Request.Headers.IfMatch.ToString();
        if (given.Length == 0)
        {
            return isRequired ? RestProblem.PreconditionNeeded() : null;
        }

        return given == "*" || given.Split(',').Any(one => one.Trim() == tag) ? null : RestProblem.Changed();
    }

    /// <summary>An ETag of a number that changes with what it stands for.</summary>
    public static string Tag(long version) => $"\"{version.ToString("x", System.Globalization.CultureInfo.InvariantCulture)}\"";

    /// <summary>An ETag of what is answered.</summary>
    public static string Tag(ReadOnlySpan<byte> content) => $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"";
}
