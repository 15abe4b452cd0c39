namespace IotXmpp.Xmpp;

/// <summary>Where a client stands. The way up is <c>Connecting → Opening → (Securing → Opening) → Authenticating → Opening → Resuming | Binding → Online</c>.</summary>
public enum ClientState
{
    /// <summary>Not started, stopped, or given up (see <see cref="XmppClient.LastError"/>).</summary>
    Stopped,
    /// <summary>Waiting for the time of the next attempt, <see cref="XmppClient.ReconnectAtMs"/>.</summary>
    Waiting,
    /// <summary>The transport connects.</summary>
    Connecting,
    /// <summary>A stream header is sent; the server's header and features are awaited (RFC 6120 §4.3).</summary>
    Opening,
    /// <summary>STARTTLS is asked for, or the handshake runs (RFC 6120 §5).</summary>
    Securing,
    /// <summary>SASL (RFC 6120 §6).</summary>
    Authenticating,
    /// <summary>The session of before is being resumed (XEP-0198 §5).</summary>
    Resuming,
    /// <summary>A resource is being bound (RFC 6120 §7).</summary>
    Binding,
    /// <summary>Stanzas go both ways.</summary>
    Online,
    /// <summary>Our stream is closed; the server's closing is awaited (RFC 6120 §4.4).</summary>
    Closing,
}

/// <summary>What kind of thing ended a connection.</summary>
public enum ClientErrorKind
{
    /// <summary>The transport was closed or could not be opened.</summary>
    Connection,
    /// <summary>A stream error from the server (RFC 6120 §4.9).</summary>
    Stream,
    /// <summary>The server's XML was refused by our parser.</summary>
    Xml,
    /// <summary>The server did something that the protocol does not allow.</summary>
    Protocol,
    /// <summary>SASL failed (RFC 6120 §6.5), or the server could not prove that it knows the password.</summary>
    Authentication,
    /// <summary>Our policy forbids to go on: no TLS, no acceptable mechanism.</summary>
    Policy,
    /// <summary>The resource was not bound (RFC 6120 §7.7).</summary>
    Binding,
    /// <summary>A bound wait is over: connecting, negotiating, or pings without answer.</summary>
    Timeout,
    /// <summary>The application asked for it.</summary>
    Stopped,
}

/// <summary>Why a connection ended.</summary>
public sealed class ClientError
{
    /// <summary>A reason.</summary>
    public ClientError(ClientErrorKind kind, string condition, string text)
    {
        Kind = kind;
        Condition = condition;
        Text = text;
    }

    /// <summary>What kind of thing it was.</summary>
    public ClientErrorKind Kind { get; }

    /// <summary>The condition's element name in the standard, or a short word of ours.</summary>
    public string Condition { get; }

    /// <summary>For people; may be "".</summary>
    public string Text { get; }

    /// <summary><c>condition: text</c>.</summary>
    public override string ToString()
    {
        return Text.Length == 0 ? Condition : Condition + ": " + Text;
    }
}
