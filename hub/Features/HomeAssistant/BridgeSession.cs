using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Transport.InProcess;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>
/// An ordinary session of the configured account, in the hub's own process: what it asks of things goes the way of any client's requests, with the same rights and in the same audit. It sends no presence, so nothing but answers comes to it.
/// It is opened when somebody asks, and again when it has ended; not while the account is not there, or disabled.
/// </summary>
internal sealed class BridgeSession(StreamHost streams, AccountService accounts, string account, string resource, TimeProvider time) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Element?>> _asked = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _opening = new(1, 1);
    private InProcessClient? _client;
    private Task _reading = Task.CompletedTask;
    private long _ids;

    /// <summary>Whether the account is there and not disabled.</summary>
    public async ValueTask<bool> HasAccountAsync(CancellationToken cancel) => await accounts.FindAsync(account, cancel).ConfigureAwait(false) is { IsDisabled: false };

    /// <summary>Asks, and gives the whole answer; null where none came in time, or nobody could be asked.</summary>
    public async ValueTask<Element?> AskAsync(string type, Jid to, XmlBuilder payload, TimeSpan timeout, CancellationToken cancel)
    {
        if (await OpenAsync(cancel).ConfigureAwait(false) is not { } client)
        {
            return null;
        }

        string id = "ha" + Interlocked.Increment(ref _ids).ToString(CultureInfo.InvariantCulture);
        var answer = new TaskCompletionSource<Element?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        try
        {
            using var xml = new XmlBuilder(512);
            xml.Open("iq"u8).Attribute("type"u8, type).Attribute("to"u8, to.Utf8).Attribute("id"u8, id).Raw(payload.Written).Close("iq"u8);
            return await client.SendAsync(xml.ToArray(), cancel).ConfigureAwait(false) ? await answer.Task.WaitAsync(timeout, time, cancel).ConfigureAwait(false) : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _asked.TryRemove(id, out _);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is { } client)
        {
            await client.DisposeAsync().ConfigureAwait(false);
            await _reading.ConfigureAwait(false);
        }
    }

    private async ValueTask<InProcessClient?> OpenAsync(CancellationToken cancel)
    {
        if (_client is { EndReason: null } open)
        {
            return open;
        }

        await _opening.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_client is { EndReason: null } now)
            {
                return now;
            }

            if (_client is { } ended)
            {
                await ended.DisposeAsync().ConfigureAwait(false);
                await _reading.ConfigureAwait(false);
                _client = null;
            }

            if (!await HasAccountAsync(cancel).ConfigureAwait(false))
            {
                return null;
            }

            _client = await InProcessClient.OpenAsync(streams, account, resource, null).ConfigureAwait(false);
            if (_client is { } client)
            {
                _reading = ReadAsync(client);
            }

            return _client;
        }
        finally
        {
            _opening.Release();
        }
    }

    private async Task ReadAsync(InProcessClient client)
    {
        await foreach (byte[] bytes in client.Incoming.ReadAllAsync().ConfigureAwait(false))
        {
            // Anything else than an answer is not for this session.
            if (bytes.AsSpan().StartsWith("<iq"u8))
            {
                Element iq = Element.Parse(bytes);
                if (iq["type"] is "result" or "error" && iq["id"] is { } id && _asked.TryRemove(id, out TaskCompletionSource<Element?>? asked))
                {
                    asked.TrySetResult(iq);
                }
                else if (iq["type"] is "get" or "set" && iq["from"] is { } from)
                {
                    // RFC 6120 §8.2.3: who asks gets an answer.
                    using var xml = new XmlBuilder(256);
                    xml.Open("iq"u8).Attribute("type"u8, "error"u8).Attribute("to"u8, from).Attribute("id"u8, iq["id"] ?? string.Empty).Open("error"u8).Attribute("type"u8, "cancel"u8)
                        .Open("service-unavailable"u8, Ns.StanzaErrors).Close("service-unavailable"u8).Close("error"u8).Close("iq"u8);
                    await client.SendAsync(xml.ToArray()).ConfigureAwait(false);
                }
            }
        }

        foreach (KeyValuePair<string, TaskCompletionSource<Element?>> asked in _asked)
        {
            asked.Value.TrySetResult(null);
        }
    }
}
