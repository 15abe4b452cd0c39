using System.Buffers;
using System.IO.Pipelines;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>The door of BOSH (XEP-0124): requests come in, find their session, wait for their turn and for their answer.</summary>
public sealed class BoshEndpoint
{
    /// <summary>Where it is served.</summary>
    public const string Path = "/http-bind";

    /// <summary>Bytes that the wrapper of a request may have beside the largest stanza (8 KiB).</summary>
    private const int WrapperBytes = 8 * 1024;

    private const string Page = "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>BOSH</title></head><body><p>This is a door for XMPP clients, not for people: BOSH (XEP-0124). Give this address to a client that speaks it.</p></body></html>";

    private readonly BoshSessions _sessions = new();
    private readonly StreamHost _host;
    private readonly WebPolicy _policy;
    private readonly BoshOptions _options;

    /// <param name="host">What all streams share.</param>
    /// <param name="policy">Who may come.</param>
    /// <param name="options">The bounds.</param>
    public BoshEndpoint(StreamHost host, WebPolicy policy, BoshOptions options)
    {
        _host = host;
        _policy = policy;
        _options = options;
    }

    /// <summary>Serves one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        WebRequest from = _policy.Look(context);
        if (!from.IsAllowed)
        {
            await WebPolicy.RefuseAsync(context, StatusCodes.Status403Forbidden, "This origin may not open a stream; the setting Web:Origins lists who may.").ConfigureAwait(false);
            return;
        }

        WebPolicy.AllowOrigin(context, "POST, OPTIONS");
        string method = context.Request.Method;
        if (HttpMethods.IsOptions(method))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        else if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method))
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            context.Response.Headers.ContentSecurityPolicy = "default-src 'none'";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            await context.Response.WriteAsync(HttpMethods.IsGet(method) ? Page : string.Empty).ConfigureAwait(false);
        }
        else if (!HttpMethods.IsPost(method))
        {
            context.Response.Headers.Allow = "GET, HEAD, OPTIONS, POST";
            await WebPolicy.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Requests of BOSH are POST (XEP-0124 §4).").ConfigureAwait(false);
        }
        else if (!from.IsSecure)
        {
            await WebPolicy.RefuseAsync(context, StatusCodes.Status403Forbidden, "TLS is needed: use https, by a proxy that the setting Web:Proxies names.").ConfigureAwait(false);
        }
        else
        {
            await PostAsync(context, from).ConfigureAwait(false);
        }
    }

    private async Task PostAsync(HttpContext context, WebRequest from)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = _host.Options.MaxStanzaBytes + WrapperBytes;
        }

        PipeReader reader = context.Request.BodyReader;
        var tokenizer = new StreamTokenizer(_host.Options.UnauthenticatedBytes, _host.Options.MaxDepth, _host.Options.MaxAttributes) { MayBeEmpty = true };
        byte[]? copy = null;
        BoshSession? session = null;
        BoshExchange? exchange = null;
        ReadResult read = default;
        bool isWhole = false;
        try
        {
            do
            {
                read = await reader.ReadAsync(context.RequestAborted).ConfigureAwait(false);
                if (!read.IsCompleted)
                {
                    // More than a stranger may send is read only for a session whose client is known.
                    bool isTooMuch = read.Buffer.Length > _host.Options.UnauthenticatedBytes && (session ??= SessionOf(read.Buffer)) is not { Stream.Account: not null };
                    reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    if (isTooMuch)
                    {
                        await AnswerAsync(context, BoshBody.Terminal("policy-violation")).ConfigureAwait(false);
                        return;
                    }
                }
            }
            while (!read.IsCompleted);

            isWhole = true;
            ReadOnlyMemory<byte> body = read.Buffer.IsSingleSegment ? read.Buffer.First : Gather(read.Buffer, out copy);
            Token token = tokenizer.Next(body.Span);
            int offset = token.Start + token.Length;
            if (token.Kind != TokenKind.StreamStart || BoshRequest.Read(body.Span.Slice(token.Start, token.Length)) is not { } request)
            {
                await AnswerAsync(context, BoshBody.Terminal("bad-request")).ConfigureAwait(false);
                return;
            }

            session = request.Sid is { } sid ? _sessions.Find(sid) : Begin(request, body.Span.Slice(token.Start, token.Length), from);
            if (session is null)
            {
                await AnswerAsync(context, BoshBody.Terminal("item-not-found")).ConfigureAwait(false);
                return;
            }

            tokenizer.MaxBytes = session.MaxRequestBytes;
            exchange = new BoshExchange(request);
            if (session.Arrive(exchange))
            {
                // A request that was taken is worked off when its turn comes, whatever became of its client and whatever answer it has carried meanwhile; one that was replaced before is not.
                await Task.WhenAny(exchange.Turn, exchange.Answer).ConfigureAwait(false);
                if (!exchange.IsReplaced)
                {
                    if (copy is null && !request.IsEmpty)
                    {
                        body = Gather(read.Buffer, out copy);
                    }

                    // A handler may wait until what it has sent has left, and then for the next request, which the client sends when it has this answer: the rest is worked off without this request.
                    Task work = WorkAsync(session, exchange, body, tokenizer, offset);
                    await Task.WhenAny(work, exchange.Answer).ConfigureAwait(false);
                    if (!work.IsCompleted)
                    {
                        _ = ReturnAfterAsync(work, copy);
                        copy = null;
                    }
                }
            }
        }
        catch (BadHttpRequestException e)
        {
            await WebPolicy.RefuseAsync(context, e.StatusCode, "The request is too large.").ConfigureAwait(false);
            return;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && exchange is null)
        {
            return;
        }
        finally
        {
            if (isWhole)
            {
                reader.AdvanceTo(read.Buffer.End);
            }

            if (copy is not null)
            {
                ArrayPool<byte>.Shared.Return(copy);
            }
        }

        using CancellationTokenRegistration gone = context.RequestAborted.Register(() => session!.Aborted(exchange!));
        Task<byte[]> answer = exchange!.Answer;
        try
        {
            await AnswerAsync(context, await answer.WaitAsync(context.RequestAborted).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What was meant for it is kept until the client asks again (§14.3).
        }
    }

    private static async Task WorkAsync(BoshSession session, BoshExchange exchange, ReadOnlyMemory<byte> body, StreamTokenizer tokenizer, int offset)
    {
        await exchange.Turn.ConfigureAwait(false);
        await session.WorkAsync(exchange, body, tokenizer, offset).ConfigureAwait(false);
    }

    private static async Task ReturnAfterAsync(Task work, byte[]? copy)
    {
        await work.ConfigureAwait(false);
        if (copy is not null)
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private BoshSession Begin(BoshRequest request, ReadOnlySpan<byte> tag, WebRequest from)
    {
        var reader = new XmlSpanReader(tag, " "u8);
        reader.Read();
        var session = new BoshSession(_sessions, _host, _options, request, StreamHeader.ReadSurrounding(reader, _host.Hub.Domain), from.Peer);
        _sessions.Add(session);
        session.Start();
        return session;
    }

    // Of a request whose end has not come; null where its start tag is not whole either.
    private BoshSession? SessionOf(ReadOnlySequence<byte> begun)
    {
        byte[] bytes = begun.Slice(0, Math.Min(begun.Length, WrapperBytes)).ToArray();
        Token token = new StreamTokenizer(WrapperBytes, 1, _host.Options.MaxAttributes).Next(bytes);
        return token.Kind == TokenKind.StreamStart && BoshRequest.Read(bytes.AsSpan(token.Start, token.Length)) is { Sid: { } sid } ? _sessions.Find(sid) : null;
    }

    private static ReadOnlyMemory<byte> Gather(ReadOnlySequence<byte> buffer, out byte[] copy)
    {
        copy = ArrayPool<byte>.Shared.Rent((int)Math.Max(1, buffer.Length));
        buffer.CopyTo(copy);
        return copy.AsMemory(0, (int)buffer.Length);
    }

    private static async Task AnswerAsync(HttpContext context, byte[] body)
    {
        HttpResponse response = context.Response;
        response.ContentType = "text/xml; charset=utf-8";
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        await response.Body.WriteAsync(body, CancellationToken.None).ConfigureAwait(false);
    }
}
