using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>A button as a part of a thing: whether it is down, and how often it was pressed. A press is told at once.</summary>
public sealed class ButtonSensor : ThingPart
{
    private readonly Button _button;
    private bool _told;

    /// <summary>Takes the button.</summary>
    /// <param name="button">The button.</param>
    public ButtonSensor(Button button)
    {
        _button = button;
    }

    /// <inheritdoc/>
    public override int StepIntervalMs
    {
        get { return Button.StepIntervalMs; }
    }

    /// <inheritdoc/>
    public override bool Step(long nowMs)
    {
        bool press = _button.Step(nowMs);
        bool down;
        bool released = _button.TryRead(out down) && _told && !down;
        return press || released;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        bool down;
        if (!_button.TryRead(out down))
        {
            return false;
        }

        _told = down;
        return sample.AddBoolean("button", down, FieldFlags.Status)
            && sample.AddLong("presses", _button.Presses, FieldFlags.Computed);
    }
}
