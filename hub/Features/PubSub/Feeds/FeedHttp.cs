using System.Globalization;
using System.Security.Cryptography;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IotXmpp.Hub.Features.PubSub.Feeds;

/// <summary>Feeds over HTTP: GET and HEAD, with validators (RFC 9110 §8.8) so that a reader that asks again gets a word instead of the feed.</summary>
public static class FeedHttp
{
    /// <summary>The routes.</summary>
    public static IReadOnlyList<string> Routes { get; } = [FeedBook.NodePath + "{**node}", FeedBook.AccountPath + "{account}/" + FeedBook.MicroblogName];

    /// <summary>Answers one request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="feeds">The feeds.</param>
    /// <param name="baseUrl">Where clients reach the HTTP side, without a slash at the end.</param>
    public static async Task HandleAsync(HttpContext context, FeedBook feeds, string baseUrl)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            await WebPolicy.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "A feed is read, nothing else.").ConfigureAwait(false);
            return;
        }

        // As it was sent: a name of a node may have a slash that is no separator.
        string target = context.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw ? raw : context.Request.Path.Value ?? "";
        string path = target.IndexOf('?', StringComparison.Ordinal) is >= 0 and int query ? target[..query] : target;
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        try
        {
            Feed? feed = await feeds.FindAsync(path, baseUrl + path, new FeedPage(context.Request.Query["before"], context.Request.Query["after"]), context.RequestAborted).ConfigureAwait(false);
            if (feed is null)
            {
                await WebPolicy.RefuseAsync(context, StatusCodes.Status404NotFound, "There is no such feed.").ConfigureAwait(false);
                return;
            }

            await AnswerAsync(context, feed).ConfigureAwait(false);
        }
        catch (FeedsBusyException)
        {
            headers.RetryAfter = "5";
            await WebPolicy.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "Too many feeds are asked for.").ConfigureAwait(false);
        }
        catch (StorageException)
        {
            headers.RetryAfter = "60";
            await WebPolicy.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The feed cannot be read now.").ConfigureAwait(false);
        }
    }

    private static Task AnswerAsync(HttpContext context, Feed feed)
    {
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(feed.Content).AsSpan(0, 16))}\"";
        DateTimeOffset modified = DateTimeOffset.FromUnixTimeSeconds(feed.Updated.ToUnixTimeSeconds());
        IHeaderDictionary headers = context.Response.Headers;
        headers.ETag = tag;
        headers.LastModified = modified.UtcDateTime.ToString("R", CultureInfo.InvariantCulture);
        headers.CacheControl = "public, max-age=60";
        headers.AccessControlAllowOrigin = "*"; // who may not read it does not get here

        // Items are markup of others: a browser that shows it runs none of it.
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        if (IsKnown(context.Request.Headers, tag, modified))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/atom+xml; charset=utf-8";
        context.Response.ContentLength = feed.Content.Length;
        return HttpMethods.IsGet(context.Request.Method) ? context.Response.Body.WriteAsync(feed.Content, context.RequestAborted).AsTask() : Task.CompletedTask;
    }

    // RFC 9110 §13.1: the tag decides; the time only where none is sent.
    private static bool IsKnown(IHeaderDictionary request, string tag, DateTimeOffset modified)
    {
        if (request.IfNoneMatch.Count > 0)
        {
            return request.IfNoneMatch.ToString().Split(',').Select(t => t.Trim()).Any(t => t == "*" || t == tag || t == "W/" + tag);
        }

        return DateTimeOffset.TryParse(request.IfModifiedSince.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset since) && modified <= since;
    }
}
