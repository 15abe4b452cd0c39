using BenchmarkDotNet.Attributes;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;
using Stanza = IotXmpp.Hub.Routing.Stanza;

namespace IotXmpp.Benchmarks;

/// <summary>
/// From a stanza's bytes to the bytes that leave, without sockets: start tag, address, RFC 6121 table, header, queue, one flush for eight stanzas.
/// </summary>
[MemoryDiagnoser]
public class RouterBenchmarks
{
    private const int Batch = 8;
    private const int Recipients = 100;
    private readonly ModuleHost _hub;
    private readonly Session _sender;
    private readonly Stanza _stanza = new();
    private readonly JidCache _jids = new();
    private readonly CountingSink _sink = new();
    private readonly List<Jid> _recipients = [];
    private readonly byte[] _to = "load1@localhost/load1"u8.ToArray();

    public RouterBenchmarks()
    {
        JidPrep.TryParse("localhost", out var domain);
        _hub = new ModuleHost(domain!, TimeProvider.System, NullLoggerFactory.Instance, new Defaults())
        {
            Accounts = new NoAccounts(),
            Rosters = new NoRosters(),
            LastSeen = new NobodySeen(),
        };
        _hub.Load([]);
        _sender = Bind("load0@localhost/load0");
        Bind("load1@localhost/load1");
        for (var i = 0; i < Recipients; i++)
        {
            _recipients.Add(Bind($"s{i}@localhost/load{i}").Jid);
        }
    }

    [Benchmark(OperationsPerInvoke = Batch, Description = "route a message, 8 in a batch")]
    public long Message()
    {
        FlushBatch.Begin();
        for (var i = 0; i < Batch; i++)
        {
            _stanza.Load(Samples.Message);
            _jids.TryParse(_to, out var to);
            _stanza.From = _sender.Jid;
            _stanza.To = to;
            var routed = _hub.Router.RouteAsync(_stanza, _sender);
            if (!routed.IsCompletedSuccessfully)
            {
                throw new InvalidOperationException("Routing was not done at once.");
            }
        }

        FlushBatch.End();
        return _sink.Check(Batch);
    }

    [Benchmark(OperationsPerInvoke = Recipients, Description = "one stanza to 100, for each")]
    public long Multicast()
    {
        FlushBatch.Begin();
        _hub.Router.Multicast(new OutgoingStanza(IotXmpp.Hub.Routing.StanzaKind.Message, StanzaType.Headline, _sender.Jid, Samples.Publish), _recipients);
        FlushBatch.End();
        return _sink.Check(Recipients);
    }

    private Session Bind(string jid)
    {
        JidPrep.TryParse(jid, out var full);
        var session = new Session(full!, new OutboundQueue(_sink, 1 << 20, new NoOverflow()), new HubFigures());
        if (!_hub.Sessions.TryAdd(session, 20, out _))
        {
            throw new InvalidOperationException("The session was not bound.");
        }

        return session;
    }

    private sealed class CountingSink : IOutboundSink
    {
        private long _bytes;

        public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            _bytes += bytes.Length;
            return new(true);
        }

        public long Check(int stanzas)
        {
            var bytes = _bytes;
            _bytes = 0;
            return bytes > stanzas * 50 ? bytes : throw new InvalidOperationException("Nothing left.");
        }
    }

    internal sealed class NoAccounts : IAccounts
    {
        public event Func<string, Task>? Removed
        {
            add { }
            remove { }
        }

        public ValueTask<bool> ExistsAsync(string localpart, CancellationToken cancel = default) => new(true);

        public ValueTask<bool> MayLogInAsync(string localpart, CancellationToken cancel = default) => new(true);

        public ValueTask<bool> IsAdministratorAsync(Jid bareJid, CancellationToken cancel = default) => new(false);

        public ValueTask<Jid?> OwnerAsync(string localpart, CancellationToken cancel = default) => default;
    }

    internal sealed class NoRosters : IRosters
    {
        public ValueTask<bool> MaySeePresenceAsync(Jid account, Jid contact, CancellationToken cancel = default) => new(false);

        public ValueTask<PresenceContacts> ContactsAsync(Jid account, CancellationToken cancel = default) => new(new PresenceContacts([], []));

        public ValueTask<RosterEntry?> FindAsync(Jid account, Jid contact, CancellationToken cancel = default) => default;

        public ValueTask<IReadOnlySet<string>> GroupsAsync(Jid account, CancellationToken cancel = default) => new(new HashSet<string>());

        public ValueTask<bool> IsInGroupAsync(Jid account, Jid contact, IReadOnlyCollection<string> groups, CancellationToken cancel = default) => new(false);
    }

    private sealed class NobodySeen : ILastSeen
    {
        public ValueTask<LastSeen?> FindAsync(string localpart, CancellationToken cancel = default) => default;
    }

    private sealed class Defaults : IModuleSettings
    {
        public T Section<T>(string name)
            where T : class, new() => new();
    }

    private sealed class NoOverflow : IOutboundOwner
    {
        public void Overflow() => throw new InvalidOperationException("overflow");
    }
}
