using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp sniff THING</c>: a thing's stanzas as they pass at the hub, decoded, by REST (<c>/things/{id}/stanzas</c>), with a token of its own that ends with it.</summary>
internal static class SniffCommand
{
    private const string Tokens = "urn:iotxmpp:tokens:1#";
    private const int KindWidth = 12;

    public static Command Create()
    {
        var thing = new Argument<string>("THING") { Description = "the thing; you maintain it, and its gateway where it is behind one" };
        var http = new Option<string>("--http") { Description = "the hub's HTTP side: http://host:port or https://host:port (default http://127.0.0.1:5280)", HelpName = "ADDRESS", DefaultValueFactory = _ => "http://127.0.0.1:5280" };
        var count = new Option<int?>("--count") { Description = "end after so many stanzas" };
        var xml = new Option<bool>("--xml") { Description = "show their XML, too; secrets are masked" };
        var length = Durations.Optional("--for", "end after this time");
        var command = new Command("sniff", "Show a thing's stanzas as they pass at the hub, until Ctrl-C; the hub notes who looks on") { thing, http, count, xml, length };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RunAsync(client, parsed, parsed.GetValue(thing)!, parsed.GetValue(http)!, new Wanted(parsed.GetValue(count), parsed.GetValue(xml), parsed.GetValue(length)), cancel));
        return command;
    }

    private sealed record Wanted(int? Count, bool Xml, TimeSpan? Length);

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, string name, string address, Wanted wanted, CancellationToken cancel)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? http) || http.Scheme is not ("http" or "https"))
        {
            throw new CliException(ExitCode.Usage, $"'{address}' is no address of HTTP: http://host:port or https://host:port is expected");
        }

        if (http.Scheme == "http" && !http.IsLoopback)
        {
            throw new CliException(ExitCode.Usage, $"{http} is on another machine and without TLS, and a token would be in the open on the way: https:// is expected");
        }

        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        Jid thing = hub.ThingOf(name);
        Jid domain = TokenCommand.DomainOf(hub);
        var wish = new Dictionary<string, string>(StringComparer.Ordinal) { ["name"] = "iotxmpp sniff", ["scopes"] = ApiScope.ThingsWrite, ["days"] = "1" };
        IReadOnlyDictionary<string, string> token = await AdHocCommand.RunAsync(hub, domain, Tokens + "create", wish, cancel);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (wanted.Length is { } length)
        {
            ends.CancelAfter(length);
        }

        try
        {
            return await FollowAsync(screen, http, client.LoginOf(parsed).Authorities(), token["token"], thing.Local, wanted, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            return ExitCode.Ok; // the time is over, or Ctrl-C: it goes on until then
        }
        finally
        {
            await AdHocCommand.RunAsync(hub, domain, Tokens + "revoke", new Dictionary<string, string>(StringComparer.Ordinal) { ["id"] = token["id"] }, CancellationToken.None);
        }
    }

    private static async Task<int> FollowAsync(Screen screen, Uri http, X509Certificate2Collection? authorities, string token, string thing, Wanted wanted, CancellationToken cancel)
    {
        using var handler = new SocketsHttpHandler();
        if (authorities is not null)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        using var client = new HttpClient(handler) { BaseAddress = http, Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri($"/api/v1/things/{Uri.EscapeDataString(thing)}/stanzas", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancel);
            if (!answer.IsSuccessStatusCode)
            {
                throw await RefusedAsync(answer, thing, cancel);
            }

            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancel));
            return await ShowAsync(screen, reader, thing, wanted, cancel);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new CliException(ExitCode.Unreachable, $"{http} cannot be reached: {(e.InnerException ?? e).Message}; --http names the hub's HTTP side");
        }
    }

    private static async Task<int> ShowAsync(Screen screen, StreamReader reader, string thing, Wanted wanted, CancellationToken cancel)
    {
        string type = string.Empty;
        int seen = 0;
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                type = line["event: ".Length..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal) && JsonNode.Parse(line["data: ".Length..]) is JsonObject data)
            {
                switch (type)
                {
                    case "stanza":
                        Show(screen, thing, data, wanted.Xml);
                        if (++seen == wanted.Count)
                        {
                            return ExitCode.Ok;
                        }

                        break;
                    case "missed":
                        screen.Json(() => new JsonObject { ["event"] = "missed", ["thing"] = thing, ["count"] = (int?)data["count"] });
                        screen.Line(($"{data["count"]} passed too quickly to be shown", "yellow"));
                        break;
                    case "over":
                        throw new CliException(ExitCode.Forbidden, $"you may not look on at {thing} any more");
                }
            }
        }

        throw new CliException(ExitCode.Unreachable, "the hub has ended the stream");
    }

    private static void Show(Screen screen, string thing, JsonObject stanza, bool xml)
    {
        bool isFrom = (bool?)stanza["from"] == true;
        string text = (string?)stanza["xml"] ?? string.Empty;
        screen.Json(() => new JsonObject
        {
            ["event"] = "stanza",
            ["time"] = (string?)stanza["at"],
            ["thing"] = thing,
            ["direction"] = isFrom ? "out" : "in",
            ["bytes"] = (int?)stanza["bytes"],
            ["stanza"] = (string?)stanza["kind"],
            ["meaning"] = (string?)stanza["meaning"],
            ["xml"] = text,
        });
        string at = DateTimeOffset.TryParse((string?)stanza["at"], CultureInfo.InvariantCulture, out DateTimeOffset time) ? time.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture) : string.Empty;
        string colour = isFrom ? "cyan" : "magenta";
        screen.Line((at + "  ", "dim"), (thing, "bold"), (isFrom ? "  → hub " : "  ← hub ", colour), ($"{stanza["bytes"],5} B  ", "dim"), (((string?)stanza["kind"] ?? string.Empty).PadRight(KindWidth), null), ("  " + (string?)stanza["meaning"], colour));
        if (xml && text.Length > 0)
        {
            screen.Line((text.TrimEnd(), "dim"));
        }
    }

    private static async Task<CliException> RefusedAsync(HttpResponseMessage answer, string thing, CancellationToken cancel)
    {
        string? detail = null;
        try
        {
            detail = (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancel))?["detail"];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not this hub's own words.
        }

        int code = answer.StatusCode switch
        {
            HttpStatusCode.NotFound => ExitCode.NotFound,
            HttpStatusCode.Forbidden => ExitCode.Forbidden,
            HttpStatusCode.Unauthorized => ExitCode.Unreachable,
            _ => ExitCode.Failed,
        };
        return new CliException(code, $"{thing}: {detail ?? $"the hub answers {(int)answer.StatusCode}"}");
    }
}
