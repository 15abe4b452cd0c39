using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>What a thing is told about itself. Set before its loop is made.</summary>
public sealed class ThingOptions
{
    /// <summary>The thing's id, 1 to 64 of <c>a-z 0-9 -</c>: the local part of its JID.</summary>
    public string ThingId;

    /// <summary>The hub's publish-subscribe service, <c>pubsub.&lt;domain&gt;</c>.</summary>
    public Jid PubSubService;

    /// <summary>Who owns the thing: asks to see its presence are granted to this bare JID. Null: nobody's are, the hub's roster decides.</summary>
    public Jid Owner;

    /// <summary>The registry of things (XEP-0347), <c>things.&lt;domain&gt;</c>, where the thing announces itself and learns of a new owner. Default null: none.</summary>
    public Jid Registry;

    /// <summary>What the thing announces there: the claim text of its label (QR code), a secret. Default "": the hub has made its KEY, or nobody claims it.</summary>
    public string Claim = string.Empty;

    /// <summary>Is told when it has another owner, or none. Default null: nobody.</summary>
    public IOwnerListener OwnerListener;

    /// <summary>The firmware's version, told in presence.</summary>
    public string Firmware = "0.1.0";

    /// <summary>What it can beside what the loop does, for service discovery: namespaces whose requests somebody else answers. Default none.</summary>
    public string[] Features = new string[0];

    /// <summary>Milliseconds between samples. Default 10,000. At least 100.</summary>
    public int SampleIntervalMs = 10000;

    /// <summary>Milliseconds between samples made by events, such as a button. Default 200: a broken contact must not fill the flash.</summary>
    public int MinEventIntervalMs = 200;

    /// <summary>Samples in one publish at most. Default 10, what the wire profile holds to 1,500 bytes.</summary>
    public int MaxBatchSamples = 10;

    /// <summary>Bytes of one publish at most. Default 3,600: the send buffer has 4,096.</summary>
    public int MaxBatchBytes = 3600;

    /// <summary>Milliseconds to wait after a publish that the hub refused. Default 30,000; doubled each time up to <see cref="MaxPublishRetryMs"/>.</summary>
    public int PublishRetryMs = 30000;

    /// <summary>Milliseconds to wait at most after a publish that the hub refused. Default 600,000: ten minutes.</summary>
    public int MaxPublishRetryMs = 600000;

    /// <summary>Milliseconds between presences that only tell a new signal, heap or charge. Default 300,000: five minutes.</summary>
    public int StatusIntervalMs = 300000;

    /// <summary>Who may subscribe to the telemetry, when the thing itself makes its node (XEP-0060 §4.5). Default <c>whitelist</c>.</summary>
    public string AccessModel = "whitelist";

    /// <summary>Items that the telemetry node keeps, when the thing itself makes its node. Default 1,000.</summary>
    public int MaxItems = 1000;

    /// <summary>Seconds to sleep after each publish; 0 for a thing that stays awake. Default 0.</summary>
    public int SleepSeconds;

    /// <summary>Milliseconds that a sleeping thing stays awake for commands after its samples were acknowledged. Default 1,500.</summary>
    public int AwakeMs = 1500;

    /// <summary>Milliseconds after which a sleeping thing sleeps again although the hub was not reached. Default 60,000: the battery comes first, the samples wait in flash.</summary>
    public int MaxAwakeMs = 60000;

    /// <summary>Why the thing is in safe mode, for people, told in presence; null when it is not. Default null.</summary>
    public string SafeMode;

    /// <summary>Bytes of one segment of the telemetry ring.</summary>
    public int RingSegmentBytes = TelemetryRing.DefaultSegmentBytes;

    /// <summary>Segments of the telemetry ring.</summary>
    public int RingSegments = TelemetryRing.DefaultMaxSegments;

    /// <summary>The thing's telemetry node.</summary>
    public string TelemetryNode
    {
        get { return "things/" + ThingId + "/telemetry"; }
    }

    /// <summary>What is wrong with the options, for people; null when nothing is.</summary>
    /// <returns>One line, or null.</returns>
    public string Check()
    {
        if (!IsThingId(ThingId))
        {
            return "a thing's id is 1 to 64 of a-z, 0-9 and -";
        }

        if (PubSubService == null)
        {
            return "the publish-subscribe service is not given";
        }

        if (SampleIntervalMs < 100)
        {
            return "the sample interval is 100 ms or more";
        }

        if (MaxBatchSamples < 1 || MaxBatchBytes < 512 || SleepSeconds < 0 || AwakeMs < 0 || MaxAwakeMs <= AwakeMs)
        {
            return "a bound is out of range";
        }

        return null;
    }

    /// <summary>Whether a text is a thing's id.</summary>
    /// <param name="id">The text.</param>
    /// <returns>True when it is 1 to 64 of <c>a-z 0-9 -</c>.</returns>
    public static bool IsThingId(string id)
    {
        if (string.IsNullOrEmpty(id) || id.Length > 64)
        {
            return false;
        }

        foreach (char c in id.ToCharArray())
        {
            if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            {
                return false;
            }
        }

        return true;
    }
}
