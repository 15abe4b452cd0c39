namespace IotXmpp.Net;

/// <summary>One TCP connection, with TLS or before it, for a loop that must not stand still: every call has a bound but <see cref="Secure"/>. No call throws for a broken connection.</summary>
public interface IBoundedSocket
{
    /// <summary>Whether bytes go over TLS whose server certificate is good for the name that was given.</summary>
    bool IsSecure { get; }

    /// <summary>Whether the other end is on this machine (127.0.0.0/8, ::1).</summary>
    bool IsLoopback { get; }

    /// <summary>Connects; closes what was open before.</summary>
    /// <param name="host">A name or an address. A name is asked for first: that takes as long as the network's own bound for it.</param>
    /// <param name="port">The port.</param>
    /// <param name="timeoutMs">Milliseconds for the connection itself.</param>
    /// <returns>Null when it is connected; else why not, for people.</returns>
    string Connect(string host, int port, int timeoutMs);

    /// <summary>
    /// Does the TLS handshake on the open connection, at its start (direct TLS) or after STARTTLS. On a board the whole runtime stands still meanwhile, and a server that is silent
    /// in it holds it for ever: only a hardware watchdog ends that.
    /// </summary>
    /// <returns>Null when TLS stands and the certificate is good; else why not, for people.</returns>
    string Secure();

    /// <summary>Reads what is there, or waits a little for it.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="waitMs">Milliseconds to wait when nothing is there; 0 returns at once.</param>
    /// <returns>Bytes read; 0 when nothing came; -1 when the connection is over.</returns>
    int Read(byte[] buffer, int waitMs);

    /// <summary>Writes all of it.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <returns>False when the connection is over, or took nothing for the send time-out.</returns>
    bool TryWrite(byte[] buffer, int offset, int count);

    /// <summary>Closes; may be called at any time.</summary>
    void Close();
}
