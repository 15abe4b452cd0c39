using IotXmpp.Features;
using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.SelfTest;

/// <summary>
/// What a board owner runs first: the firmware's client against a real hub, with nothing but a network. It logs in, tells its presence, publishes, answers
/// commands, pings, loses its socket and resumes; prints a line for each, and at the end whether it passed. The commands come from itself: an IQ to its
/// own full JID goes to the hub and back (RFC 6120 §10.5.4).
/// </summary>
public sealed class SelfTestRun : IClientListener, IIqCallback, IControlTarget
{
    /// <summary>Samples that are published. 1,000, each a stanza with an answer.</summary>
    public const int Samples = 1000;

    /// <summary>Publishes that wait for their answer at a time. 8: as many as the client's unacknowledged 8 KiB hold.</summary>
    public const int Window = 8;

    /// <summary>Commands and pings, each. 100.</summary>
    public const int Rounds = 100;

    /// <summary>Milliseconds that one part may take. 120,000: an interpreted PBKDF2 on a slow board, and a hub on a slow disk.</summary>
    public const int PartMs = 120000;

    /// <summary>Milliseconds that an acknowledgement has to come before the next ping asks for one. 100.</summary>
    public const int RestMs = 100;

    /// <summary>Such pings at most before the heap is looked at. 50: the client asks at every fifth.</summary>
    public const int Rests = 50;

    /// <summary>Bytes that the heap in use may have grown from the first 100 stanzas to the last. 1,024: less than a byte a stanza.</summary>
    public const int GrowthBytes = 1024;

    private const int WaitMs = 20;
    private const string Parameter = "output";

    private static readonly XmlName PingName = new XmlName(Ns.Ping, "ping");

    private readonly ISelfTestLink _link;
    private readonly XmppClient _client;
    private readonly Jid _service;
    private readonly SelfTestSample _sample;
    private readonly ControlParameter[] _parameters = new ControlParameter[] { new ControlParameter(Parameter, FieldKind.Int, "What the self-test sets") };
    private string _failure;
    private int _losses;
    private bool _mayLose;
    private bool _online;
    private bool _resumed;
    private bool _noNode;
    private int _answered;
    private int _inFlight;
    private long _output;
    private int _commands;
    private long _timeMs = 1767225600000; // the samples' own time: a test need not know the true one

    /// <summary>Makes a test; nothing happens before <see cref="Run"/>.</summary>
    /// <param name="link">The way to the hub.</param>
    /// <param name="account">The thing's account, bare.</param>
    /// <param name="secret">Its password.</param>
    /// <param name="withoutTls">Whether it logs in without TLS, which it only does on loopback and where the hub allows it.</param>
    /// <param name="hash">Hash functions.</param>
    /// <param name="random">Dice.</param>
    /// <param name="settings">Settings, which keep SCRAM keys from one log-in to the next.</param>
    public SelfTestRun(ISelfTestLink link, Jid account, string secret, bool withoutTls, IHash hash, IRandom random, ISettings settings)
    {
        ClientOptions options = ClientOptions.ForThing(account, secret);
        options.Plaintext = withoutTls ? PlaintextPolicy.Loopback : PlaintextPolicy.Never;
        options.NegotiationTimeoutSeconds = 60;
        _link = link;
        _sample = new SelfTestSample(account.Local);
        _service = new Jid(string.Empty, "pubsub." + account.Domain, string.Empty);
        _client = new XmppClient(options, link, hash, random, settings);
        DiscoInfo disco = new DiscoInfo(hash, "urn:iotxmpp:thing:1");
        disco.AddIdentity("client", "bot", account.Local);
        disco.Register(_client);
        new Control(this, new CommandLog(settings)).Register(_client, disco);
        _client.AddListener(this);
        link.Attach(_client);
    }

    /// <summary>Runs all parts.</summary>
    /// <returns>Whether it passed.</returns>
    public bool Run()
    {
        long before = _link.FreeHeap();
        Print("heap before", before, "bytes free");
        bool passed = LogIn() && TellPresence() && Publish() && Obey() && Ping() && Resume();
        passed = passed && Rest();
        if (passed)
        {
            Print("heap after", _link.FreeHeap(), "bytes free");
        }

        Stop();
        _link.Print(passed ? "SELFTEST PASS" : "SELFTEST FAIL: " + (_failure == null ? "no reason was told" : _failure));
        return passed;
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        _online = true;
        _resumed = resumed;
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
        _online = false;
        _losses++;
        if (!_mayLose)
        {
            Fail(reason.ToString());
        }
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
    }

    /// <inheritdoc/>
    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state)
    {
        _inFlight--;
        _answered++;
        if (outcome == IqOutcome.Result)
        {
            return;
        }

        StanzaError error = outcome == IqOutcome.Error ? answer.ReadError() : null;
        _noNode = error != null && error.Condition == "item-not-found" && state == this;
        if (!_noNode)
        {
            Fail(error != null ? error.ToString() : "no answer: " + ((int)outcome).ToString());
        }
    }

    /// <inheritdoc/>
    public ControlParameter[] Parameters(string nodeId) => string.IsNullOrEmpty(nodeId) ? _parameters : null;

    /// <inheritdoc/>
    public string Current(string nodeId, ControlParameter parameter) => _output.ToString();

    /// <inheritdoc/>
    public ControlFailure Set(ControlCommand command)
    {
        _output = command.Values[0].Integer;
        _commands++;
        return null;
    }

    private bool LogIn()
    {
        long start = _link.NowMs;
        _client.Start();
        while (!_online)
        {
            Step();
            if (_failure != null)
            {
                _failure = "log-in: " + _failure;
                return false;
            }

            if (Late(start, "log-in"))
            {
                return false;
            }
        }

        Print("log-in", _link.NowMs - start, "ms");
        return true;
    }

    private bool TellPresence()
    {
        _client.BeginPresence(null, null);
        SendResult sent = _client.Commit();
        if (sent != SendResult.Sent)
        {
            Fail("presence: not sent");
            return false;
        }

        _link.Print("presence: sent");
        return true;
    }

    private bool Publish()
    {
        // The first sample makes the node where nobody has (XEP-0060 §7.1.4, §7.1.5).
        if (!PublishOne(this, false) || !Drain("publish"))
        {
            return false;
        }

        if (_noNode)
        {
            _noNode = false;
            if (!PublishOne(null, true) || !Drain("publish"))
            {
                return false;
            }
        }

        long free = 0;
        long start = _link.NowMs;
        int published = 1;
        while (published < Samples)
        {
            if (published == Rounds)
            {
                long pause = _link.NowMs;
                if (!Drain("publish") || !Rest())
                {
                    return false;
                }

                free = _link.FreeHeap();
                start += _link.NowMs - pause;
            }

            if (_inFlight < Window && PublishOne(null, false))
            {
                published++;
            }
            else
            {
                Step();
            }

            if (_failure != null || Late(start, "publish"))
            {
                return false;
            }
        }

        if (!Drain("publish"))
        {
            return false;
        }

        long elapsed = _link.NowMs - start;
        if (!Rest())
        {
            return false;
        }

        long after = _link.FreeHeap();
        Print("publish", elapsed * 1000 / (Samples - 1), "us a stanza, " + Samples.ToString() + " samples acknowledged");
        Print("heap after " + Samples.ToString() + " samples", after, "bytes free; growth since sample " + Rounds.ToString() + ": " + (free - after).ToString());
        if (free >= 0 && free - after > GrowthBytes)
        {
            Fail("the heap has grown by " + (free - after).ToString() + " bytes");
            return false;
        }

        return true;
    }

    private bool PublishOne(object state, bool makeNode)
    {
        _timeMs += 1000;
        _sample.Write(PubSub.BeginPublish(_client, _service, _sample.Node, null, this, state), _timeMs, makeNode);
        SendResult sent = _client.Commit();
        if (sent == SendResult.Sent)
        {
            _inFlight++;
            return true;
        }

        // QueueFull and TooManyIqs end with the next acknowledgement.
        if (sent == SendResult.TooLarge || sent == SendResult.Offline)
        {
            Fail("publish: not sent");
        }

        return false;
    }

    private bool Obey()
    {
        long start = _link.NowMs;
        for (int i = 1; i <= Rounds; i++)
        {
            StanzaWriter writer = _client.BeginIq("set", _client.Jid, this, null);
            Control.BeginSet(writer, null);
            Control.Write(writer, Parameter, FieldKind.Int, i.ToString());
            if (!Ask("command"))
            {
                return false;
            }
        }

        if (_commands != Rounds || _output != Rounds)
        {
            Fail("commands: " + _commands.ToString() + " of " + Rounds.ToString() + " were done");
            return false;
        }

        Print("command", (_link.NowMs - start) * 1000 / Rounds, "us from the request to its outcome, 4 stanzas through the hub; " + _commands.ToString() + " done");
        Control.WriteGetForm(_client.BeginIq("get", _client.Jid, this, null), null);
        if (!Ask("form"))
        {
            return false;
        }

        _client.BeginIq("get", _client.Jid, this, null).Empty("query", Ns.DiscoInfo);
        if (!Ask("disco"))
        {
            return false;
        }

        _link.Print("form and disco: answered");
        return true;
    }

    private bool Ping()
    {
        Jid hub = new Jid(string.Empty, _client.Jid.Domain, string.Empty);
        long start = _link.NowMs;
        for (int i = 0; i < Rounds; i++)
        {
            _client.BeginIq("get", hub, this, null).Start(PingName).End();
            if (!Ask("ping"))
            {
                return false;
            }
        }

        Print("ping", (_link.NowMs - start) * 1000 / Rounds, "us a round trip");
        return true;
    }

    private bool Resume()
    {
        // Requests are under way when the socket goes: their answers must come after the resumption, each once.
        Jid hub = new Jid(string.Empty, _client.Jid.Domain, string.Empty);
        int before = _answered;
        for (int i = 0; i < Window; i++)
        {
            _client.BeginIq("get", hub, this, null).Start(PingName).End();
            if (_client.Commit() != SendResult.Sent)
            {
                Fail("resume: a ping was not sent");
                return false;
            }

            _inFlight++;
        }

        _resumed = false;
        _mayLose = true;
        int losses = _losses;
        long start = _link.NowMs;
        _link.Cut();
        do
        {
            Step();
            if (Late(start, "resume"))
            {
                return false;
            }
        }
        while (_losses == losses || !_online);

        _mayLose = false;
        if (!_resumed)
        {
            Fail("resume: the hub did not resume the session");
            return false;
        }

        if (!Drain("resume"))
        {
            return false;
        }

        if (_answered - before != Window)
        {
            Fail("resume: " + (_answered - before).ToString() + " answers to " + Window.ToString() + " requests");
            return false;
        }

        Print("resume", _link.NowMs - start, "ms; " + Window.ToString() + " requests under way were answered once each");
        return true;
    }

    // Sends the request that was begun and waits for its result.
    private bool Ask(string what)
    {
        if (_client.Commit() != SendResult.Sent)
        {
            Fail(what + ": not sent");
            return false;
        }

        _inFlight++;
        return Drain(what);
    }

    private bool Drain(string what)
    {
        long start = _link.NowMs;
        while (_inFlight > 0 && _failure == null && !Late(start, what))
        {
            Step();
        }

        if (_failure != null)
        {
            _failure = what + ": " + _failure;
            return false;
        }

        return true;
    }

    // Until nothing waits for acknowledgement, so that the heap is the same whenever it is looked at: the client asks once in some stanzas, so pings follow until it has asked.
    private bool Rest()
    {
        Jid hub = new Jid(string.Empty, _client.Jid.Domain, string.Empty);
        for (int i = 0; i <= Rests; i++)
        {
            long start = _link.NowMs;
            while (_client.Unacked > 0 && _link.NowMs - start < RestMs)
            {
                Step();
            }

            if (_client.Unacked == 0)
            {
                return true;
            }

            _client.BeginIq("get", hub, this, null).Start(PingName).End();
            if (!Ask("rest"))
            {
                return false;
            }
        }

        Fail("rest: " + _client.Unacked.ToString() + " stanzas are never acknowledged");
        return false;
    }

    private void Stop()
    {
        _client.Stop();
        long start = _link.NowMs;
        while (_client.State != ClientState.Stopped && _link.NowMs - start < 5000)
        {
            Step();
        }

        _link.Close();
    }

    private void Step()
    {
        _client.Tick(_link.NowMs);
        _link.Step(WaitMs);
    }

    private bool Late(long start, string what)
    {
        if (_link.NowMs - start < PartMs)
        {
            return false;
        }

        Fail(what + ": not done in " + (PartMs / 1000).ToString() + " s");
        return true;
    }

    // The first reason stands: what follows is its consequence.
    private void Fail(string why)
    {
        if (_failure == null)
        {
            _failure = why;
        }
    }

    private void Print(string what, long figure, string unit)
    {
        _link.Print(what + ": " + figure.ToString() + " " + unit);
    }
}
