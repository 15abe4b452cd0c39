namespace IotXmpp.Xmpp;

/// <summary>What carries the bytes: a TCP or TLS socket of a platform, or a test. Driven by <see cref="XmppClient"/>, it calls back Connected, Secured, Feed and Disconnected.</summary>
/// <remarks>All calls in both directions happen one at a time (one thread, or under one lock). No method throws for a broken connection: it answers by Disconnected.</remarks>
public interface ITransport
{
    /// <summary>Whether bytes go over TLS whose server certificate has been verified for the account's domain.</summary>
    bool IsSecure { get; }

    /// <summary>Whether the other end is on this machine (127.0.0.0/8, ::1).</summary>
    bool IsLoopback { get; }

    /// <summary>The channel-binding data <c>tls-server-end-point</c> (RFC 5929 §4), or null where the platform gives none.</summary>
    byte[] ChannelBinding { get; }

    /// <summary>Begins to connect; then calls <see cref="XmppClient.Connected"/> (after the TLS handshake where TLS is direct) or <see cref="XmppClient.Disconnected(long)"/>.</summary>
    /// <param name="host">Where the server said to go (see-other-host), or "" for the configured one. The certificate must name the account's domain in any case.</param>
    /// <param name="port">The port, or 0 for the configured one.</param>
    void Open(string host, int port);

    /// <summary>Sends bytes; they are copied or written before this returns.</summary>
    void Send(byte[] buffer, int offset, int count);

    /// <summary>Begins the TLS handshake on the open connection (RFC 6120 §5.4.3); then calls <see cref="XmppClient.Secured"/> or Disconnected.</summary>
    void StartTls();

    /// <summary>Closes the connection at once; need not call Disconnected.</summary>
    void Close();
}

/// <summary>Random bytes fit for keys.</summary>
public interface IRandom
{
    /// <summary>Fills the whole array.</summary>
    void Fill(byte[] buffer);
}

/// <summary>A small store that survives power loss.</summary>
public interface ISettings
{
    /// <summary>The value of a key, or null.</summary>
    byte[] Read(string key);

    /// <summary>Stores a value durably; null removes the key.</summary>
    void Write(string key, byte[] value);
}

/// <summary>The time of day. The client needs none; payloads with times do.</summary>
public interface IWallClock
{
    /// <summary>Milliseconds since 1970-01-01T00:00:00Z.</summary>
    long UtcNowMs { get; }
}
