using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using IotXmpp.Features;
using IotXmpp.Gateway;
using IotXmpp.TestKit;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

/// <summary>The lines between a gateway and the things behind it, over real sockets, with a thing that was written from the README alone.</summary>
public sealed class NodeTests : IAsyncLifetime, INodeObserver
{
    /// <summary>A bound for the whole of a test, whose waits end by events.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly TempFolder _folder = new("nodes");
    private readonly CancellationTokenSource _stop = new(Limit);
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
    private readonly ManualTime _time = new();
    private readonly TcpNodePort _port = new(new IPEndPoint(IPAddress.Loopback, 0));
    private NodeKeys _keys = null!;
    private NodeTable _table = null!;
    private Task _running = Task.CompletedTask;
    private IPEndPoint _at = null!;
    private bool _hold;

    private CancellationToken Cancel => _stop.Token;

    public async ValueTask InitializeAsync()
    {
        _keys = new NodeKeys(_folder.File("nodes.json"));
        _table = new NodeTable(_keys, _time, new Lock());
        _table.Observe(this);
        _running = _port.RunAsync((link, cancel) => NodeSession.RunAsync(_table, link, "gateway-1", _time, cancel), _ => { }, Cancel);
        _at = await _port.Listening.WaitAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _folder.Dispose();
    }

    void INodeObserver.NodeAdded(Node node) => Say($"added {node.Id}");

    void INodeObserver.NodeUpdated(Node node) => Say($"updated {node.Id}");

    void INodeObserver.NodeStateChanged(Node node) => Say($"{node.Id} {node.StateName} {node.Reason}".TrimEnd());

    void INodeObserver.NodeRemoved(Node node) => Say($"removed {node.Id}");

    void INodeObserver.NodeSampled(Node node, Sample sample, Action? durable)
    {
        Say($"{node.Id} {sample.TimeMs} {string.Join(' ', Enumerable.Range(0, sample.Count).Select(i => $"{sample.Name(i)}={sample.Value(i)}{(sample.Kind(i) == FieldKind.Numeric ? sample.Text(i) : "")}"))}");
        if (!_hold)
        {
            durable?.Invoke();
        }
    }

    [Fact]
    public async Task A_thing_comes_in_measures_and_is_acknowledged()
    {
        await using VirtualNode node = await AddAsync("node-1");
        await UntilAsync("node-1 online");
        await node.SampleAsync(1, new JsonObject { ["temperature"] = new JsonObject { ["value"] = 21.45, ["unit"] = "°C" }, ["open"] = true, ["mode"] = "eco" }, 1_700_000_000_000);
        await UntilAsync("node-1 1700000000000 temperature=21.45°C open=true mode=eco");
        await node.AcknowledgedAsync(1, Cancel);
        _hold = true;
        await node.SampleAsync(2, new JsonObject { ["x"] = 1 });
        await UntilAsync($"node-1 {_table.NowMs} x=1");
        await node.SendAsync(new JsonObject { ["t"] = "ping" });
        await node.WaitAsync(l => (string?)l["t"] == "pong", Cancel);
        // What is not safe is not acknowledged.
        Assert.True(node.WaitAsync(l => (long?)l["n"] == 2, Cancel).IsCompleted is false);
    }

    [Fact]
    public async Task A_key_is_needed_and_each_thing_has_its_own()
    {
        string key = _keys.Add("node-1");
        string other = _keys.Add("node-2");
        foreach ((string id, string wrong) in new[] { ("node-1", other), ("node-1", key + "x"), ("node-3", key), ("", key), ("../x", key) })
        {
            VirtualNodeException refused = await Assert.ThrowsAsync<VirtualNodeException>(() => VirtualNode.ConnectAsync(id, wrong, _at, cancel: Cancel));
            Assert.Contains("does not know such a thing", refused.Message, StringComparison.Ordinal);
        }

        await using VirtualNode node = await VirtualNode.ConnectAsync("node-1", key, _at, cancel: Cancel);
        _keys.Remove("node-1");
        lock (_table.Gate)
        {
            _table.Refresh();
        }

        await UntilAsync("removed node-1");
        await node.Ended.WaitAsync(Cancel);
        Assert.True(new FileInfo(_keys.Path).UnixFileMode == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public async Task Sealed_lines_cannot_be_changed_repeated_or_added()
    {
        string key = _keys.Add("node-1");
        await using VirtualNode node = await VirtualNode.ConnectAsync("node-1", key, _at, n => n.Values["relay"] = false, seal: true, cancel: Cancel);
        await node.SampleAsync(1, new JsonObject { ["x"] = 1 });
        await node.AcknowledgedAsync(1, Cancel);
        NodeAnswer answer = await SetAsync("node-1", "relay", "true");
        Assert.Equal(NodeOutcome.Done, answer.Outcome);
        Assert.True((bool)node.Values["relay"]);

        // Somebody on the way adds a line of his own, without the key.
        using var client = new TcpClient();
        await client.ConnectAsync(_at, Cancel);
        var forged = new VirtualNode("node-1", key, new Unsealing(client.GetStream()));
        await forged.HelloAsync(seal: true, cancel: Cancel);
        await forged.SendAsync(new JsonObject { ["t"] = "sample", ["fields"] = new JsonObject { ["x"] = 666 } }, Cancel);
        await forged.Ended.WaitAsync(Cancel);
        await UntilAsync("node-1 offline stream-error");
        Assert.DoesNotContain(Seen(), e => e.Contains("666", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_end_has_its_reason()
    {
        await using VirtualNode cut = await AddAsync("cut");
        await UntilAsync("cut online");
        await cut.DisposeAsync();
        await UntilAsync("cut offline connection-lost");

        await using VirtualNode bye = await AddAsync("bye");
        await bye.SendAsync(new JsonObject { ["t"] = "bye" });
        await UntilAsync("bye offline shutdown");

        await using VirtualNode asleep = await AddAsync("asleep");
        await asleep.SendAsync(new JsonObject { ["t"] = "sleep", ["until"] = _table.NowMs + 60_000 });
        await UntilAsync("asleep sleeping");
        Move(TimeSpan.FromSeconds(91));
        await UntilAsync("asleep overdue");

        await using VirtualNode silent = await AddAsync("silent");
        await UntilAsync("silent online");
        Move(TimeSpan.FromSeconds(91));
        await UntilAsync("silent offline keepalive-timeout");
        await silent.Ended.WaitAsync(Cancel);

        await using VirtualNode first = await AddAsync("twice");
        await UntilAsync("twice online");
        await using VirtualNode second = await VirtualNode.ConnectAsync("twice", _keys.Find("twice")!, _at, cancel: Cancel);
        await first.Ended.WaitAsync(Cancel);
        await second.SampleAsync(1, new JsonObject { ["x"] = 1 });
        await second.AcknowledgedAsync(1, Cancel);
    }

    [Fact]
    public async Task Commands_go_down_and_their_outcome_comes_back()
    {
        await using VirtualNode node = await AddAsync("node-1", n => n.Values["relay"] = false);
        await UntilAsync("node-1 online");
        Assert.Equal(NodeOutcome.Done, (await SetAsync("node-1", "relay", "true")).Outcome);
        node.Refusal = "the valve is stuck";
        Assert.Equal(new NodeAnswer(NodeOutcome.Failed, "relay", "the valve is stuck"), await SetAsync("node-1", "relay", "false"));

        NodeAnswer read = await AskAsync((table, n, done) => table.Read(n, done), "node-1");
        Assert.Equal("true", read.Sample!.Value(0));

        node.IsDeaf = true;
        Task<NodeAnswer> waiting = SetAsync("node-1", "relay", "true");
        Move(NodeTable.AnswerLimit);
        Assert.Equal(NodeOutcome.Unknown, (await waiting).Outcome);

        waiting = SetAsync("node-1", "relay", "true");
        await node.DisposeAsync();
        Assert.Equal(NodeOutcome.Unknown, (await waiting).Outcome);
        Assert.Equal(NodeOutcome.Away, (await SetAsync("node-1", "relay", "true")).Outcome);
    }

    [Fact]
    public async Task A_thing_that_does_not_answer_holds_no_more_than_its_share()
    {
        await using VirtualNode node = await AddAsync("node-1", n => n.Values["relay"] = false);
        await UntilAsync("node-1 online");
        node.IsDeaf = true;
        var asked = Enumerable.Range(0, NodeTable.MaxAsked + 3).Select(_ => SetAsync("node-1", "relay", "true")).ToList();
        Assert.Equal(3, asked.Count(a => a.IsCompleted && a.Result.Outcome == NodeOutcome.Busy));
        Move(NodeTable.AnswerLimit);
        await Task.WhenAll(asked).WaitAsync(Cancel);
    }

    [Theory]
    [InlineData("no json at all")]
    [InlineData("[1,2]")]
    [InlineData("""{"t":7}""")]
    [InlineData("""{"t":"dance"}""")]
    [InlineData("""{"t":"sample"}""")]
    [InlineData("""{"t":"sample","fields":{}}""")]
    [InlineData("""{"t":"sample","fields":{"x":null}}""")]
    [InlineData("""{"t":"sample","fields":{"x":1e300}}""")]
    [InlineData("""{"t":"sample","fields":{"x":{"unit":"m"}}}""")]
    [InlineData("""{"t":"sample","fields":{"x":1,"x":2}}""")]
    [InlineData("""{"t":"sample","fields":{"a\u0000b":1}}""")]
    [InlineData("""{"t":"sample","fields":{"x":"\ud800"}}""")]
    [InlineData("""{"t":"sample","time":1,"fields":{"x":1}}""")]
    [InlineData("""{"t":"sample","time":99999999999999,"fields":{"x":1}}""")]
    [InlineData("""{"t":"sleep","until":1}""")]
    [InlineData("""{"t":"sample","fields":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1}}""")]
    [InlineData("""{"t":[[[[[[[[[[[]]]]]]]]]]]}""")]
    public async Task A_bad_line_is_told_and_the_next_good_one_is_taken(string line)
    {
        await using VirtualNode node = await AddAsync("node-1");
        await node.SendRawAsync(line, Cancel);
        await node.WaitAsync(l => (string?)l["t"] == "error", Cancel);
        await node.SampleAsync(1, new JsonObject { ["x"] = 1 });
        await node.AcknowledgedAsync(1, Cancel);
    }

    [Fact]
    public async Task A_line_without_end_costs_no_memory_and_many_faults_end_the_link()
    {
        await using VirtualNode node = await AddAsync("node-1");
        await node.SendRawAsync(new string('x', 200_000), Cancel);
        await node.SampleAsync(1, new JsonObject { ["x"] = 1 });
        await node.AcknowledgedAsync(1, Cancel);
        for (int i = 0; i < 9; i++)
        {
            await node.SendRawAsync("?", Cancel);
        }

        await node.Ended.WaitAsync(Cancel);
        await UntilAsync("node-1 offline stream-error");
    }

    [Fact]
    public async Task A_thing_that_talks_too_much_waits_and_nobody_else_does()
    {
        await using VirtualNode loud = await AddAsync("loud");
        await using VirtualNode quiet = await AddAsync("quiet");
        // Into the socket until it takes no more: the clock stands, so nothing is read beyond the burst.
        using var full = new CancellationTokenSource();
        Task flood = Task.Run(async () =>
        {
            for (int i = 0; !full.IsCancellationRequested; i++)
            {
                await loud.SendAsync(new JsonObject { ["t"] = "sample", ["n"] = i, ["fields"] = new JsonObject { ["noise"] = i } }, full.Token);
            }
        });
        await UntilAsync(e => e.StartsWith("loud ", StringComparison.Ordinal) && e.EndsWith($"noise={NodeSession.Burst - 3}", StringComparison.Ordinal));
        for (int i = 1; i <= 20; i++)
        {
            await quiet.SampleAsync(i, new JsonObject { ["x"] = i });
            await quiet.AcknowledgedAsync(i, Cancel);
        }

        Assert.InRange(Seen().Count(e => e.Contains("noise=", StringComparison.Ordinal)), NodeSession.Burst - 3, NodeSession.Burst + 1);
        await full.CancelAsync();
        await flood.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task Who_says_nothing_is_shown_the_door()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_at, Cancel);
        var reader = new StreamReader(client.GetStream());
        Assert.Contains("nonce", await reader.ReadLineAsync(Cancel), StringComparison.Ordinal);
        while (_time.Waiting.Count == 0)
        {
            await Task.Yield();
        }

        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(await reader.ReadLineAsync(Cancel));
    }

    private async Task<VirtualNode> AddAsync(string id, Action<VirtualNode>? prepare = null)
        => await VirtualNode.ConnectAsync(id, _keys.Find(id) ?? _keys.Add(id), _at, prepare, cancel: Cancel);

    private Task<NodeAnswer> SetAsync(string id, string parameter, string value) => AskAsync(
        (table, node, done) =>
        {
            Assert.Null(Array.Find(node.Parameters, p => p.Name == parameter)!.Check(value, out ControlValue meant));
            table.Set(node, [meant], done);
        },
        id);

    private Task<NodeAnswer> AskAsync(Action<NodeTable, Node, Action<NodeAnswer>> ask, string id)
    {
        var answer = new TaskCompletionSource<NodeAnswer>();
        lock (_table.Gate)
        {
            ask(_table, _table.Find(id)!, a => answer.TrySetResult(a));
        }

        return answer.Task.WaitAsync(Cancel);
    }

    private void Move(TimeSpan by)
    {
        _time.Advance(by);
        lock (_table.Gate)
        {
            _table.Step();
        }
    }

    private readonly List<string> _seen = [];

    private void Say(string what) => _events.Writer.TryWrite(what);

    private List<string> Seen()
    {
        while (_events.Reader.TryRead(out string? one))
        {
            _seen.Add(one);
        }

        return _seen;
    }

    private Task UntilAsync(string wanted) => UntilAsync(e => e == wanted);

    private async Task UntilAsync(Func<string, bool> wanted)
    {
        while (!Seen().Exists(e => wanted(e)))
        {
            await _events.Reader.WaitToReadAsync(Cancel);
        }
    }

    /// <summary>Takes the seal off whatever is written behind the hello.</summary>
    private sealed class Unsealing(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            string line = Encoding.UTF8.GetString(buffer.Span);
            int at = line.IndexOf('\t', StringComparison.Ordinal);
            return inner.WriteAsync(Encoding.UTF8.GetBytes(at < 0 ? line : line[..at] + "\n"), cancellationToken);
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
    }
}
