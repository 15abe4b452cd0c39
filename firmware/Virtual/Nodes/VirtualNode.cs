using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace IotXmpp.Virtual;

/// <summary>The gateway did not let a virtual node in, or ended the link; the message is the gateway's.</summary>
/// <param name="message">The gateway's words.</param>
public sealed class VirtualNodeException(string message) : Exception(message);

/// <summary>
/// A small device behind a gateway, written from the gateway's README alone: it speaks the line protocol over any stream, measures when it is told to, and has some
/// parameters that can be set. What it is sent can be waited for.
/// </summary>
public sealed class VirtualNode : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly StreamReader _reader;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly List<JsonObject> _received = [];
    private readonly Lock _gate = new();
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _seal;
    private long _sent;
    private long _heard;
    private Task _reading = Task.CompletedTask;

    /// <summary>Makes a node that has not said hello yet.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="key">Its key.</param>
    /// <param name="stream">The link.</param>
    public VirtualNode(string id, string key, Stream stream)
    {
        Id = id;
        Key = key;
        _stream = stream;
        _reader = new StreamReader(stream, new UTF8Encoding(false));
    }

    /// <summary>Its id.</summary>
    public string Id { get; }

    /// <summary>Its key.</summary>
    public string Key { get; }

    /// <summary>What can be set, with the values now: <c>relay</c> is a truth value, others are numbers.</summary>
    public ConcurrentDictionary<string, JsonNode> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>How the fields of a read-out come about; by default the values.</summary>
    public Func<JsonObject>? Measure { get; set; }

    /// <summary>Why it says no to whatever it is told to set; null to obey.</summary>
    public string? Refusal { get; set; }

    /// <summary>Whether it answers nothing any more.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>Something was set.</summary>
    public event Action<string, JsonNode>? WasSet;

    /// <summary>Completes when the link has ended.</summary>
    public Task Ended => _reading;

    /// <summary>Connects to a gateway and says hello.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="key">Its key.</param>
    /// <param name="gateway">Where the gateway listens for things.</param>
    /// <param name="prepare">Sets it up before it says hello; may be null.</param>
    /// <param name="seal">Whether its lines are sealed.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VirtualNodeException">It was not let in.</exception>
    /// <exception cref="IOException">There is no gateway.</exception>
    public static async Task<VirtualNode> ConnectAsync(string id, string key, IPEndPoint gateway, Action<VirtualNode>? prepare = null, bool seal = false, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(gateway, cancel).ConfigureAwait(false);
            var node = new VirtualNode(id, key, client.GetStream());
            prepare?.Invoke(node);
            await node.HelloAsync(seal, null, cancel).ConfigureAwait(false);
            return node;
        }
        catch (SocketException e)
        {
            client.Dispose();
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>Says hello, and goes on reading what the gateway sends.</summary>
    /// <param name="seal">Whether its lines are sealed.</param>
    /// <param name="more">More members of the hello; may be null.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VirtualNodeException">It was not let in, or the gateway does not know the key.</exception>
    public async Task HelloAsync(bool seal = false, JsonObject? more = null, CancellationToken cancel = default)
    {
        JsonObject greeting = await ReadLineAsync(cancel).ConfigureAwait(false) ?? throw new VirtualNodeException("the link ended");
        string theirs = (string)greeting["nonce"]!;
        string mine = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var hello = new JsonObject
        {
            ["t"] = "hello",
            ["node"] = Id,
            ["nonce"] = mine,
            ["mac"] = Mac(Key, $"node|{Id}|{theirs}|{mine}"),
            ["fw"] = "1.0.0",
            ["boot"] = "power-on",
            ["keepalive"] = 60,
            ["seal"] = seal,
            ["params"] = new JsonArray([.. Values.Select(v => (JsonNode)new JsonObject
            {
                ["name"] = v.Key,
                ["type"] = v.Value.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? "boolean" : "double",
                ["value"] = v.Value.DeepClone(),
            })]),
        };
        foreach ((string name, JsonNode? value) in more ?? [])
        {
            hello[name] = value?.DeepClone();
        }

        await SendAsync(hello, cancel).ConfigureAwait(false);
        JsonObject welcome = await ReadLineAsync(cancel).ConfigureAwait(false) ?? throw new VirtualNodeException("the link ended");
        if ((string)welcome["t"]! != "welcome")
        {
            throw new VirtualNodeException((string?)welcome["error"] ?? "no welcome");
        }

        if ((string?)welcome["mac"] != Mac(Key, $"gateway|{Id}|{theirs}|{mine}"))
        {
            throw new VirtualNodeException("this gateway does not know the key");
        }

        _seal = seal ? Mac(Key, $"session|{Id}|{theirs}|{mine}") : null;
        _reading = Task.Run(ReadAsync, CancellationToken.None);
    }

    /// <summary>Sends a sample.</summary>
    /// <param name="number">Its number, to be acknowledged; null for none.</param>
    /// <param name="fields">What was measured.</param>
    /// <param name="timeMs">When, in milliseconds since 1970; null for now.</param>
    public Task SampleAsync(long? number, JsonObject fields, long? timeMs = null)
    {
        var line = new JsonObject { ["t"] = "sample", ["fields"] = fields };
        if (number is not null)
        {
            line["n"] = number;
        }

        if (timeMs is not null)
        {
            line["time"] = timeMs;
        }

        return SendAsync(line);
    }

    /// <summary>Sends any line.</summary>
    public Task SendAsync(JsonObject line, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(line);
        return SendRawAsync(line.ToJsonString(), cancel);
    }

    /// <summary>Sends any text as a line, sealed where it must be.</summary>
    public async Task SendRawAsync(string line, CancellationToken cancel = default)
    {
        await _writing.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            string sealedLine = _seal is null ? line : $"{line}\t{Mac(_seal, string.Create(CultureInfo.InvariantCulture, $"n|{++_sent}|{line}"))[..32]}";
            await _stream.WriteAsync(Encoding.UTF8.GetBytes(sealedLine + "\n"), cancel).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Waits for a line of the gateway.</summary>
    /// <param name="wanted">Which.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<JsonObject> WaitAsync(Func<JsonObject, bool> wanted, CancellationToken cancel)
    {
        while (true)
        {
            Task arrived;
            lock (_gate)
            {
                if (_received.Find(l => wanted(l)) is { } found)
                {
                    return found;
                }

                arrived = _arrived.Task;
            }

            await arrived.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until samples up to a number are acknowledged.</summary>
    public Task AcknowledgedAsync(long number, CancellationToken cancel) => WaitAsync(l => (string?)l["t"] == "ack" && (long?)l["n"] == number, cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _writing.Dispose();
    }

    private static string Mac(string key, string text) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(text)));

    private async Task ReadAsync()
    {
        try
        {
            while (await ReadLineAsync(CancellationToken.None).ConfigureAwait(false) is { } line)
            {
                lock (_gate)
                {
                    _received.Add(line);
                    if (_received.Count > 10_000)
                    {
                        _received.RemoveRange(0, 5_000);
                    }
                }

                Interlocked.Exchange(ref _arrived, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
                await AnswerAsync(line).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            // The link has ended.
        }
    }

    private async Task AnswerAsync(JsonObject line)
    {
        if (IsDeaf)
        {
            return;
        }

        JsonNode? id = line["id"]?.DeepClone();
        switch ((string?)line["t"])
        {
            case "set" when Refusal is not null:
                await SendAsync(new JsonObject { ["t"] = "failed", ["id"] = id, ["param"] = line["values"]!.AsObject().First().Key, ["error"] = Refusal }).ConfigureAwait(false);
                break;
            case "set":
                foreach ((string name, JsonNode? value) in line["values"]!.AsObject())
                {
                    Values[name] = value!.DeepClone();
                    WasSet?.Invoke(name, value);
                }

                await SendAsync(new JsonObject { ["t"] = "done", ["id"] = id }).ConfigureAwait(false);
                break;
            case "read":
                await SendAsync(new JsonObject { ["t"] = "sample", ["re"] = id, ["fields"] = Fields() }).ConfigureAwait(false);
                break;
            default:
                break;
        }
    }

    private JsonObject Fields()
    {
        if (Measure is not null)
        {
            return Measure();
        }

        var fields = new JsonObject();
        foreach ((string name, JsonNode value) in Values)
        {
            fields[name] = value.DeepClone();
        }

        return fields;
    }

    private async Task<JsonObject?> ReadLineAsync(CancellationToken cancel)
    {
        string? line = await _reader.ReadLineAsync(cancel).ConfigureAwait(false);
        if (line is null)
        {
            return null;
        }

        if (_seal is not null)
        {
            int at = line.LastIndexOf('\t');
            if (at < 0 || line[(at + 1)..] != Mac(_seal, string.Create(CultureInfo.InvariantCulture, $"g|{++_heard}|{line[..at]}"))[..32])
            {
                throw new IOException("a line of the gateway is not sealed as it must be");
            }

            line = line[..at];
        }

        return JsonNode.Parse(line)!.AsObject();
    }
}
