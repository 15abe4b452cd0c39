namespace IotXmpp.Virtual;

/// <summary>Several virtual things in this process, started and stopped together: what <c>iotxmpp up</c> shows.</summary>
public sealed class VirtualFleet : IAsyncDisposable
{
    private readonly List<VirtualThing> _things = [];

    /// <summary>One of the things did something. Raised under that thing's lock, from several threads: be brief.</summary>
    public event Action<VirtualEvent>? Happened;

    /// <summary>The things.</summary>
    public IReadOnlyList<VirtualThing> Things => _things;

    /// <summary>Adds a thing; it is off.</summary>
    /// <param name="options">What it is.</param>
    /// <returns>The thing.</returns>
    /// <exception cref="ArgumentException">There is no such kind, or the account's local part is no thing's id.</exception>
    public VirtualThing Add(VirtualThingOptions options)
    {
        var thing = new VirtualThing(options);
        thing.Happened += e => Happened?.Invoke(e);
        _things.Add(thing);
        return thing;
    }

    /// <summary>Switches all of them on.</summary>
    public void Start() => _things.ForEach(thing => thing.Start());

    /// <summary>Waits until each has come online and the hub has a sample of it.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WaitPublishedAsync(CancellationToken cancellationToken) => Task.WhenAll(_things.Select(thing => thing.FirstPublished)).WaitAsync(cancellationToken);

    /// <summary>Switches all of them off, in good order and at the same time.</summary>
    public Task StopAsync() => Task.WhenAll(_things.Select(thing => thing.StopAsync()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (VirtualThing thing in _things)
        {
            await thing.DisposeAsync().ConfigureAwait(false);
        }
    }
}
