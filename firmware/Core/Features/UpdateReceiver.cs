using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>
/// Takes updates (<c>urn:iotxmpp:ota:1</c>): judges the offer, fetches the image piece by piece beside everything else, checks it, has it run on trial and waits for the hub to confirm it; else the device
/// goes back by itself and says why. Every step is in the <see cref="UpdateRecord"/> before it has an effect, so it goes on after a power cut at any place.
/// </summary>
public sealed class UpdateReceiver : IStanzaHandler, IClientListener, IIqCallback
{
    private static readonly XmlName Update = new XmlName(Ns.Ota, "update");
    private static readonly XmlName CommitName = new XmlName(Ns.Ota, "commit");
    private static readonly XmlName Chunk = new XmlName(Ns.Ota, "chunk");
    private static readonly object ChunkAsked = new object();
    private static readonly object EndTold = new object();
    private static readonly object TrialTold = new object();

    private readonly IHash _hash;
    private readonly IUpdateStore _store;
    private readonly UpdateBoot _boot;
    private readonly UpdateRecord _record;
    private readonly UpdateOptions _options;
    private readonly IUpdateHost _host;
    private byte[] _text;
    private byte[] _slice;
    private Sha256 _sum;
    private int _summed;
    private int _length = -1;
    private bool _waits;
    private bool _checked;
    private bool _told;
    private bool _restarts;
    private int _retryMs;
    private long _nextMs;
    private long _trialEndMs = -1;

    /// <summary>Takes updates for a client.</summary>
    /// <param name="client">The client.</param>
    /// <param name="hash">How to hash.</param>
    /// <param name="store">The images.</param>
    /// <param name="boot">Which image this life runs.</param>
    /// <param name="options">What it is told.</param>
    /// <param name="host">The device.</param>
    public UpdateReceiver(XmppClient client, IHash hash, IUpdateStore store, UpdateBoot boot, UpdateOptions options, IUpdateHost host)
    {
        _hash = hash;
        _store = store;
        _boot = boot;
        _record = boot.Record;
        _options = options;
        _host = host;
        _retryMs = options.RetryMs;
        client.AddIqHandler(Update, this);
        client.AddIqHandler(CommitName, this);
        client.AddListener(this);
    }

    /// <summary>Whether something is to be done at once.</summary>
    public bool IsBusy => _record.State == UpdateState.Downloading && _length >= _record.SizeOf(_record.Candidate) && !_restarts;

    /// <summary>Whether the device should not sleep now: an image is on trial, or pieces come. One that does not come lets it sleep: the battery comes first.</summary>
    public bool KeepsAwake => _boot.IsTrial || IsBusy || (_record.State == UpdateState.Downloading && _retryMs == _options.RetryMs);

    /// <summary>Goes on; returns soon.</summary>
    /// <param name="client">The client.</param>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Step(XmppClient client, long nowMs)
    {
        if (_restarts)
        {
            return;
        }

        if (_boot.IsTrial)
        {
            if (_trialEndMs < 0)
            {
                _trialEndMs = nowMs + (_record.TrialSeconds * 1000L);
            }

            if (nowMs >= _trialEndMs)
            {
                _boot.Revert("the hub did not confirm it within " + _record.TrialSeconds.ToString() + " s");
                Restart();
                return;
            }
        }

        if (_record.State == UpdateState.Downloading)
        {
            if (_length < 0)
            {
                // First look in this life: what a power cut may have torn is fetched again.
                _length = _store.Trim(_record.Candidate);
            }

            if (_length >= _record.SizeOf(_record.Candidate))
            {
                Check(client);
                return;
            }
        }

        if (client.IsOnline && !_waits && nowMs >= _nextMs)
        {
            if (_record.State == UpdateState.Downloading)
            {
                AskChunk(client, nowMs);
            }
            else if (!_told && !_record.IsTold && (_record.State == UpdateState.Trial ? _boot.IsTrial : _record.State != UpdateState.None))
            {
                Tell(client, nowMs);
            }
        }
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        XmlPullParser payload = stanza.OpenPayload();
        if (!stanza.TypeIs("set"))
        {
            return false;
        }

        if (!_options.Service.Equals(stanza.From))
        {
            client.ReplyError(stanza, StanzaError.Forbidden);
        }
        else if (payload.Is(CommitName))
        {
            OnCommit(client, stanza, payload.Attribute("id"));
        }
        else
        {
            OnOffer(client, stanza, UpdateOffer.Read(payload));
        }

        return true;
    }

    /// <inheritdoc/>
    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state)
    {
        _waits = false;
        if (state == ChunkAsked)
        {
            OnChunk(client, outcome, answer);
            return;
        }

        if (outcome == IqOutcome.Result || IsUnknown(outcome, answer))
        {
            // A hub that knows nothing of it need not be told again. A trial then ends by its time.
            _told = true;
            if (state == EndTold)
            {
                _record.Told();
            }
        }
        else
        {
            Later(client.NowMs);
        }
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        _nextMs = 0;
        _retryMs = _options.RetryMs;
        // The hub counts from here how long the image stays up.
        _told = _told && resumed;
        if (!resumed)
        {
            _waits = false;
        }
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

    /// <summary>What of the update is to be said to people.</summary>
    public string Describe()
    {
        switch (_record.State)
        {
            case UpdateState.Downloading:
                return "version " + _record.VersionOf(_record.Candidate) + " is being fetched: " + (_length < 0 ? 0 : _length).ToString() + " of " + _record.SizeOf(_record.Candidate).ToString() + " bytes";
            case UpdateState.Trial:
                return "version " + _record.VersionOf(_record.Candidate) + " is on trial";
            case UpdateState.Confirmed:
                return "version " + _record.VersionOf(_record.Candidate) + " was confirmed";
            case UpdateState.Failed:
            case UpdateState.Reverted:
                return "version " + _record.VersionOf(_record.Candidate) + " was given up: " + _record.Reason;
            default:
                return "there was no update";
        }
    }

    // Any other error passes, such as a hub whose storage is full.
    private static bool IsUnknown(IqOutcome outcome, Stanza answer)
        => outcome == IqOutcome.Error && answer.ReadError().Condition == StanzaError.ItemNotFound.Condition;

    private static void Refuse(XmppClient client, Stanza stanza, StanzaError error, string text)
    {
        client.BeginError(stanza).Start("error").Attribute("type", error.Type).Empty(error.Condition, Ns.StanzaErrors).Start("text", Ns.StanzaErrors).Text(text).End();
        client.Commit();
    }

    private void OnOffer(XmppClient client, Stanza stanza, UpdateOffer offer)
    {
        if (offer == null)
        {
            client.ReplyError(stanza, StanzaError.BadRequest);
            return;
        }

        if (_options.Key == null || !offer.IsGenuine(_hash, _options.Key))
        {
            Refuse(client, stanza, StanzaError.NotAuthorized, _options.Key == null ? "this thing holds no update key" : "the manifest is not of this thing's fleet");
        }
        else if (offer.Id == _record.Id && _record.State != UpdateState.None)
        {
            // The answer to the first was lost: it stands where it stands, and says so again.
            _told = false;
            _nextMs = 0;
            client.ReplyEmpty(stanza);
        }
        else if (_record.State == UpdateState.Downloading || _record.State == UpdateState.Trial)
        {
            Refuse(client, stanza, StanzaError.Conflict, "another update is under way");
        }
        else if (offer.Target != _options.Target || (_options.Image.Length > 0 && offer.Image != _options.Image))
        {
            Refuse(client, stanza, StanzaError.NotAcceptable, "it is for " + offer.Target + " and " + offer.Image + "; this is " + _options.Target + (_options.Image.Length > 0 ? " and " + _options.Image : string.Empty));
        }
        else if (UpdateOffer.Compare(offer.Version, _options.Version) == 0)
        {
            Refuse(client, stanza, StanzaError.NotAcceptable, "version " + offer.Version + " runs already");
        }
        else if (!offer.Downgrade && UpdateOffer.Compare(offer.Version, _options.Version) < 0)
        {
            Refuse(client, stanza, StanzaError.NotAcceptable, "version " + _options.Version + " is newer, and the manifest allows no step back");
        }
        else if (offer.Size > _store.MaxBytes)
        {
            Refuse(client, stanza, StanzaError.ResourceConstraint, "an image has at most " + _store.MaxBytes.ToString() + " bytes here");
        }
        else
        {
            // First emptied, then accepted: else a power cut in between would have the new image go on behind the old one's bytes.
            _store.Clear(_record.Spare);
            _record.Accept(offer);
            Begin(0);
            client.ReplyEmpty(stanza);
            _host.UpdateChanged(_record);
        }
    }

    private void OnCommit(XmppClient client, Stanza stanza, string id)
    {
        if (id != _record.Id || id == null)
        {
            client.ReplyError(stanza, StanzaError.ItemNotFound);
        }
        else if (_record.State == UpdateState.Confirmed)
        {
            client.ReplyEmpty(stanza);
        }
        else if (!_boot.IsTrial || _restarts)
        {
            client.ReplyError(stanza, StanzaError.UnexpectedRequest);
        }
        else
        {
            _record.Confirm();
            client.ReplyEmpty(stanza);
            _told = false;
            _nextMs = 0;
            _host.UpdateChanged(_record);
        }
    }

    private void Begin(int length)
    {
        _length = length;
        _sum = null;
        _summed = 0;
        _checked = false;
        _told = false;
        _waits = false;
        _nextMs = 0;
        _retryMs = _options.RetryMs;
    }

    private void AskChunk(XmppClient client, long nowMs)
    {
        int left = _record.SizeOf(_record.Candidate) - _length;
        int count = left < _options.ChunkBytes ? left : _options.ChunkBytes;
        client.BeginIq("get", _options.Service, this, ChunkAsked).Start(Chunk).Attribute("id", _record.Id).Attribute("offset", (long)_length).Attribute("length", (long)count);
        _waits = client.Commit() == SendResult.Sent;
        if (!_waits)
        {
            _nextMs = nowMs + _options.RetryMs;
        }
    }

    private void OnChunk(XmppClient client, IqOutcome outcome, Stanza answer)
    {
        if (_record.State != UpdateState.Downloading)
        {
            return;
        }

        if (IsUnknown(outcome, answer))
        {
            Fail("the hub has withdrawn it");
            return;
        }

        byte[] data = outcome == IqOutcome.Result ? Data(answer) : null;
        if (data == null)
        {
            Later(client.NowMs);
            return;
        }

        if (!_store.TryAppend(_record.Candidate, data, 0, data.Length))
        {
            Fail("there is no room for it");
            return;
        }

        _length += data.Length;
        _retryMs = _options.RetryMs;
        _nextMs = 0;
        if (_length < _record.SizeOf(_record.Candidate))
        {
            AskChunk(client, client.NowMs); // at once: a host may not be stepped before a second is over
        }
    }

    // The bytes of a piece; null when they are not those that were asked for.
    private byte[] Data(Stanza answer)
    {
        XmlPullParser parser = answer.OpenPayload();
        long offset;
        if (parser == null || !parser.Is(Chunk) || !parser.AttributeIs("id", _record.Id) || !parser.TryAttribute("offset", out offset) || offset != _length)
        {
            return null;
        }

        int left = _record.SizeOf(_record.Candidate) - _length;
        int most = Base64.EncodedLength(left < _options.ChunkBytes ? left : _options.ChunkBytes);
        if (parser.Next() != XmlToken.Text || parser.TextBytes != most)
        {
            return null;
        }

        if (_text == null || _text.Length < most)
        {
            _text = new byte[most];
        }

        int count = parser.CopyText(_text, 0);
        byte[] data = count == most ? Base64.Decode(_text, 0, count) : null;
        return data != null && data.Length == (left < _options.ChunkBytes ? left : _options.ChunkBytes) ? data : null;
    }

    private void Check(XmppClient client)
    {
        _text = null;
        if (!_checked && !Hashed())
        {
            return;
        }

        _sum = null;
        _slice = null;
        if (!_checked)
        {
            Fail("the image has not the hash that the manifest names");
            return;
        }

        string wrong;
        bool ready = _store.Prepare(_record.Candidate, out wrong);
        if (wrong != null)
        {
            Fail(wrong);
        }
        else if (ready)
        {
            _record.Activate();
            _host.UpdateChanged(_record);
            if (client.IsOnline)
            {
                Progress(client, "restarting", null, null);
            }

            Restart();
        }
    }

    // Hashes another piece of what lies in the slot, not of what came: only that counts. False: there is more.
    private bool Hashed()
    {
        if (_sum == null)
        {
            _sum = new Sha256();
            _slice = new byte[_options.SliceBytes];
            _summed = 0;
        }

        int size = _record.SizeOf(_record.Candidate);
        int count = size - _summed < _slice.Length ? size - _summed : _slice.Length;
        int read = count == 0 ? 0 : _store.Read(_record.Candidate, _summed, _slice, 0, count);
        _sum.Add(_slice, 0, read);
        _summed += read;
        if (_summed < size && read > 0)
        {
            return false;
        }

        byte[] digest = _sum.Finish();
        byte[] right = _record.HashOf(_record.Candidate);
        _checked = _summed == size && _length == size && Utf8.Equal(digest, 0, 32, right);
        return true;
    }

    private void Fail(string reason)
    {
        _record.End(UpdateState.Failed, reason);
        _store.Clear(_record.Candidate);
        _told = false;
        _nextMs = 0;
        _host.UpdateChanged(_record);
    }

    private void Tell(XmppClient client, long nowMs)
    {
        bool ended = _record.State != UpdateState.Trial;
        SendResult sent = Progress(client, Word(), ended && _record.Reason.Length > 0 ? _record.Reason : null, ended ? EndTold : TrialTold);
        _waits = sent == SendResult.Sent;
        if (!_waits)
        {
            Later(nowMs);
        }
    }

    private SendResult Progress(XmppClient client, string word, string reason, object state)
    {
        client.BeginIq("set", _options.Service, state == null ? null : this, state).Start("progress", Ns.Ota).Attribute("id", _record.Id).Attribute("state", word).Attribute("version", _options.Version).Attribute("reason", reason);
        return client.Commit();
    }

    private string Word()
    {
        switch (_record.State)
        {
            case UpdateState.Trial: return "trial";
            case UpdateState.Confirmed: return "confirmed";
            case UpdateState.Failed: return "failed";
            default: return "reverted";
        }
    }

    private void Later(long nowMs)
    {
        _nextMs = nowMs + _retryMs;
        _retryMs = _retryMs * 2 < _options.MaxRetryMs ? _retryMs * 2 : _options.MaxRetryMs;
    }

    private void Restart()
    {
        _restarts = true;
        _host.UpdateChanged(_record);
        _host.RestartForUpdate();
    }
}
