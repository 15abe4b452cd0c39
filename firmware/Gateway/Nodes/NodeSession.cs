using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace IotXmpp.Gateway;

/// <summary>
/// One link of a thing: who it is, proven by its key; its samples, with their acknowledgements; commands down and answers up. A link that breaks the rules is told so in one
/// line and cut; one that talks too fast is read slower, so that it waits and nobody else does.
/// </summary>
internal sealed class NodeSession
{
    /// <summary>Lines a second that a link may send in the long run. Default 10: ten times what a thing needs.</summary>
    public const int LinesPerSecond = 10;

    /// <summary>Lines that it may send at once. Default 100: what it kept while it was away comes in bursts.</summary>
    public const int Burst = 100;

    /// <summary>Lines that may wait for a thing that does not read. Default 256: the acknowledgements of a burst and of a slow disk's seconds; then it is cut.</summary>
    public const int MaxQueued = 256;

    /// <summary>Lines with faults before a link is cut. Default 10: noise on a cable costs some.</summary>
    private const int MaxFaults = 10;

    /// <summary>How long somebody may take to say who he is. Default 10 s; for ever on a cable, where nobody else could come.</summary>
    private static readonly TimeSpan HelloLimit = TimeSpan.FromSeconds(10);

    private readonly NodeTable _table;
    private readonly INodeLink _link;
    private readonly TimeProvider _time;
    private readonly string _gateway;
    private readonly Channel<(string Line, SealKey? Seal)> _queue = Channel.CreateBounded<(string, SealKey?)>(MaxQueued);
    private readonly CancellationTokenSource _cut = new();
    private string _nonce = string.Empty;
    private volatile SealKey? _seal;
    private Node? _node;
    private int _faults;
    private string? _lastWords;
    private string _reason = "connection-lost";

    private NodeSession(NodeTable table, INodeLink link, string gateway, TimeProvider time)
    {
        _table = table;
        _link = link;
        _gateway = gateway;
        _time = time;
    }

    /// <summary>Who is at the other end.</summary>
    public string Peer => _link.Peer;

    /// <summary>Serves a link to its end.</summary>
    public static async Task RunAsync(NodeTable table, INodeLink link, string gateway, TimeProvider time, CancellationToken cancellationToken)
    {
        var session = new NodeSession(table, link, gateway, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session._cut.Token);
        Task writing = session.WriteAsync(both.Token);
        try
        {
            await session.ReadAsync(both.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The other end went, or it was cut.
        }
        finally
        {
            lock (table.Gate)
            {
                if (session._node is { } node)
                {
                    table.Closed(node, session, cancellationToken.IsCancellationRequested ? "shutdown" : session._reason);
                }
            }

            session._queue.Writer.TryComplete();
            // What was said last shall arrive, if it can in a moment.
            await writing.WaitAsync(TimeSpan.FromSeconds(1), CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await both.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            session._cut.Dispose();
        }
    }

    /// <summary>Queues a line; false when too many wait.</summary>
    public bool TrySend(JsonObject line)
    {
        if (_queue.Writer.TryWrite((line.ToJsonString(), _seal)))
        {
            return true;
        }

        Cut("it does not read what it is sent");
        return false;
    }

    /// <summary>Ends the link, with last words.</summary>
    public void Cut(string why)
    {
        _lastWords ??= why;
        try
        {
            _cut.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        var reader = new LineReader(_link.Stream, NodeLine.MaxBytes);
        double tokens = Burst;
        long last = _time.GetTimestamp();
        Greet();
        while (true)
        {
            ReadOnlyMemory<byte>? line;
            if (_node is null && !_link.IsCable)
            {
                using var limit = new CancellationTokenSource(HelloLimit, _time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
                line = await reader.ReadAsync(both.Token).ConfigureAwait(false);
            }
            else
            {
                line = await reader.ReadAsync(cancel).ConfigureAwait(false);
            }

            if (line is not { } bytes)
            {
                return;
            }

            tokens = Math.Min(Burst, tokens + (_time.GetElapsedTime(last).TotalSeconds * LinesPerSecond));
            last = _time.GetTimestamp();
            tokens -= 1;
            if (tokens < 0)
            {
                // Not read is not taken: the thing's own buffer fills, and nobody else's.
                await Task.Delay(TimeSpan.FromSeconds(-tokens / LinesPerSecond), _time, cancel).ConfigureAwait(false);
            }

            if (!Take(bytes))
            {
                return;
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        try
        {
            await foreach ((string line, SealKey? seal) in _queue.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                await _link.Stream.WriteAsync(Sealed(line, seal), cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_lastWords is not null)
        {
            using var moment = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
            await _link.Stream.WriteAsync(Sealed(new JsonObject { ["t"] = "error", ["error"] = _lastWords }.ToJsonString(), _seal), moment.Token).ConfigureAwait(false);
        }
    }

    private static byte[] Sealed(string line, SealKey? seal)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line);
        return seal is null ? [.. bytes, (byte)'\n'] : [.. bytes, (byte)'\t', .. Encoding.ASCII.GetBytes(NodeLine.Seal(seal.Key, 'g', ++seal.Sent, bytes)), (byte)'\n'];
    }

    private void Greet()
    {
        _nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        TrySend(new JsonObject { ["t"] = "gateway", ["v"] = 1, ["id"] = _gateway, ["nonce"] = _nonce });
    }

    // False ends the link.
    private bool Take(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            if (bytes.IsEmpty)
            {
                throw new NodeLineException($"a line has {NodeLine.MaxBytes} bytes at most");
            }

            if (_seal is { } seal && !TryUnseal(seal, ref bytes))
            {
                _reason = "stream-error";
                _lastWords = "a line is not sealed as it must be";
                Say(_lastWords);
                return false;
            }

            return Take(NodeLine.Parse(bytes));
        }
        catch (NodeLineException e)
        {
            return Fault(e.Message);
        }
        catch (InvalidOperationException)
        {
            // What the JSON reader says to half of a surrogate pair.
            return Fault("a text is no Unicode");
        }
        catch (GatewaySettingsException)
        {
            Say("the gateway cannot read its file of keys");
            return false;
        }
    }

    private bool Fault(string what)
    {
        Say(what);
        if (++_faults < MaxFaults)
        {
            return true;
        }

        _reason = "stream-error";
        return false;
    }

    private bool Take(JsonElement line)
    {
        string type = line.GetProperty("t").GetString()!;
        if (type == "who")
        {
            // It has started anew: what was agreed on before is void.
            _seal = null;
            Greet();
            return true;
        }

        if (type == "hello")
        {
            return Hello(line);
        }

        if (_node is not { } node)
        {
            throw new NodeLineException("say hello first");
        }

        lock (_table.Gate)
        {
            if (node.Session != this)
            {
                return false; // removed or replaced meanwhile
            }

            _table.Heard(node);
            return Take(node, type, line);
        }
    }

    private bool Take(Node node, string type, JsonElement line)
    {
        switch (type)
        {
            case "sample":
                Things.Sample sample = NodeLine.ReadSample(line, _table.NowMs);
                long? number = NodeLine.Number(line, "n", 0, long.MaxValue);
                _table.Sampled(node, sample, number is null ? null : () => TrySend(new JsonObject { ["t"] = "ack", ["n"] = number }));
                _table.Answered(node, NodeLine.Text(line, "re", NodeLine.MaxName), new NodeAnswer(NodeOutcome.Done, Sample: sample));
                return true;
            case "done":
                _table.Answered(node, NodeLine.Text(line, "id", NodeLine.MaxName), new NodeAnswer(NodeOutcome.Done));
                return true;
            case "failed":
                _table.Answered(node, NodeLine.Text(line, "id", NodeLine.MaxName), new NodeAnswer(
                    NodeOutcome.Failed, NodeLine.Text(line, "param", NodeLine.MaxName) ?? string.Empty, NodeLine.Text(line, "error") ?? "the thing gave no reason"));
                return true;
            case "status":
                _table.Status(node, line);
                return true;
            case "ping":
                TrySend(new JsonObject { ["t"] = "pong", ["time"] = _table.NowMs });
                return true;
            case "sleep":
                long until = NodeLine.Number(line, "until", _table.NowMs, _table.NowMs + (366L * 86_400_000)) ?? throw new NodeLineException("until is in milliseconds since 1970");
                _table.Slept(node, until);
                _node = null;
                _reason = string.Empty;
                return false;
            case "bye":
                _reason = "shutdown";
                return false;
            default:
                throw new NodeLineException(string.Create(CultureInfo.InvariantCulture, $"there is no \"{type[..Math.Min(type.Length, 32)]}\"; there are hello, sample, done, failed, status, ping, sleep, bye, who"));
        }
    }

    private bool Hello(JsonElement line)
    {
        string id = NodeLine.Text(line, "node", NodeLine.MaxName) ?? string.Empty;
        string nonce = NodeLine.Text(line, "nonce", NodeLine.MaxName) ?? string.Empty;
        string? key = _table.Keys.Find(id);
        string given = NodeLine.Text(line, "mac", 64) ?? string.Empty;
        // Who is not known costs the same time as who has the wrong key, and gets the same answer.
        bool proven = NodeLine.Same(given, NodeLine.Mac(key ?? _nonce, $"node|{id}|{_nonce}|{nonce}")) && key is not null && nonce.Length >= 8;
        if (!proven)
        {
            _reason = "stream-error";
            Say("this gateway does not know such a thing with such a key");
            return false;
        }

        bool seal = line.TryGetProperty("seal", out JsonElement wish) && wish.ValueKind == JsonValueKind.True;
        if (_link.IsOpen && !seal)
        {
            Say("over a network lines are sealed: say \"seal\":true and seal them");
            return false;
        }

        lock (_table.Gate)
        {
            _table.Refresh();
            if (_table.Find(id) is not { } node)
            {
                Say("this gateway does not know such a thing with such a key");
                return false;
            }

            if (_node is not null && _node != node)
            {
                Say("one link is for one thing");
                return false;
            }

            // The welcome first: behind it lines may be sealed, and commands may come at once.
            _seal = null;
            TrySend(new JsonObject { ["t"] = "welcome", ["mac"] = NodeLine.Mac(key!, $"gateway|{id}|{_nonce}|{nonce}"), ["time"] = _table.NowMs });
            _seal = seal ? new SealKey(NodeLine.Mac(key!, $"session|{id}|{_nonce}|{nonce}")) : null;
            _table.Opened(node, this, line);
            _node = node;
        }

        return true;
    }

    private static bool TryUnseal(SealKey key, ref ReadOnlyMemory<byte> line)
    {
        int at = line.Length - NodeLine.SealLength - 1;
        if (at <= 0 || line.Span[at] != (byte)'\t')
        {
            return false;
        }

        string seal = Encoding.ASCII.GetString(line.Span[(at + 1)..]);
        line = line[..at];
        return NodeLine.Same(seal, NodeLine.Seal(key.Key, 'n', ++key.Received, line.Span));
    }

    private void Say(string what) => TrySend(new JsonObject { ["t"] = "error", ["error"] = what });

    /// <summary>What a session's lines are sealed with, and how many were.</summary>
    private sealed class SealKey(string key)
    {
        public string Key { get; } = key;

        public long Sent { get; set; }

        public long Received { get; set; }
    }
}
