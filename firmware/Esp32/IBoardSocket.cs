namespace IotXmpp.Esp32;

/// <summary>A socket with TLS, as little of it as <see cref="BoardTransport"/> needs: one connection at a time.</summary>
public interface IBoardSocket
{
    /// <summary>Connects: name, TCP, TLS. Blocks; the whole runtime may stand still in the handshake, and only the watchdog ends a server's silence.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port.</param>
    /// <returns>Null when TLS stands and the certificate is good; else why not, for people; <see cref="BoardSocket.Untrusted"/> first when it is the certificate.</returns>
    string Open(string host, int port);

    /// <summary>Asks by a connection of its own, without TLS, whether the hub says anything at all: a TLS server answers or hangs up when it is told that the client closes. Other threads run meanwhile.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port.</param>
    /// <param name="limitMs">Milliseconds that the hub has for it.</param>
    /// <returns>Null when it does; else why not, for people; <see cref="BoardSocket.Silent"/> when it took the connection and said nothing.</returns>
    string Look(string host, int port, int limitMs);

    /// <summary>Reads what is there; returns at once.</summary>
    /// <param name="buffer">Where to.</param>
    /// <returns>Bytes read; 0 when nothing is there; -1 when the connection is over.</returns>
    int Read(byte[] buffer);

    /// <summary>Writes all of it; bounded by the socket's send time-out.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <returns>False when the connection is over.</returns>
    bool TryWrite(byte[] buffer, int offset, int count);

    /// <summary>Closes; may be called at any time.</summary>
    void Close();
}

/// <summary>What every <see cref="IBoardSocket"/> says in the same words.</summary>
public static class BoardSocket
{
    /// <summary>What a failure begins with when the hub's certificate is not good.</summary>
    public const string Untrusted = "certificate: ";

    /// <summary>Why a connection was not begun when the hub took one and said nothing.</summary>
    public const string Silent = "the hub takes connections and says nothing";

    /// <summary>What <see cref="IBoardSocket.Look"/> says to a hub: a TLS alert, close_notify, in a record of its own (RFC 8446 §5.1 and §6.1).</summary>
    public static readonly byte[] CloseNotify = new byte[] { 21, 3, 1, 0, 2, 1, 0 };
}
