using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>Since when the gateway has a session at the hub, or has none, and why.</summary>
internal sealed class SessionWatch(TimeProvider time) : IClientListener
{
    /// <summary>Whether it has one.</summary>
    public bool IsOnline { get; private set; }

    /// <summary>Since when.</summary>
    public DateTimeOffset Since { get; private set; } = time.GetUtcNow();

    /// <summary>Why it has none, for people; "" when it has, or nothing was tried yet.</summary>
    public string Trouble { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed) => Become(true, string.Empty);

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason) => Become(false, reason?.ToString() ?? string.Empty);

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
        // Told by the two above.
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
        // Each part looks after its own.
    }

    private void Become(bool online, string trouble)
    {
        Since = online == IsOnline ? Since : time.GetUtcNow();
        IsOnline = online;
        Trouble = trouble;
    }
}
