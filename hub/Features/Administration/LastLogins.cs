using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>When people and things last logged in (XEP-0133 §4.9). Nobody was promised it, so log-ins are stored together, soon after.</summary>
internal sealed class LastLogins(AdministrationStore store, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private readonly LateWrites<DateTimeOffset> _late = new(time, LateWrites<DateTimeOffset>.Usual, store.NoteLoginsAsync, e => AdministrationLog.LoginsNotStored(log, e));

    public void Note(string name) => _late.Note(name, time.GetUtcNow());

    public async ValueTask<DateTimeOffset?> FindAsync(string name, CancellationToken cancel) =>
        _late.TryGet(name, out DateTimeOffset at) ? at : await store.LastLoginAsync(name, cancel).ConfigureAwait(false);

    public Task ForgetAsync(string name) => _late.ForgetAsync(name, () => store.ForgetAsync(name));

    public ValueTask DisposeAsync() => _late.DisposeAsync();
}
