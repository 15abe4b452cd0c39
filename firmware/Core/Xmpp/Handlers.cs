namespace IotXmpp.Xmpp;

/// <summary>Is told what happens to the session.</summary>
public interface IClientListener
{
    /// <summary>The state has changed.</summary>
    void StateChanged(XmppClient client, ClientState state);

    /// <summary>The client is online.</summary>
    /// <param name="client">The client.</param>
    /// <param name="resumed">True when the session of before goes on: presence and subscriptions still hold. False: send presence.</param>
    void SessionStarted(XmppClient client, bool resumed);

    /// <summary>The connection has ended, or an attempt failed. The next attempt is at <see cref="XmppClient.ReconnectAtMs"/>, unless the state is Stopped.</summary>
    void ConnectionLost(XmppClient client, ClientError reason);

    /// <summary>A message of a session that could not be resumed, never acknowledged by the server: it may or may not have arrived. Bytes are valid during the call.</summary>
    void Undelivered(XmppClient client, byte[] buffer, int offset, int count);
}

/// <summary>Takes incoming stanzas.</summary>
public interface IStanzaHandler
{
    /// <summary>Looks at a stanza. Its bytes are valid during the call only.</summary>
    /// <returns>True when nobody else shall see it. An IQ request that nobody takes is answered <c>service-unavailable</c>; who takes one answers it, now or later (<see cref="Stanza.Defer"/>).</returns>
    bool Handle(XmppClient client, Stanza stanza);
}

/// <summary>How an IQ of ours ended.</summary>
public enum IqOutcome
{
    /// <summary>A result came.</summary>
    Result,
    /// <summary>An error came; <see cref="Stanza.ReadError"/> tells which.</summary>
    Error,
    /// <summary>No answer in time.</summary>
    TimedOut,
    /// <summary>The session was lost and could not be resumed: it may or may not have been done.</summary>
    Disconnected,
    /// <summary>An answer came that was larger than the receive buffer; it has been dropped.</summary>
    TooLarge,
}

/// <summary>Is told once how an IQ ended.</summary>
public interface IIqCallback
{
    /// <summary>The end of an IQ.</summary>
    /// <param name="client">The client.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="answer">The answer for Result and Error (valid during the call), else null.</param>
    /// <param name="state">What was given with the request.</param>
    void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state);
}

/// <summary>What became of a stanza that was to be sent.</summary>
public enum SendResult
{
    /// <summary>Handed to the transport (and kept until acknowledged, where XEP-0198 is on).</summary>
    Sent,
    /// <summary>Not online.</summary>
    Offline,
    /// <summary>Larger than the send buffer, or nested too deep.</summary>
    TooLarge,
    /// <summary>Too much waits for acknowledgement: wait for the server.</summary>
    QueueFull,
    /// <summary>Too many IQs wait for an answer.</summary>
    TooManyIqs,
}
