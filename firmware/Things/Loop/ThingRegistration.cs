using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>
/// When a thing speaks with its registry: once in each life, so that one that was reset, or claimed while it was away, learns whose it is. A wake from deep sleep is no new life: the battery comes
/// first, and nothing hangs on it, since the hub decides who may do what.
/// </summary>
internal sealed class ThingRegistration : IClientListener, IOwnerListener
{
    private readonly ThingOptions _options;
    private readonly Registration _registration;
    private bool _announced;

    private ThingRegistration(ThingOptions options, bool wakes)
    {
        _options = options;
        _announced = wakes;
        _registration = new Registration(options.Registry, options.Claim, this);
    }

    /// <summary>Lets a thing speak with its registry, when it has one.</summary>
    public static void Add(XmppClient client, ThingOptions options, IBoardStatus status)
    {
        if (options.Registry != null)
        {
            ThingRegistration registration = new ThingRegistration(options, status.BootReason == "deep-sleep");
            client.AddListener(registration);
            client.AddHandler(registration._registration);
        }
    }

    /// <inheritdoc/>
    public void OwnerChanged(Jid owner)
    {
        bool same = owner == null ? _options.Owner == null : owner.Equals(_options.Owner);
        _options.Owner = owner;
        if (!same && _options.OwnerListener != null)
        {
            _options.OwnerListener.OwnerChanged(owner);
        }
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        // What could not be sent now is tried with the next session.
        _announced = _announced || _registration.Announce(client) == SendResult.Sent;
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
    }
}
