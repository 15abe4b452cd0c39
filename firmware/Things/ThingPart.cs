using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>
/// A part of a thing: a sensor that is read, an actuator that is set, or both. The thing loop owns time, storage and the uplink; a part only
/// knows its hardware. Every method returns at once: what takes time is cut into calls of <see cref="Step"/>.
/// </summary>
public abstract class ThingPart
{
    private static readonly ControlParameter[] None = new ControlParameter[0];

    /// <summary>What can be set; the same array at every call.</summary>
    public virtual ControlParameter[] Parameters
    {
        get { return None; }
    }

    /// <summary>How long the uplink may be away before <see cref="UplinkLost"/>, in milliseconds; -1 for never.</summary>
    public virtual int UplinkLostAfterMs
    {
        get { return -1; }
    }

    /// <summary>Charge of the battery that feeds the thing, in percent, or -1 when the part knows of none.</summary>
    public virtual int BatteryPercent
    {
        get { return -1; }
    }

    /// <summary>How often <see cref="Step"/> is wanted, in milliseconds. Default 1,000; a button wants 20.</summary>
    public virtual int StepIntervalMs
    {
        get { return 1000; }
    }

    /// <summary>Brings the hardware into its first state.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public virtual void Start(long nowMs)
    {
    }

    /// <summary>Goes on with what takes time, such as a pulse or a bouncing contact.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>True when something happened that is worth a sample now.</returns>
    public virtual bool Step(long nowMs) => false;

    /// <summary>Adds the part's fields to a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <returns>False when the hardware did not answer or answered nonsense: then nothing of the part is kept.</returns>
    public virtual bool TrySample(Sample sample) => true;

    /// <summary>The value that a parameter has now, as on the wire.</summary>
    /// <param name="parameter">One of <see cref="Parameters"/>.</param>
    /// <returns>The value, or null when it has none (a pulse).</returns>
    public virtual string Get(ControlParameter parameter) => null;

    /// <summary>Sets a parameter, and returns after it was done.</summary>
    /// <param name="value">The value of one of <see cref="Parameters"/>, of its type and in its range.</param>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>Null when done, else why not, for people.</returns>
    public virtual string Set(ControlValue value, long nowMs) => "this part has nothing to set";

    /// <summary>The uplink has been away for <see cref="UplinkLostAfterMs"/>: an actuator goes to its stated state.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public virtual void UplinkLost(long nowMs)
    {
    }

    /// <summary>Shows which thing it is, by light or movement, for ten seconds and by itself.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>False when the part has nothing to show.</returns>
    public virtual bool Identify(long nowMs) => false;

    /// <summary>Why the part gives no reading, for people; null when it gives one or the reason is unknown.</summary>
    public virtual string Trouble
    {
        get { return null; }
    }

    /// <summary>The thing is about to sleep: outputs are brought to rest.</summary>
    public virtual void Stop()
    {
    }
}
