using System.Text.Json;

namespace IotXmpp.Hub.Server;

/// <summary>
/// The page <c>/flash/</c> that writes firmware to a board out of a browser (ESP Web Tools). The page is part of the hub; images, manifests and the tool itself lie in the
/// folder <c>flash</c> of the data folder, where <c>iotxmpp firmware pack</c> puts them. All of it is public: no secret is in an image.
/// </summary>
internal static class FlashPage
{
    /// <summary>The folder in the data folder.</summary>
    public const string FolderName = "flash";

    /// <summary>Boards that are listed at most. Default 64: more than anybody makes images for.</summary>
    private const int MaxBoards = 64;

    /// <summary>Only what the hub itself serves, no frames, no forms; styles as attributes are what the flashing tool's own parts use.</summary>
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly Dictionary<string, string> s_types = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".json"] = "application/json",
        [".bin"] = "application/octet-stream",
        [".txt"] = "text/plain; charset=utf-8",
    };

    /// <summary>Serves the page.</summary>
    /// <param name="app">The hub's HTTP.</param>
    /// <param name="data">The data folder.</param>
    public static void Map(WebApplication app, string data)
    {
        string folder = Path.Combine(data, FolderName);
        // A route matches with and without a slash at its end; what the page names beside itself needs it.
        app.MapGet("/flash/{**path}", context =>
        {
            if (context.Request.Path == "/flash")
            {
                context.Response.Redirect("/flash/");
                return Task.CompletedTask;
            }

            return ServeAsync(context, folder, context.Request.RouteValues["path"] as string ?? string.Empty);
        });
    }

    private static async Task ServeAsync(HttpContext context, string folder, string path)
    {
        HttpResponse response = context.Response;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        // An image that was made anew must not be mixed with an old manifest.
        response.Headers.CacheControl = "no-cache";
        path = path.Length == 0 ? "index.html" : path;
        if (!IsName(path) || !s_types.TryGetValue(Path.GetExtension(path), out string? type))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        response.ContentType = type;
        if (path == "boards.json")
        {
            await response.Body.WriteAsync(Boards(folder), context.RequestAborted).ConfigureAwait(false);
            return;
        }

        if (typeof(FlashPage).Assembly.GetManifestResourceStream($"flash/{path}") is { } own)
        {
            await using (own.ConfigureAwait(false))
            {
                response.ContentLength = own.Length;
                await own.CopyToAsync(response.Body, context.RequestAborted).ConfigureAwait(false);
                return;
            }
        }

        string file = Path.Combine(folder, path);
        if (!File.Exists(file))
        {
            response.ContentType = null;
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        await response.SendFileAsync(file, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The boards that there is an image for: what each one's <c>board.json</c> says.</summary>
    private static byte[] Boards(string folder)
    {
        string boards = Path.Combine(folder, "boards");
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartArray();
            foreach (string board in Directory.Exists(boards) ? Directory.EnumerateDirectories(boards).Order(StringComparer.Ordinal).Take(MaxBoards) : [])
            {
                try
                {
                    using JsonDocument one = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(board, "board.json")));
                    one.RootElement.WriteTo(writer);
                }
                catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
                {
                    // It is being made, or was left half made: it is not offered.
                }
            }

            writer.WriteEndArray();
        }

        return json.ToArray();
    }

    // Names of ours only: letters, digits, dashes, dots between them. So no path leaves the folder, and no hidden file is served.
    private static bool IsName(string path) => path.Length <= 200 && path.Split('/').All(p => p.Length > 0 && p[0] != '.' && p.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));
}
