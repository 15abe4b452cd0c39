using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub.Feeds;

/// <summary>Which page of a feed is asked for.</summary>
/// <param name="Before">The page of items older than this one, or null.</param>
/// <param name="After">The page of items newer than this one, or null.</param>
public readonly record struct FeedPage(string? Before, string? After);

/// <summary>A page of a feed.</summary>
/// <param name="Content">The document, as UTF-8.</param>
/// <param name="Updated">When the newest item on it was published.</param>
public sealed record Feed(byte[] Content, DateTimeOffset Updated);

/// <summary>
/// The nodes that are feeds: those that everybody may read anyhow, with items that are kept. No thing's node is one, whatever its access model: telemetry has no place on the web by mistake.
/// </summary>
/// <param name="isServed">Whether the HTTP side is open.</param>
/// <param name="baseUrl">Where clients reach it, without a slash at the end.</param>
public sealed class FeedBook(Func<bool> isServed, Func<string> baseUrl)
{
    /// <summary>Where the feeds of the service's nodes are; the node's name follows.</summary>
    public const string NodePath = "/pubsub/feed/";

    /// <summary>Where the feeds of accounts are; <c>&lt;localpart&gt;/microblog</c> follows.</summary>
    public const string AccountPath = "/feed/";

    /// <summary>What follows the localpart.</summary>
    public const string MicroblogName = "microblog";

    private PubSubService? _service;
    private PersonalEvents? _personal;
    private SemaphoreSlim? _room;

    /// <summary>Whether there are feeds at all.</summary>
    public bool IsEnabled => _service?.Context.Options.Feeds ?? false;

    internal void Attach(PubSubService service)
    {
        _service = service;
        _room = new SemaphoreSlim(service.Context.Options.FeedRequests);
    }

    internal void Attach(PersonalEvents personal) => _personal = personal;

    /// <summary>The address of a node's feed, where it has one; whether it is open is the caller's to know.</summary>
    internal string? AddressOf(Jid? account, string node)
    {
        if (!IsEnabled || !isServed())
        {
            return null;
        }

        return account is null
            ? baseUrl() + NodePath + string.Join('/', node.Split('/').Select(Uri.EscapeDataString))
            : node == Microblog.Node ? $"{baseUrl()}{AccountPath}{Uri.EscapeDataString(account.Local)}/{MicroblogName}" : null;
    }

    /// <summary>Makes a page of a feed.</summary>
    /// <param name="path">The path of the request, as it was sent.</param>
    /// <param name="self">The address of the feed, without a page.</param>
    /// <param name="page">The page.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The page; null where there is no such feed, for whatever reason.</returns>
    /// <exception cref="FeedsBusyException">Too many are made at the moment.</exception>
    public async ValueTask<Feed?> FindAsync(string path, string self, FeedPage page, CancellationToken cancel)
    {
        if (!IsEnabled || Locate(path) is not { } found)
        {
            return null;
        }

        if (!_room!.Wait(0, CancellationToken.None))
        {
            throw new FeedsBusyException();
        }

        try
        {
            (PubSubContext context, string name) = found;
            Node? node = await context.NodeAsync(name, cancel).ConfigureAwait(false);
            return node is { IsCollection: false, Configuration.PersistItems: true } && context.IsPublic(node)
                ? await AtomFeed.MakeAsync(context, node, self, page, cancel).ConfigureAwait(false)
                : null;
        }
        finally
        {
            _room.Release();
        }
    }

    private (PubSubContext Context, string Node)? Locate(string path)
    {
        if (path.StartsWith(NodePath, StringComparison.Ordinal))
        {
            string name = Uri.UnescapeDataString(path[NodePath.Length..]);
            return name.Length > 0 && _service!.Context.IsId(name) ? (_service.Context, name) : null;
        }

        if (_personal is null || !path.StartsWith(AccountPath, StringComparison.Ordinal) || path[AccountPath.Length..].Split('/') is not [var local, MicroblogName])
        {
            return null;
        }

        return Addresses.JidPrep.TryParse(Uri.UnescapeDataString(local) + "@" + _service!.Context.Domain, out Jid? account) && account.IsBare && _personal.Has(account)
            ? (_personal.Of(account).Service.Context, Microblog.Node)
            : null;
    }
}

/// <summary>Too many feeds are made at the moment (<c>PubSub:FeedRequests</c>).</summary>
public sealed class FeedsBusyException : Exception;
