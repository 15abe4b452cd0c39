using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.AdHoc;

/// <summary>A command under way: the stages that were shown, the last one waiting for its form.</summary>
internal sealed class CommandSession(string id, AdHocCommand command, Jid from)
{
    public string Id { get; } = id;

    public AdHocCommand Command { get; } = command;

    public Jid From { get; } = from;

    public Stack<CommandStep> Stages { get; } = new();

    public DateTimeOffset LastUsed { get; set; }
}

/// <summary>
/// The sessions of one entity (XEP-0050 §3.3): bounded in number and time, each for one requester. An id carries a code by which the service knows its own: so one that has ended is told from one
/// that never was, or that was given to somebody else, without remembering any.
/// </summary>
internal sealed class CommandSessions(AdHocOptions options, TimeProvider time)
{
    private const int RandomBytes = 12;
    private const int CodeBytes = 12;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Dictionary<string, CommandSession> _sessions = new(StringComparer.Ordinal);
    private readonly Dictionary<Jid, List<CommandSession>> _ofAccount = [];
    private readonly Lock _gate = new();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>A new session's id, for this requester and command.</summary>
    public string NewId(Jid from, string node)
    {
        Span<byte> bytes = stackalloc byte[RandomBytes + CodeBytes];
        RandomNumberGenerator.Fill(bytes[..RandomBytes]);
        Code(bytes[..RandomBytes], from, node, bytes[RandomBytes..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Whether this service has given out the id to this requester for this command.</summary>
    public bool IsOwn(string id, Jid from, string node)
    {
        Span<byte> bytes = stackalloc byte[RandomBytes + CodeBytes];
        if (id.Length != Base64Url.GetEncodedLength(bytes.Length) || Base64Url.DecodeFromChars(id, bytes, out _, out int written) != System.Buffers.OperationStatus.Done || written != bytes.Length)
        {
            return false;
        }

        Span<byte> code = stackalloc byte[CodeBytes];
        Code(bytes[..RandomBytes], from, node, code);
        return CryptographicOperations.FixedTimeEquals(code, bytes[RandomBytes..]);
    }

    /// <summary>Keeps a session until its next stage; false where there are too many.</summary>
    public bool TryKeep(CommandSession session)
    {
        lock (_gate)
        {
            session.LastUsed = time.GetUtcNow();
            if (_sessions.Count >= options.Sessions)
            {
                RemoveExpired();
                if (_sessions.Count >= options.Sessions)
                {
                    return false;
                }
            }

            Jid account = session.From.Bare;
            List<CommandSession> own = _ofAccount.GetValueOrDefault(account) ?? [];

            while (own.Count >= options.SessionsPerAccount)
            {
                Remove(own[0]); // the list is in the order of use
            }

            _ofAccount[account] = own; // an empty one was forgotten
            _sessions.Add(session.Id, session);
            own.Add(session);
            return true;
        }
    }

    /// <summary>Takes a session out, for one stage: nobody else can work on it meanwhile. Null where it has ended or expired.</summary>
    public CommandSession? Take(string id)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(id, out CommandSession? session))
            {
                return null;
            }

            Remove(session);
            return IsExpired(session) ? null : session;
        }
    }

    private bool IsExpired(CommandSession session) => time.GetUtcNow() - session.LastUsed > options.SessionLifetime;

    private void RemoveExpired()
    {
        foreach (CommandSession session in _sessions.Values.Where(IsExpired).ToList())
        {
            Remove(session);
        }
    }

    private void Remove(CommandSession session)
    {
        _sessions.Remove(session.Id);
        Jid account = session.From.Bare;
        List<CommandSession> own = _ofAccount[account];
        own.Remove(session);
        if (own.Count == 0)
        {
            _ofAccount.Remove(account);
        }
    }

    private void Code(ReadOnlySpan<byte> random, Jid from, string node, Span<byte> code)
    {
        byte[] text = [.. random, .. Encoding.UTF8.GetBytes(from + "\n" + node)];
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, text, whole);
        whole[..code.Length].CopyTo(code);
    }
}
