using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>A button as a part of a thing: whether it is down, and how often it was pressed. A press is told at once.</summary>
public sealed class ButtonSensor : ThingPart
{
    private readonly Button _button;
    private readonly string _down;
    private readonly string _presses;
    private bool _told;

    /// <summary>Takes the button.</summary>
    /// <param name="button">The button.</param>
    /// <param name="names">What its fields are called; null for their plain names.</param>
    public ButtonSensor(Button button, PartNames names = null)
    {
        _button = button;
        _down = PartNames.Of(names, "button");
        _presses = PartNames.Of(names, "presses");
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
        return sample.AddBoolean(_down, down, FieldFlags.Status)
            && sample.AddLong(_presses, _button.Presses, FieldFlags.Computed);
    }
}
