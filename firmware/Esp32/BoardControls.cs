using IotXmpp.Features;
using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>What can be set on a board in safe mode: <c>safeMode</c>, which ends it by a restart.</summary>
public sealed class BoardControls : ThingPart
{
    /// <summary>Milliseconds between the command and the restart. Default 2,000: the answer has to go out before.</summary>
    public const int DelayMs = 2000;

    private readonly ControlParameter[] _parameters = new ControlParameter[] { new ControlParameter("safeMode", FieldKind.Boolean, "Safe mode; false tries a usual start") };
    private long _leaveMs = -1;

    /// <inheritdoc/>
    public override ControlParameter[] Parameters
    {
        get { return _parameters; }
    }

    /// <inheritdoc/>
    public override string Get(ControlParameter parameter) => "true";

    /// <inheritdoc/>
    public override string Set(ControlValue value, long nowMs)
    {
        _leaveMs = value.Boolean ? -1 : nowMs + DelayMs;
        return null;
    }

    /// <summary>Whether safe mode is to be left now.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public bool IsLeaveDue(long nowMs) => _leaveMs >= 0 && nowMs >= _leaveMs;
}
