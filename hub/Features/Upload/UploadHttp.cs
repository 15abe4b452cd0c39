using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace IotXmpp.Hub.Features.Upload;

/// <summary>
/// Files over HTTP (XEP-0363 §6): PUT for a slot, GET and HEAD with ranges. Nothing that is served can act in the name of this server: no type that holds a script
/// is shown, and a sandbox surrounds what is.
/// </summary>
public static class UploadHttp
{
    /// <summary>The route.</summary>
    public const string Route = UploadService.Path + "/{id}/{name}";

    private const string Policy = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    /// <summary>Serves one request.</summary>
    public static async Task HandleAsync(HttpContext context, UploadService service)
    {
        HttpRequest request = context.Request;
        HttpResponse response = context.Response;
        IHeaderDictionary headers = response.Headers;
        // Web clients of any page put and get files: what lets them is in the address, nothing is said by cookies.
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlAllowMethods = "GET, HEAD, OPTIONS, PUT";
        headers.AccessControlAllowHeaders = "Content-Type, Range";
        headers.AccessControlExposeHeaders = "Content-Length, Content-Range";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = Policy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        string id = (string)request.RouteValues["id"]!;
        string name = Uri.UnescapeDataString((string)request.RouteValues["name"]!);
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            await GetAsync(context, service, id, name).ConfigureAwait(false);
        }
        else if (HttpMethods.IsPut(request.Method))
        {
            await PutAsync(context, service, id, name).ConfigureAwait(false);
        }
        else if (HttpMethods.IsOptions(request.Method))
        {
            headers.AccessControlMaxAge = "86400";
            response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
        {
            headers.Allow = "GET, HEAD, OPTIONS, PUT";
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        }
    }

    private static async Task PutAsync(HttpContext context, UploadService service, string id, string name)
    {
        HttpRequest request = context.Request;
        if (request.ContentLength is not { } length)
        {
            await AnswerAsync(context, StatusCodes.Status411LengthRequired, "The length of the file is needed.").ConfigureAwait(false);
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = service.Options.MaxFileBytes;
        }

        if (length > service.Options.MaxFileBytes)
        {
            await AnswerAsync(context, StatusCodes.Status413PayloadTooLarge, string.Create(CultureInfo.InvariantCulture, $"The largest file has {service.Options.MaxFileBytes} bytes.")).ConfigureAwait(false);
            return;
        }

        PutOutcome outcome = await service.PutAsync(id, name, request.Query["e"], request.Query["s"], request.ContentType, length, request.Body, context.RequestAborted).ConfigureAwait(false);
        (int status, string line) = outcome switch
        {
            PutOutcome.Stored => (StatusCodes.Status201Created, "Stored."),
            PutOutcome.Expired => (StatusCodes.Status410Gone, "The slot has expired."),
            PutOutcome.Used => (StatusCodes.Status409Conflict, "The slot was used."),
            PutOutcome.WrongSize => (StatusCodes.Status400BadRequest, "The file has not the size that was announced."),
            _ => (StatusCodes.Status403Forbidden, "This is not what the slot was given for: address, size and type must be as announced."),
        };
        if (outcome == PutOutcome.Stored)
        {
            context.Response.Headers.Location = context.Request.PathBase + context.Request.Path.ToUriComponent();
        }

        await AnswerAsync(context, status, line).ConfigureAwait(false);
    }

    private static async Task GetAsync(HttpContext context, UploadService service, string id, string name)
    {
        if (await service.FindAsync(id, name, context.RequestAborted).ConfigureAwait(false) is not ({ } file, { } path))
        {
            await AnswerAsync(context, StatusCodes.Status404NotFound, "There is no such file, or it was deleted.").ConfigureAwait(false);
            return;
        }

        bool isInline = service.Options.InlineTypes.Contains(file.ContentType, StringComparer.OrdinalIgnoreCase);
        var disposition = new ContentDispositionHeaderValue(isInline ? "inline" : "attachment");
        disposition.SetHttpFileName(file.FileName);
        context.Response.Headers.ContentDisposition = disposition.ToString();
        context.Response.Headers.CacheControl = "private, max-age=86400, immutable";
        // The address names one content for ever.
        IResult result = TypedResults.PhysicalFile(
            path, isInline ? file.ContentType : "application/octet-stream", lastModified: DateTimeOffset.FromUnixTimeMilliseconds(file.At), entityTag: new EntityTagHeaderValue("\"" + file.Id + "\""), enableRangeProcessing: true);
        await result.ExecuteAsync(context).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, int status, string line)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(line + "\n");
    }
}
