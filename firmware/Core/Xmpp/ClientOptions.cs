using IotXmpp.Sasl;
using IotXmpp.Xml;

namespace IotXmpp.Xmpp;

/// <summary>When SASL may go over a connection without TLS. Only ever to this machine: the transport says what is loopback.</summary>
public enum PlaintextPolicy
{
    /// <summary>Never.</summary>
    Never,
    /// <summary>On loopback, when the server offers no TLS.</summary>
    LoopbackWithoutTls,
    /// <summary>On loopback always, unless the server requires TLS: for load tests.</summary>
    Loopback,
}

/// <summary>The settings and bounds of a client. Set before it is started.</summary>
public sealed class ClientOptions
{
    private int _keepAliveSeconds = 60;

    /// <summary>The account, bare.</summary>
    public Jid Account;

    /// <summary>Its password, prepared by OpaqueString (RFC 8265 §4.2) where it is not ASCII; the .NET host does so.</summary>
    public string Password = string.Empty;

    /// <summary>What a device holds instead of a password; null where it has one. With keys no password is asked for, PLAIN is never used, and a server with another salt or count is refused.</summary>
    public ScramKeys Keys;

    /// <summary>The resource to ask for; "" leaves the choice to the server. Default <c>thing</c>, as the wire profile says.</summary>
    public string Resource = "thing";

    /// <summary>Whether SASL is done without TLS. Default never.</summary>
    public PlaintextPolicy Plaintext = PlaintextPolicy.Never;

    /// <summary>Whether PLAIN may be used where no SCRAM is offered; over TLS only, in any case. Default true.</summary>
    public bool AllowPlain = true;

    /// <summary>Whether SASL2 and Bind 2 (XEP-0388, XEP-0386) are used where the server offers them. Default true.</summary>
    public bool Sasl2 = true;

    /// <summary>Whether the server is asked for a token that replaces the password at the next log-in (XEP-0484); it is kept in the settings. Default true; without settings there is none.</summary>
    public bool Tokens = true;

    /// <summary>Iterations of SCRAM at most. Default 1,000,000: a server must not be able to keep a device busy for hours. (At least are 4096, RFC 7677 §4.)</summary>
    public int MaxScramIterations = 1000000;

    /// <summary>Whether a session is kept resumable where the server can (XEP-0198). Default true.</summary>
    public bool StreamManagement = true;

    /// <summary>Whether to connect again after a loss. Default true.</summary>
    public bool Reconnect = true;

    /// <summary>Whether refused credentials or a session that replaced this one end it for good. Default false: a thing tries on, slowly.</summary>
    public bool StopWhenRefused;

    /// <summary>Seconds of silence (either way) after which a ping goes out, 10–1200: what is set outside is cut to that, since it is also announced. Default 60, as the wire profile says.</summary>
    public int KeepAliveSeconds
    {
        get => _keepAliveSeconds;
        set => _keepAliveSeconds = value < 10 ? 10 : value > 1200 ? 1200 : value;
    }

    /// <summary>Seconds until a ping without any byte from the server is a miss. Default 15; three misses end the connection.</summary>
    public int PingTimeoutSeconds = 15;

    /// <summary>Seconds for the transport to connect. Default 30.</summary>
    public int ConnectTimeoutSeconds = 30;

    /// <summary>Seconds from connected to online. Default 30: the hub gives an unauthenticated stream no more. A device with slow PBKDF2 sets more.</summary>
    public int NegotiationTimeoutSeconds = 30;

    /// <summary>Seconds for the answer to an IQ, when not told otherwise. Default 30.</summary>
    public int IqTimeoutSeconds = 30;

    /// <summary>Seconds for the server to close its stream after ours. Default 3.</summary>
    public int CloseTimeoutSeconds = 3;

    /// <summary>Bytes of the receive buffer at first. Default 4096, a thing's stanza in the wire profile.</summary>
    public int ReceiveBufferBytes = 4096;

    /// <summary>Bytes of the receive buffer at most. Default 4096; a larger stanza is consumed and, when it is a request, answered <c>resource-constraint</c>.</summary>
    public int ReceiveBufferMaximum = 4096;

    /// <summary>Bytes of the send buffer, which holds one stanza, at first. Default 2048: a publish of ten samples has 1,500.</summary>
    public int SendBufferBytes = 2048;

    /// <summary>Bytes of the send buffer at most. Default 4096.</summary>
    public int SendBufferMaximum = 4096;

    /// <summary>Bytes of stanzas that wait for acknowledgement (XEP-0198) at most. Default 8192. Over it nothing more is taken until the server acknowledges.</summary>
    public int UnackedBytes = 8192;

    /// <summary>IQs that wait for an answer at most. Default 16.</summary>
    public int PendingIqs = 16;

    /// <summary>The parser's bounds.</summary>
    public XmlLimits Limits = XmlLimits.ForThing();

    /// <summary>What a thing uses: everything fixed and small.</summary>
    public static ClientOptions ForThing(Jid account, string password)
    {
        return new ClientOptions { Account = account, Password = password };
    }

    /// <summary>What a provisioned device uses: as <see cref="ForThing(Jid, string)"/>, with keys instead of a password.</summary>
    public static ClientOptions ForThing(Jid account, ScramKeys keys)
    {
        return new ClientOptions { Account = account, Keys = keys };
    }

    /// <summary>What an operator's tool uses: buffers that begin small and grow to 256 KiB, 1,024 IQs, the server's choice of resource, an end when refused.</summary>
    public static ClientOptions ForTool(Jid account, string password)
    {
        return new ClientOptions
        {
            Account = account,
            Password = password,
            Resource = string.Empty,
            StopWhenRefused = true,
            ReceiveBufferBytes = 1024,
            ReceiveBufferMaximum = 262144,
            SendBufferBytes = 512,
            SendBufferMaximum = 262144,
            UnackedBytes = 1048576,
            PendingIqs = 1024,
            Limits = new XmlLimits(),
        };
    }
}
