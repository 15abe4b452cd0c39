using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>
/// Hostile values in every parameter, every field and every body of every operation that the served description has: whoever adds one has it tested here. Never 500; every refusal is a problem (RFC 9457); what was refused
/// has changed nothing; and nothing of somebody else's is changed, or told, whatever is taken.
/// </summary>
public sealed partial class RestHostileTests : IClassFixture<RestHub>
{
    private const string Lone = "\ud800";

    private static readonly string[] s_hostile =
    [
        "<script>alert(1)</script>", "'; DROP TABLE thing; --", "' OR '1'='1", "%", "_", "=cmd|'/c calc'!A1", "../../../etc/passwd", "..\\..\\x", "a\0b", "\u202Egnp.exe", "\r\nX-Injected: 1", Lone + "x", "x\udc00", "{{7*7}}", "${jndi:ldap://x}",
        "-1", "0", "99999999999999999999", "1e999", "NaN", "true", "null", "[]", "{}", "*", ";", "a/b", "a@b/c", "@", " ", "\ufeff", "💥", new('x', 9_000),
    ];

    // In JSON: other kinds than a text.
    private static readonly string[] s_kinds = ["null", "-1", "99999999999999999999", "1e999", "0.1", "true", "[]", "[null]", "[[]]", "{}", "{\"x\":1}", "{\"__proto__\":{}}", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "[\"\\udc00\"]", "{\"\\ud800\":1}", "[1,\"a\",{}]"];

    // Whole bodies.
    private static readonly string[] s_bodies =
        ["", "{", "null", "[]", "1", "\"x\"", "{}", "{\"\\ud800\":1}", "{\"a\":\"\\ud800\"}", "{\"a\":1,\"a\":2}", "[" + new string('[', 200) + new string(']', 200) + "]", "\u0000", "<x/>", "id,name\n=1+1,<b>\n", "\"\n\"\n,,,,\n"];

    private readonly RestHub _hub;
    private readonly List<string> _faults = [];
    private int _asked;

    public RestHostileTests(RestHub hub) => _hub = hub;

    [Fact]
    public async Task Nothing_hostile_gets_through()
    {
        string root = await _hub.TokenAsync("root"), bob = await _hub.TokenAsync("bob"), alice = await _hub.TokenAsync("alice");
        GroupService groups = _hub.Host.Server.Hub.Modules.OfType<AccessModule>().Single().Groups;
        Assert.Equal(GroupOutcome.Done, (await groups.CreateAsync(RestHub.Of("bob"), "bobs", "Bob's")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await groups.AddThingAsync(RestHub.Of("bob"), "bobs", "pump")).Outcome);
        Assert.Equal(GroupOutcome.Done, (await groups.CreateAsync(RestHub.Of("alice"), "alices", "Alice's")).Outcome);
        await MadeAsync(bob, HttpMethod.Put, "/alert-rules/bobs-rule", """{"id":"bobs-rule","scope":{"all":true},"when":{"kind":"offline"}}""");
        await MadeAsync(bob, HttpMethod.Put, "/maintenance/bobs-window", """{"id":"bobs-window","scope":{"all":true},"once":{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}}""");
        await MadeAsync(bob, HttpMethod.Post, "/things/pump/notes", """{"text":"bob's own"}""");
        NewApiToken other = await _hub.Tokens.CreateAsync("bob", "bob's own", [ApiScope.ThingsRead]);
        string command = (string)(await MadeAsync(bob, HttpMethod.Post, "/things/pump/commands", """{"parameters":[{"name":"relay","value":true}]}""")).Json!["id"]!.ToString();
        string[] foreign = ["pump", "bobs", "bobs-rule", "bobs-window", other.Token!.Id, command, "bob", "bob@hub.test"];
        string before = await TellAsync(root, bob);

        JsonNode document = (await _hub.GetAsync("/openapi.json", null)).Json!;
        int operations = 0;
        foreach ((string path, JsonNode? item) in document["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in item!.AsObject())
            {
                operations++;
                await AttackAsync(document, new HttpMethod(method.ToUpperInvariant()), path, operation!, alice, foreign);
                if ((string?)operation!["x-scope"] is { } scope && ApiScope.IsForAdministrators(scope))
                {
                    await AttackAsync(document, new HttpMethod(method.ToUpperInvariant()), path, operation, root, []);
                }
            }
        }

        Assert.True(_faults.Count == 0, string.Join('\n', _faults.Take(40)));
        Assert.True(operations > 70 && _asked > operations * 20, $"{operations} operations, {_asked} requests");
        Assert.Equal(before, await TellAsync(root, bob));
    }

    private async Task AttackAsync(JsonNode document, HttpMethod method, string template, JsonNode operation, string token, string[] foreign)
    {
        string[] names = [.. Template().Matches(template).Select(m => m.Groups[1].Value)];
        string usual = Fill(template, _ => null);
        (string? media, JsonNode? schema) = BodyOf(document, operation);
        string? plain = media == "application/json" && schema is not null ? Sample(document, schema).ToJsonString() : media is null ? null : "x";
        Dictionary<string, string> state = await SnapshotAsync();
        bool isTaken = false;

        foreach (string name in names)
        {
            foreach (string value in s_hostile)
            {
                await AskAsync(Fill(template, n => n == name ? value : null), plain);
            }

            // What is somebody else's is not there, whatever is asked of it.
            foreach (string value in foreign.Where(f => name is not ("who" or "name") || f.StartsWith("bob", StringComparison.Ordinal) == false))
            {
                if (await AskAsync(Fill(template, n => n == name ? value : null), plain) < 400)
                {
                    _faults.Add($"{method} {template}: {name}={value}, which is somebody else's, is taken");
                }
            }
        }

        foreach (JsonNode? parameter in operation["parameters"]?.AsArray().Where(p => (string?)p!["in"] == "query") ?? [])
        {
            foreach (string value in s_hostile)
            {
                await AskAsync($"{usual}?{parameter!["name"]}={Escape(value)}", plain);
            }
        }

        await AskAsync(usual + "?" + Escape("<script>") + "=1", plain);
        if (media is not null)
        {
            foreach (string body in s_bodies)
            {
                await AskAsync(usual, body);
            }

            await AskAsync(usual, new string(' ', 3_000_000));
        }

        if (media == "application/json" && schema is not null)
        {
            foreach (string body in Bodies(document, schema))
            {
                await AskAsync(usual, body);
            }
        }

        if (!isTaken && await SnapshotAsync() is { } after)
        {
            _faults.AddRange(after.Where(t => state[t.Key] != t.Value).Select(t => $"{method} {template}: everything was refused, and the table {t.Key} is another one"));
        }

        if (isTaken)
        {
            // A command that was taken for a second ends by itself, and what became of it is told a moment later: none of it must look as if the next operation had done it.
            await Wait.UntilAsync(async () => await AreCommandsSettledAsync());
        }

        async Task<int> AskAsync(string path, string? body)
        {
            _asked++;
            using var request = new HttpRequestMessage(method, new Uri(_hub.Base, path));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            if (body is not null)
            {
                request.Headers.ExpectContinue = body.Length > 1_000_000; // what is refused unread is not sent
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                request.Content.Headers.TryAddWithoutValidation("Content-Type", media);
            }

            string shown = $"{method} {(path.Length > 200 ? path[..200] : path)} {(body is { Length: > 200 } ? body[..200] : body)}";
            using HttpResponseMessage response = await _hub.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            int status = (int)response.StatusCode;
            isTaken |= status < 400 && method != HttpMethod.Get;
            if (status is 500 or 501 or 502)
            {
                _faults.Add($"{shown}: {status}");
            }

            if (response.Headers.Contains("X-Injected"))
            {
                _faults.Add($"{shown}: a header was injected");
            }

            // What the server below could not even read as a request has no body.
            if (status >= 400 && !(status is 400 or 414 && response.Content.Headers.ContentLength == 0) && (response.Content.Headers.ContentType?.MediaType != "application/problem+json" || (int?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["status"] != status))
            {
                _faults.Add($"{shown}: {status} is no problem but {response.Content.Headers.ContentType}");
            }

            return status;
        }
    }

    // A body for each property and each hostile value in its place, the others as they may be.
    private static IEnumerable<string> Bodies(JsonNode document, JsonNode schema)
    {
        if (Resolve(document, schema)["properties"] is not JsonObject properties)
        {
            yield break;
        }

        foreach (string name in properties.Select(p => p.Key))
        {
            foreach (string value in s_hostile.Select(Text).Concat(s_kinds))
            {
                var body = (JsonObject)Sample(document, schema);
                body.Remove(name);
                string rest = body.ToJsonString();
                yield return $"{{{Text(name)}:{value}{(body.Count > 0 ? "," : "")}{rest[1..]}";
            }
        }

        // Further down: each leaf, and each name, in its turn.
        const string mark = "\u0001";
        for (int leaf = 0; ; leaf++)
        {
            int left = leaf;
            JsonNode body = Sample(document, schema, all: true);
            if (!Mark(body, ref left, mark))
            {
                yield break;
            }

            foreach (string value in s_kinds.Append(Text(Lone)).Append(Text("a\0b")))
            {
                yield return body.ToJsonString().Replace(Text(mark), value, StringComparison.OrdinalIgnoreCase);
            }

            yield return body.ToJsonString().Replace(Text(mark), "{\"\\udc00\":1,\"x\":\"\\ud800\"}", StringComparison.OrdinalIgnoreCase);
        }
    }

    private static bool Mark(JsonNode node, ref int left, string mark)
    {
        switch (node)
        {
            case JsonObject map:
                foreach ((string name, JsonNode? value) in map.ToList())
                {
                    if (value is JsonValue or null && left-- == 0)
                    {
                        map[name] = mark;
                        return true;
                    }

                    if (value is JsonObject or JsonArray && Mark(value, ref left, mark))
                    {
                        return true;
                    }
                }

                return false;
            case JsonArray list:
                for (int i = 0; i < list.Count; i++)
                {
                    if (list[i] is JsonValue or null && left-- == 0)
                    {
                        list[i] = mark;
                        return true;
                    }

                    if (list[i] is JsonObject or JsonArray && Mark(list[i]!, ref left, mark))
                    {
                        return true;
                    }
                }

                return false;
            default:
                return false;
        }
    }

    // A value that a schema takes, with what it must have, or all that it may.
    private static JsonNode Sample(JsonNode document, JsonNode schema, int depth = 0, bool all = false)
    {
        schema = Resolve(document, schema);
        if (schema["enum"] is JsonArray words)
        {
            return words[0]!.DeepClone();
        }

        foreach (string kind in (string[])["oneOf", "anyOf", "allOf"])
        {
            if (schema[kind] is JsonArray some && some.FirstOrDefault(s => (string?)Resolve(document, s!)["type"] != "null") is { } one)
            {
                return Sample(document, one, depth + 1, all);
            }
        }

        string type = schema["type"] switch { JsonArray types => (string)types.First(t => (string?)t != "null")!, { } word => (string)word!, _ => schema["properties"] is null ? "string" : "object" };
        switch (type)
        {
            case "object":
                var value = new JsonObject();
                IEnumerable<string> required = all ? schema["properties"]?.AsObject().Select(p => p.Key) ?? [] : schema["required"]?.AsArray().Select(r => (string)r!) ?? [];
                foreach (string name in depth > 4 ? [] : required)
                {
                    value[name] = Sample(document, schema["properties"]![name]!, depth + 1, all);
                }

                return value;
            case "array":
                return depth > 4 || schema["items"] is not { } item ? new JsonArray() : new JsonArray(Sample(document, item, depth + 1, all));
            case "integer" or "number":
                return JsonValue.Create(1);
            case "boolean":
                return JsonValue.Create(false);
            default:
                return JsonValue.Create((string?)schema["format"] == "date-time" ? "2026-01-01T00:00:00Z" : "alices-own");
        }
    }

    private static JsonNode Resolve(JsonNode document, JsonNode schema) => (string?)schema["$ref"] is { } reference ? reference[2..].Split('/').Aggregate(document, (at, part) => at[part]!) : schema;

    private static (string? Media, JsonNode? Schema) BodyOf(JsonNode document, JsonNode operation) =>
        operation["requestBody"]?["content"]?.AsObject().First() is { } content ? (content.Key, content.Value!["schema"]) : (null, null);

    // A text as JSON, with lone surrogates as escapes.
    private static string Text(string value)
    {
        var text = new StringBuilder("\"");
        foreach (char c in value)
        {
            text.Append(c is '"' or '\\' or < ' ' || char.IsSurrogate(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString());
        }

        return text.Append('"').ToString();
    }

    private static string Fill(string template, Func<string, string?> value) => Template().Replace(template, m => value(m.Groups[1].Value) is { } hostile ? Escape(hostile) : m.Groups[1].Value switch
    {
        "id" when template.StartsWith("/api/v1/things", StringComparison.Ordinal) => "lamp",
        "id" when template.StartsWith("/api/v1/groups", StringComparison.Ordinal) => "alices",
        "thing" => "meter",
        "who" => "carl@hub.test",
        _ => "nothing-there",
    });

    // Lone surrogates as the bytes that a careless program makes of them (CESU-8).
    private static string Escape(string value) => string.Concat(value.Select((c, i) => char.IsSurrogate(c) && !(i + 1 < value.Length && char.IsSurrogatePair(c, value[i + 1])) && !(i > 0 && char.IsSurrogatePair(value[i - 1], c))
        ? $"%{0xE0 | (c >> 12):X2}%{0x80 | ((c >> 6) & 0x3F):X2}%{0x80 | (c & 0x3F):X2}"
        : char.IsHighSurrogate(c) ? Uri.EscapeDataString(value.Substring(i, 2)) : char.IsLowSurrogate(c) ? "" : Uri.EscapeDataString(c.ToString())));

    private async Task<RestHub.Reply> MadeAsync(string token, HttpMethod method, string path, string body)
    {
        RestHub.Reply reply = await _hub.SendAsync(method, path, token, body);
        Assert.True((int)reply.Status < 300, $"{path}: {reply.Text}");
        return reply;
    }

    // All that is bob's, and who there is.
    private async Task<string> TellAsync(string root, string bob)
    {
        var text = new StringBuilder();
        foreach (string path in (string[])["/things/pump/metadata", "/things/pump/notes", "/things/pump/configuration/versions", "/groups", "/groups/bobs/members", "/groups/bobs/things", "/alert-rules", "/maintenance", "/things/pump/commands"])
        {
            text.AppendLine((await _hub.GetAsync(path, bob)).Text);
        }

        foreach (string name in (string[])["alice", "bob", "root"])
        {
            text.AppendLine((await _hub.GetAsync("/accounts/" + name, root)).Text);
        }

        return text.ToString();
    }

    // Every table's rows, but those that a refusal itself writes (when a token was used last, what administrators and commands were refused) and those that say that the hub lives.
    private ValueTask<Dictionary<string, string>> SnapshotAsync() => _hub.Host.Server.Services.Database.ReadAsync(session =>
    {
        string[] written = ["api_token", "admin_audit", "command_audit", "sqlite_sequence", "hub_run", "alert_run"];
        var tables = new List<string>();
        SqlStatement names = session.Prepare("SELECT name FROM sqlite_master WHERE type = 'table'");
        while (names.Read())
        {
            tables.Add(names.GetString(0));
        }

        var state = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string table in tables.Where(t => !written.Contains(t)))
        {
            var columns = new List<string>();
            SqlStatement info = session.Prepare($"SELECT name FROM pragma_table_info('{table}')");
            while (info.Read())
            {
                columns.Add(info.GetString(0));
            }

            SqlStatement rows = session.Prepare($"SELECT group_concat(row, char(10)) FROM (SELECT {string.Join("||','||", columns.Select(c => $"quote(\"{c}\")"))} AS row FROM \"{table}\" ORDER BY 1)");
            rows.Read();
            state[table] = rows.IsNull(0) ? "" : rows.GetString(0);
        }

        return state;
    });

    private ValueTask<bool> AreCommandsSettledAsync() => _hub.Host.Server.Services.Database.ReadAsync(session =>
    {
        long soon = DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeMilliseconds();
        SqlStatement open = session.Prepare($"""
            SELECT (SELECT COUNT(*) FROM command WHERE state <= 2 AND expires < {soon})
                + (SELECT COUNT(*) FROM command_batch WHERE ended IS NULL AND expires < {soon})
                + (SELECT COUNT(*) FROM (SELECT * FROM command WHERE way = 1 AND gone = 0 ORDER BY number DESC LIMIT 5) AS c WHERE NOT EXISTS (SELECT 1 FROM pubsub_item AS i
                    WHERE i.id = c.id AND CAST(i.payload AS TEXT) LIKE '%state=_' || CASE c.state WHEN 1 THEN 'queued' WHEN 2 THEN 'sent' WHEN 3 THEN 'done' WHEN 4 THEN 'failed' WHEN 5 THEN 'expired' ELSE 'cancelled' END || '%'))
            """);
        return open.Read() && open.GetInt64(0) == 0;
    });

    [GeneratedRegex(@"\{([A-Za-z]+)\}")]
    private static partial Regex Template();
}
