using System.Security.Cryptography;
using System.Text;
using IotXmpp.LoadGenerator.Net;

namespace IotXmpp.LoadGenerator.Xmpp;

/// <summary>One who logs in.</summary>
internal readonly record struct Account(string Name, string Password);

/// <summary>What all sessions of a run share.</summary>
internal sealed record XmppSettings(string Domain, Security Security, SaslChoice Sasl, TlsSettings? Tls, TimeSpan Bound, Transport Transport = Transport.Tcp);

/// <summary>Called for every stanza of a bound session that is not the answer to one of its own requests.</summary>
internal delegate void StanzaSink(XmppSession session, ReadOnlySpan<byte> stanza, long now);

/// <summary>
/// A client stream (RFC 6120) with as little of a client as a load needs: negotiation, requests by id, and a sink for all else. The
/// negotiation is its own and not the firmware core's: that one keeps 8 KiB of buffers a client and parses every stanza, and here a
/// stanza has to cost well under a microsecond beside the server under test.
/// </summary>
internal sealed class XmppSession(EventLoop loop, XmppSettings settings, Account account, string resource) : Connection(loop)
{
    private readonly Dictionary<string, TaskCompletionSource<string>> _requests = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _bound = new();
    private readonly TaskCompletionSource _ended = new();
    private Step _step = Step.Connecting;
    private bool _inStream;
    private Scram? _scram;
    private int _lastId;

    private enum Step
    {
        Connecting,
        Upgrade,
        Features,
        Proceed,
        Handshake,
        Authenticating,
        AuthenticatedFeatures,
        Binding,
        Bound,
        Closing,
        Ended,
    }

    /// <summary>The full JID that the server gave.</summary>
    public string Jid { get; private set; } = "";

    public string BareJid => Jid[..Jid.IndexOf('/')];

    public bool IsBound => _step == Step.Bound;

    public StanzaSink? Sink { get; set; }

    /// <summary>Told when a bound session ends without being asked to.</summary>
    public Action<string>? Lost { get; set; }

    /// <summary>A number for the scenario's own tables.</summary>
    public int Index { get; set; }

    /// <summary>Stream negotiation up to the bound resource; fails with <see cref="LoadException"/>.</summary>
    public Task Login(System.Net.IPEndPoint remote, System.Net.IPAddress? source)
    {
        Expect(Step.Connecting, "connect");
        Open(remote, source);
        return _bound.Task;
    }

    /// <summary>Sends an IQ whose id is filled in for <c>{id}</c>, and returns the answer; an error answer fails with its condition.</summary>
    public Task<string> Request(string what, string iq)
    {
        var id = "q" + ++_lastId;
        var answer = new TaskCompletionSource<string>();
        _requests.Add(id, answer);
        Deadline = Loop.Now + EventLoop.Ticks(settings.Bound);
        Waiting = what;
        Write(Encoding.UTF8.GetBytes(iq.Replace("{id}", id, StringComparison.Ordinal)));
        return answer.Task;
    }

    /// <summary>Closes the stream and waits for the server to do the same, within the bound.</summary>
    public Task Leave()
    {
        if (!IsOpen)
        {
            return Task.CompletedTask;
        }

        Expect(Step.Closing, "close");
        Write(IsFramed ? "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"u8 : "</stream:stream>"u8);
        return _ended.Task;
    }

    protected override void OnConnected()
    {
        if (settings.Transport == Transport.WebSocket)
        {
            Expect(Step.Upgrade, "WebSocket handshake");
            Write(WebSocketFrames.Handshake);
        }
        else if (settings.Security == Security.Tls)
        {
            Secure();
        }
        else
        {
            OpenStream(Step.Features);
        }
    }

    protected override void OnClosed(string kind)
    {
        var step = _step;
        _step = Step.Ended;
        foreach (var request in _requests.Values.ToArray())
        {
            request.TrySetException(new LoadException(kind));
        }

        _requests.Clear();
        if (step < Step.Bound)
        {
            _bound.TrySetException(new LoadException($"login ({step}): {kind}"));
        }
        else if (step == Step.Bound)
        {
            Lost?.Invoke(kind);
        }

        _ended.TrySetResult();
    }

    protected override int Received(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        var now = Loop.Now;
        if (settings.Transport == Transport.WebSocket)
        {
            return Frames(bytes, now);
        }

        while (IsOpen)
        {
            var scan = StanzaScanner.Next(bytes[at..], _inStream, out var start, out var end);
            if (scan == Scan.Incomplete)
            {
                return at + start;
            }

            var unit = bytes[(at + start)..(at + end)];
            at += end;
            switch (scan)
            {
                case Scan.StreamOpen:
                    _inStream = true;
                    break;
                case Scan.StreamClose:
                    Fail(_step == Step.Closing ? "closed" : "stream closed by server");
                    break;
                case Scan.Element when _step == Step.Bound:
                    Stanza(unit, now);
                    break;
                case Scan.Element:
                    Negotiate(unit);
                    break;
            }

            // After TLS or SASL a new stream begins; nothing of the old one follows.
            if (_step == Step.Handshake)
            {
                return bytes.Length;
            }
        }

        return bytes.Length;
    }

    private int Frames(ReadOnlySpan<byte> bytes, long now)
    {
        var at = 0;
        if (_step == Step.Upgrade)
        {
            var end = bytes.IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return 0;
            }

            if (!bytes.StartsWith("HTTP/1.1 101 "u8))
            {
                Fail("WebSocket handshake: " + Encoding.ASCII.GetString(bytes[..Math.Min(bytes.Length, 40)]));
                return bytes.Length;
            }

            at = end + 4;
            IsFramed = true;
            OpenStream(Step.Features);
        }

        while (IsOpen && WebSocketFrames.Next(bytes[at..], out var start, out var length, out var isText))
        {
            var element = bytes[(at + start)..(at + length)];
            at += length;
            if (element.StartsWith("<close"u8) || !isText)
            {
                Fail(_step == Step.Closing ? "closed" : "stream closed by server");
            }
            else if (_step == Step.Bound)
            {
                Stanza(element, now);
            }
            else if (!element.StartsWith("<open"u8))
            {
                Negotiate(element);
            }
        }

        return IsOpen ? at : bytes.Length;
    }

    private void Stanza(ReadOnlySpan<byte> stanza, long now)
    {
        if (_requests.Count > 0 && stanza.StartsWith("<iq"u8) && StanzaScanner.Attribute(stanza, "id") is { } id && _requests.Remove(id, out var answer))
        {
            if (_requests.Count == 0)
            {
                Deadline = long.MaxValue;
            }

            if (StanzaScanner.IsError(stanza))
            {
                answer.SetException(new LoadException($"{Waiting}: {Condition(stanza)}"));
            }
            else
            {
                answer.SetResult(Encoding.UTF8.GetString(stanza));
            }
        }
        else if (stanza.StartsWith("<stream:error"u8))
        {
            Fail("stream error: " + Condition(stanza));
        }
        else if (Sink is { } sink)
        {
            sink(this, stanza, now);
        }
    }

    /// <summary>The defined condition of an error, for counting.</summary>
    public static string Condition(ReadOnlySpan<byte> stanza)
    {
        var text = Encoding.UTF8.GetString(stanza);
        var scope = text.IndexOf("urn:ietf:params:xml:ns:xmpp-", StringComparison.Ordinal);
        if (scope < 0)
        {
            return "error without condition";
        }

        var open = text.LastIndexOf('<', scope);
        var end = text.AsSpan(open + 1).IndexOfAny(' ', '/', '>');
        return text.Substring(open + 1, Math.Max(0, end));
    }

    private void Negotiate(ReadOnlySpan<byte> element)
    {
        if (element.StartsWith("<stream:error"u8))
        {
            Fail("stream error: " + Condition(element));
            return;
        }

        switch (_step)
        {
            case Step.Features:
                if (settings.Security == Security.StartTls && !Secured)
                {
                    if (element.IndexOf("<starttls"u8) < 0)
                    {
                        Fail("STARTTLS not offered");
                        return;
                    }

                    Expect(Step.Proceed, "proceed");
                    Write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"u8);
                }
                else
                {
                    Authenticate(Encoding.UTF8.GetString(element));
                }

                break;
            case Step.Proceed when element.StartsWith("<proceed"u8):
                Secure();
                break;
            case Step.Authenticating when element.StartsWith("<challenge"u8):
                try
                {
                    var challenge = Encoding.UTF8.GetString(Convert.FromBase64String(StanzaScanner.Text(element, "challenge") ?? ""));
                    var response = Convert.ToBase64String(Encoding.UTF8.GetBytes(_scram!.Final(challenge)));
                    Write(Encoding.ASCII.GetBytes($"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{response}</response>"));
                }
                catch (Exception e) when (e is LoadException or FormatException)
                {
                    Fail(e.Message);
                }

                break;
            case Step.Authenticating when element.StartsWith("<success"u8):
                if (_scram is not null && !_scram.Verify(Encoding.UTF8.GetString(Convert.FromBase64String(StanzaScanner.Text(element, "success") ?? ""))))
                {
                    Fail("sasl: wrong server signature");
                    return;
                }

                _scram = null;
                OpenStream(Step.AuthenticatedFeatures);
                break;
            case Step.Authenticating:
                Fail("sasl: " + (element.StartsWith("<failure"u8) ? Failure(element) : "unexpected element"));
                break;
            case Step.AuthenticatedFeatures:
                Expect(Step.Binding, "bind");
                Write(Encoding.UTF8.GetBytes($"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>"));
                break;
            case Step.Binding when element.StartsWith("<iq"u8):
                if (StanzaScanner.IsError(element) || StanzaScanner.Text(element, "jid") is not { } jid)
                {
                    Fail("bind: " + Condition(element));
                    return;
                }

                Jid = jid;
                _step = Step.Bound;
                Deadline = long.MaxValue;
                _bound.TrySetResult();
                break;
            default:
                Fail($"unexpected element while {_step}");
                break;
        }
    }

    private static string Failure(ReadOnlySpan<byte> failure)
    {
        var text = Encoding.UTF8.GetString(failure);
        var open = text.IndexOf('<', 1);
        var end = open < 0 ? -1 : text.AsSpan(open + 1).IndexOfAny(' ', '/', '>');
        return end < 0 ? "failure" : text.Substring(open + 1, end);
    }

    private bool Secured { get; set; }

    private void Secure()
    {
        Expect(Step.Handshake, "TLS handshake");
        StartTls(settings.Tls!, () =>
        {
            Secured = true;
            OpenStream(Step.Features);
        });
    }

    private void OpenStream(Step next)
    {
        _inStream = false;
        Expect(next, next.ToString());
        if (IsFramed)
        {
            Write(Encoding.UTF8.GetBytes($"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{settings.Domain}' version='1.0'/>"));
            return;
        }

        Write(Encoding.UTF8.GetBytes(
            $"<?xml version='1.0'?><stream:stream to='{settings.Domain}' version='1.0' xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"));
    }

    private void Authenticate(string features)
    {
        bool Offers(string mechanism) => features.Contains($">{mechanism}<", StringComparison.Ordinal);
        var mechanism = settings.Sasl switch
        {
            SaslChoice.Plain => "PLAIN",
            SaslChoice.ScramSha1 => "SCRAM-SHA-1",
            SaslChoice.ScramSha256 => "SCRAM-SHA-256",
            _ => Offers("SCRAM-SHA-256") ? "SCRAM-SHA-256" : Offers("SCRAM-SHA-1") ? "SCRAM-SHA-1" : "PLAIN",
        };
        if (!Offers(mechanism))
        {
            Fail($"sasl: {mechanism} not offered");
            return;
        }

        string first;
        if (mechanism == "PLAIN")
        {
            first = $"\0{account.Name}\0{account.Password}";
        }
        else
        {
            _scram = new Scram(account.Name, account.Password, mechanism == "SCRAM-SHA-1" ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
            first = _scram.First();
        }

        Expect(Step.Authenticating, "SASL");
        Write(Encoding.ASCII.GetBytes(
            $"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='{mechanism}'>{Convert.ToBase64String(Encoding.UTF8.GetBytes(first))}</auth>"));
    }

    private void Expect(Step step, string what)
    {
        _step = step;
        Waiting = what;
        Deadline = Loop.Now + EventLoop.Ticks(settings.Bound);
    }
}
