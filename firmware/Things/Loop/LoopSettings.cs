using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>What of the loop itself can be set from outside, and survives a restart: how often it samples, and how long it sleeps.</summary>
internal sealed class LoopSettings : ThingPart
{
    private const string IntervalKey = "sampleInterval";
    private const string SleepKey = "sleepSeconds";

    private readonly ISettings _settings;
    private readonly ControlParameter[] _parameters;

    public LoopSettings(ThingOptions options, ISettings settings)
    {
        _settings = settings;
        SampleIntervalMs = Read(IntervalKey, options.SampleIntervalMs);
        SleepSeconds = options.SleepSeconds == 0 ? 0 : Read(SleepKey, options.SleepSeconds);
        ControlParameter interval = new ControlParameter(IntervalKey, FieldKind.Int, "Milliseconds between samples").WithRange(100, 86400000);
        // Only a thing that sleeps can be told for how long: one that is awake has no way to wake.
        _parameters = options.SleepSeconds == 0
            ? new ControlParameter[] { interval }
            : new ControlParameter[] { interval, new ControlParameter(SleepKey, FieldKind.Int, "Seconds asleep between two measurements").WithRange(1, ThingLoop.MaxSleepSeconds) };
    }

    public int SampleIntervalMs { get; private set; }

    public int SleepSeconds { get; private set; }

    public override ControlParameter[] Parameters
    {
        get { return _parameters; }
    }

    public override string Get(ControlParameter parameter)
        => parameter == _parameters[0] ? SampleIntervalMs.ToString() : SleepSeconds.ToString();

    public override string Set(ControlValue value, long nowMs)
    {
        int number = (int)value.Integer;
        if (value.Parameter == _parameters[0])
        {
            SampleIntervalMs = number;
            Write(IntervalKey, number);
        }
        else
        {
            SleepSeconds = number;
            Write(SleepKey, number);
        }

        return null;
    }

    private int Read(string key, int otherwise)
    {
        byte[] kept = _settings.Read(key);
        return kept != null && kept.Length == 4 ? kept[0] | (kept[1] << 8) | (kept[2] << 16) | (kept[3] << 24) : otherwise;
    }

    private void Write(string key, int value)
        => _settings.Write(key, new byte[] { (byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24) });
}
