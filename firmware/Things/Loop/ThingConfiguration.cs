using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>
/// A thing's configuration (wire profile, Registry): what its owner publishes on <c>things/&lt;id&gt;/desired</c> is set like a command, once for each version, and what then holds is published on
/// <c>things/&lt;id&gt;/reported</c>. A secret is taken, never told, and taken off the desired node at once, so that no later owner finds it there.
/// </summary>
internal sealed class ThingConfiguration : IClientListener, IStanzaHandler, IPubSubListener, IIqCallback
{
    /// <summary>The key in the settings: the version that was set last, and the sum of what was reported last; four bytes each.</summary>
    public const string Key = "config";

    // XEP-0060 §12.8: of a node with one item its usual id.
    private const string ItemId = "current";

    private static readonly XmlName Config = new XmlName(Ns.Thing, "config");

    private readonly ThingOptions _options;
    private readonly Control _control;
    private readonly IControlTarget _target;
    private readonly ISettings _settings;
    private readonly ISettingsTrial _trial;
    private bool _subscribed;
    private int _version;
    private int _reported;

    private ThingConfiguration(ThingOptions options, Control control, IControlTarget target, ThingPlatform platform)
    {
        _options = options;
        _control = control;
        _target = target;
        _settings = platform.Settings;
        _trial = platform.Trial;
        // The subscription outlives a sleep.
        _subscribed = platform.Status.BootReason == "deep-sleep";
        byte[] kept = _settings.Read(Key);
        if (kept != null && kept.Length == 8)
        {
            _version = Get32(kept, 0);
            _reported = Get32(kept, 4);
        }
    }

    /// <summary>Lets a thing take and tell its configuration.</summary>
    public static void Add(XmppClient client, ThingOptions options, Control control, IControlTarget target, ThingPlatform platform)
    {
        ThingConfiguration configuration = new ThingConfiguration(options, control, target, platform);
        client.AddListener(configuration);
        client.AddHandler(configuration);
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        // Once in each life; the service then sends the last item, and again with each presence.
        _subscribed = _subscribed || PubSub.Subscribe(client, _options.PubSubService, Node("desired"), this, null) == SendResult.Sent;
        // What holds may have changed meanwhile, in a resumed session, too: by a trial of network settings, or another firmware.
        Report(client, null);
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
        => stanza.Kind == StanzaKind.Message && _options.PubSubService.Equals(stanza.From) && PubSub.ReadEvent(client, stanza, this);

    /// <inheritdoc/>
    public void ItemPublished(XmppClient client, Stanza message, string node, string itemId, string publisher, XmlPullParser payload)
    {
        if (payload == null || node != Node("desired") || !payload.Is(Config))
        {
            return;
        }

        byte[] digits = Utf8.Encode(payload.Attribute("version") == null ? string.Empty : payload.Attribute("version"));
        long version;
        if (!Utf8.TryParseLong(digits, 0, digits.Length, out version) || version < 1 || version > int.MaxValue || version == _version)
        {
            return; // done already, or none of ours
        }

        Jid from;
        Jid.TryParse(publisher == null ? string.Empty : publisher, out from);
        ControlCommand command;
        ControlFailure failure = _control.Read(payload, from, out command);
        failure = failure == null ? _target.Set(command) : failure;
        _version = (int)version;
        _reported = 0;
        if (command.Values != null)
        {
            Redact(client, command.Values);
        }

        Report(client, failure);
    }

    /// <inheritdoc/>
    public void ItemRetracted(XmppClient client, Stanza message, string node, string itemId)
    {
    }

    /// <inheritdoc/>
    public void NodeChanged(XmppClient client, Stanza message, string node, string what)
    {
    }

    /// <inheritdoc/>
    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state)
    {
        // A server without these nodes: there is no configuration then, and commands do the same.
        if (outcome != IqOutcome.Result && state != null)
        {
            Keep(0);
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

    private static int Add(int sum, string text)
    {
        byte[] bytes = Utf8.Encode(text);
        for (int i = 0; i < bytes.Length; i++)
        {
            sum = (sum * 31) + bytes[i];
        }

        return sum;
    }

    private static int Get32(byte[] bytes, int at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);

    private static void Put32(byte[] bytes, int at, int value)
    {
        for (int i = 0; i < 4; i++)
        {
            bytes[at + i] = (byte)(value >> (8 * i));
        }
    }

    // XEP-0325 has no word for a choice: it is a string there.
    private static void Write(StanzaWriter writer, ControlParameter parameter, string value)
    {
        string element = SensorData.ElementOf(parameter.Kind == FieldKind.Enum ? FieldKind.String : parameter.Kind);
        writer.Start(element, Ns.Control).Attribute("name", parameter.Name).Attribute("value", value).End();
    }

    private string Node(string which) => "things/" + _options.ThingId + "/" + which;

    private StanzaWriter Begin(XmppClient client, string node, object state)
        => PubSub.BeginPublish(client, _options.PubSubService, Node(node), ItemId, this, state).Start(Config).Attribute("version", _version);

    // The same version without its secrets takes the item's place.
    private void Redact(XmppClient client, ControlValue[] values)
    {
        bool secret = false;
        for (int i = 0; i < values.Length; i++)
        {
            secret |= values[i] != null && values[i].Parameter.IsSecret;
        }

        if (!secret)
        {
            return;
        }

        StanzaWriter writer = Begin(client, "desired", null);
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] != null && !values[i].Parameter.IsSecret)
            {
                Write(writer, values[i].Parameter, values[i].Text);
            }
        }

        client.Commit();
    }

    private void Report(XmppClient client, ControlFailure failure)
    {
        ControlParameter[] parameters = _target.Parameters(string.Empty);
        string[] values = new string[parameters.Length];
        int sum = _version;
        for (int i = 0; i < parameters.Length; i++)
        {
            values[i] = parameters[i].IsSecret ? null : _target.Current(string.Empty, parameters[i]);
            sum = Add(sum, parameters[i].Name + "=" + values[i]);
        }

        // The hub cannot see what becomes of a trial: it is told, and why.
        string trial = _trial == null ? null : _trial.IsRunning ? "running" : _trial.Reverted != null ? "reverted" : "none";
        string reason = trial == "reverted" ? _trial.Reverted : string.Empty;
        sum = Add(sum, trial + reason);

        sum = sum == 0 ? 1 : sum; // 0: nothing was reported
        if (sum == _reported && failure == null)
        {
            return;
        }

        StanzaWriter writer = Begin(client, "reported", this);
        for (int i = 0; i < parameters.Length; i++)
        {
            if (values[i] != null)
            {
                Write(writer, parameters[i], values[i]);
            }
        }

        if (trial != null)
        {
            writer.Start("trial").Attribute("state", trial).Text(reason).End();
        }

        if (failure != null)
        {
            writer.Start("paramError", Ns.Control).Attribute("var", failure.Parameter).Text(failure.Text).End();
        }

        Keep(client.Commit() == SendResult.Sent ? sum : 0);
    }

    // The version is kept with it: after a power cut before this the same version is set once more, which changes nothing.
    private void Keep(int reported)
    {
        _reported = reported;
        byte[] record = new byte[8];
        Put32(record, 0, _version);
        Put32(record, 4, reported);
        _settings.Write(Key, record);
    }
}
