using System.Diagnostics.CodeAnalysis;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>
/// What waits to be told to the broker: for each topic the newest payload alone, in the order in which topics began to wait. So it has at most as many entries as there are topics, however long the broker is away. Thread-safe.
/// </summary>
internal sealed class Outbox
{
    private readonly Lock _gate = new();
    private readonly Queue<string> _order = new();
    private readonly Dictionary<string, byte[]> _newest = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _signal = new(0, 1);

    /// <summary>Topics that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _newest.Count;
            }
        }
    }

    /// <summary>Puts a payload; an empty one takes what the broker keeps away.</summary>
    public void Put(string topic, byte[] payload)
    {
        lock (_gate)
        {
            if (_newest.TryAdd(topic, payload))
            {
                _order.Enqueue(topic);
            }
            else
            {
                _newest[topic] = payload;
            }
        }

        Wake();
    }

    /// <summary>Takes the one that waits longest.</summary>
    public bool TryTake([NotNullWhen(true)] out string? topic, [NotNullWhen(true)] out byte[]? payload)
    {
        lock (_gate)
        {
            if (_order.TryDequeue(out topic))
            {
                return _newest.Remove(topic, out payload);
            }

            payload = null;
            return false;
        }
    }

    /// <summary>Puts back what could not be told, unless something newer has come.</summary>
    public void PutBack(string topic, byte[] payload)
    {
        lock (_gate)
        {
            if (_newest.TryAdd(topic, payload))
            {
                _order.Enqueue(topic);
            }
        }
    }

    /// <summary>Forgets all: it is put anew when the broker is there again.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _order.Clear();
            _newest.Clear();
        }
    }

    /// <summary>Ends when something may wait.</summary>
    public Task WaitAsync(CancellationToken cancel) => _signal.WaitAsync(cancel);

    private void Wake()
    {
        try
        {
            if (_signal.CurrentCount == 0)
            {
                _signal.Release();
            }
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has woken it.
        }
    }
}
