using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Audit;

/// <summary>Who administered what, and who signed in: kept in the database and told in the log, with addresses, never with texts or passwords. Commands to things have an audit of their own.</summary>
public sealed class AdminAudit
{
    /// <summary>Characters of one text that are kept (1,000): some tens of addresses.</summary>
    public const int MaxChars = 1000;

    // After so many entries it is looked what has to go: a sweep costs little, and there are few entries.
    private const int SweepEvery = 500;

    private readonly AdminAuditStore _store;
    private readonly AdminAuditOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private DateTimeOffset _hour;
    private int _refused;

    /// <param name="store">Where it is kept.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where it is told.</param>
    public AdminAudit(AdminAuditStore store, AdminAuditOptions options, TimeProvider time, ILogger log)
    {
        _store = store;
        _options = options;
        _time = time;
        _log = log;
    }

    /// <summary>An entry was added; told on the thread that added it.</summary>
    public event Action<AdminAuditEntry>? Added;

    /// <summary>Notes what somebody did; durable when it returns.</summary>
    /// <param name="who">Who, a JID.</param>
    /// <param name="what">What.</param>
    /// <param name="about">About whom.</param>
    /// <param name="outcome"><c>done</c>, or why not.</param>
    /// <param name="peer">Where the person is.</param>
    public Task NoteAsync(string who, string what, string about = "", string outcome = "done", string peer = "")
    {
        AdminAuditLog.Noted(_log, who, what, about, outcome, peer);
        return KeepAsync(who, what, about, outcome, peer);
    }

    /// <summary>The same for what has its own line in the log.</summary>
    public async Task KeepAsync(string who, string what, string about, string outcome, string peer = "")
    {
        var entry = new AdminAuditEntry(0, _time.GetUtcNow(), Cut(who), Cut(what), Cut(about), Cut(outcome), Cut(peer));
        long id = await _store.AddAsync(entry).ConfigureAwait(false);
        if (id % SweepEvery == 0)
        {
            await _store.SweepAsync(entry.At - TimeSpan.FromDays(_options.Days), _options.MaxEntries).ConfigureAwait(false);
        }

        Added?.Invoke(entry with { Id = id });
    }

    /// <summary>Notes a sign-in that was refused; in the database only so many of an hour.</summary>
    public Task NoteRefusedAsync(string who, string what, string outcome, string peer)
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            if (now - _hour >= TimeSpan.FromHours(1))
            {
                _hour = now;
                _refused = 0;
            }

            if (_refused++ >= _options.RefusedPerHour)
            {
                AdminAuditLog.Noted(_log, who, what, "", outcome, peer);
                return Task.CompletedTask;
            }
        }

        return NoteAsync(who, what, "", outcome, peer);
    }

    /// <summary>Entries before a number (the first page: <see cref="long.MaxValue"/>), the newest first, 1,000 at most. Of administrators only: who asks has made sure.</summary>
    public ValueTask<List<AdminAuditEntry>> ListAsync(long before, int max, CancellationToken cancel = default) => _store.ListAsync(before, Math.Clamp(max, 1, 1000), cancel);

    private static string Cut(string text) => text.Length <= MaxChars ? text : text[..MaxChars];
}

/// <summary>Logs of <see cref="AdminAudit"/>.</summary>
internal static partial class AdminAuditLog
{
    [LoggerMessage(EventId = 1331, Level = LogLevel.Information, Message = "Audit: {Who} {What} {About}: {Outcome} ({Peer})")]
    public static partial void Noted(ILogger log, string who, string what, string about, string outcome, string peer);
}
