using IotXmpp.Features;
using IotXmpp.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>How a platform is updated: given to <see cref="ThingPlatform.Update"/>, and then the loop takes updates.</summary>
public sealed class UpdatePlatform
{
    /// <summary>Which image this life runs.</summary>
    public UpdateBoot Boot { get; set; }

    /// <summary>The images.</summary>
    public IUpdateStore Store { get; set; }

    /// <summary>Key, target, sizes. The version is filled in by the loop, and the service where it is null: the thing's registry.</summary>
    public UpdateOptions Options { get; set; }

    /// <summary>Is told each step of an update; null for nobody.</summary>
    public IUpdateObserver Observer { get; set; }
}

/// <summary>Is told how updates go; for a log.</summary>
public interface IUpdateObserver
{
    /// <summary>An update took a step.</summary>
    /// <param name="text">What, for people.</param>
    void UpdateChanged(string text);
}

/// <summary>Updates of a thing: the loop's time, sleep and restart for <see cref="UpdateReceiver"/>.</summary>
internal sealed class ThingUpdate : IUpdateHost
{
    private readonly ThingLoop _loop;
    private readonly XmppClient _client;
    private readonly IUpdateObserver _observer;
    private readonly UpdateReceiver _receiver;

    private ThingUpdate(ThingLoop loop, XmppClient client, ThingOptions options, UpdatePlatform update, IHash hash)
    {
        _loop = loop;
        _client = client;
        _observer = update.Observer;
        update.Options.Service = update.Options.Service == null ? options.Registry : update.Options.Service;
        update.Options.Version = options.Firmware;
        _receiver = new UpdateReceiver(client, hash, update.Store, update.Boot, update.Options, this);
    }

    /// <summary>Whether there is work now that should not wait for the next step.</summary>
    public bool IsBusy
    {
        get { return _receiver.IsBusy; }
    }

    /// <summary>Whether the thing should not sleep now.</summary>
    public bool KeepsAwake
    {
        get { return _client.IsOnline && _receiver.KeepsAwake; }
    }

    /// <summary>Lets a thing take updates; null where its platform has none, or no hub that could offer them.</summary>
    public static ThingUpdate Create(ThingLoop loop, XmppClient client, ThingOptions options, ThingPlatform platform, DiscoInfo disco)
    {
        if (platform.Update == null || (options.Registry == null && platform.Update.Options.Service == null))
        {
            return null;
        }

        disco.AddFeature(Ns.Ota);
        return new ThingUpdate(loop, client, options, platform.Update, platform.Hash);
    }

    /// <summary>Goes on.</summary>
    public void Step(long nowMs) => _receiver.Step(_client, nowMs);

    /// <inheritdoc/>
    public void RestartForUpdate() => _loop.RequestRestart("update");

    /// <inheritdoc/>
    public void UpdateChanged(UpdateRecord record)
    {
        if (_observer != null)
        {
            _observer.UpdateChanged(_receiver.Describe());
        }
    }

    /// <summary>How it stands, for people.</summary>
    public string Describe() => _receiver.Describe();
}
