using System.Device.Gpio;

namespace IotXmpp.Virtual;

/// <summary>
/// Pins that exist only in memory. Thing code sees them through a <see cref="GpioController"/>; a script or test moves inputs with <see cref="SetInput"/>
/// and watches outputs with <see cref="OutputChanged"/> and <see cref="Level"/>. Safe to use from several threads.
/// </summary>
public sealed class VirtualGpioDriver : GpioDriver
{
    /// <summary>Pins when nothing else is said. Default 49: an ESP32-S3 numbers its pins 0 to 48.</summary>
    public const int DefaultPinCount = 49;

    private readonly Pin[] _pins;
    private readonly Lock _lock = new();

    /// <summary>Makes the pins, all of them inputs.</summary>
    /// <param name="pinCount">How many.</param>
    public VirtualGpioDriver(int pinCount = DefaultPinCount)
    {
        _pins = new Pin[pinCount];
        for (int i = 0; i < pinCount; i++)
        {
            _pins[i] = new Pin();
        }
    }

    /// <summary>An output was driven to another level.</summary>
    public event EventHandler<PinValueChangedEventArgs>? OutputChanged;

    /// <inheritdoc/>
    protected override int PinCount => _pins.Length;

    /// <summary>Moves an input from outside, as a button or a sensor would.</summary>
    /// <param name="pinNumber">The pin.</param>
    /// <param name="value">Its new level.</param>
    public void SetInput(int pinNumber, PinValue value)
    {
        PinChangeEventHandler? callbacks;
        PinEventTypes edge = value == PinValue.High ? PinEventTypes.Rising : PinEventTypes.Falling;
        lock (_lock)
        {
            Pin pin = At(pinNumber);
            if (pin.External == value)
            {
                return;
            }

            PinValue before = pin.Level;
            pin.External = value;
            callbacks = before == pin.Level ? null : pin.CallbacksFor(edge);
        }

        callbacks?.Invoke(this, new PinValueChangedEventArgs(edge, pinNumber));
    }

    /// <summary>Lets go of an input: its pull resistor decides.</summary>
    /// <param name="pinNumber">The pin.</param>
    public void Release(int pinNumber)
    {
        PinValue pulled;
        lock (_lock)
        {
            pulled = At(pinNumber).Mode == PinMode.InputPullUp ? PinValue.High : PinValue.Low;
        }

        SetInput(pinNumber, pulled);
        lock (_lock)
        {
            At(pinNumber).External = null;
        }
    }

    /// <summary>The level that a voltmeter on the pin would show.</summary>
    /// <param name="pinNumber">The pin.</param>
    /// <returns>Its level.</returns>
    public PinValue Level(int pinNumber)
    {
        lock (_lock)
        {
            return At(pinNumber).Level;
        }
    }

    /// <summary>Whether firmware has the pin open.</summary>
    /// <param name="pinNumber">The pin.</param>
    public bool IsOpen(int pinNumber)
    {
        lock (_lock)
        {
            return At(pinNumber).Open;
        }
    }

    /// <inheritdoc/>
    protected override void OpenPin(int pinNumber)
    {
        lock (_lock)
        {
            At(pinNumber).Open = true;
        }
    }

    /// <inheritdoc/>
    protected override void ClosePin(int pinNumber)
    {
        lock (_lock)
        {
            // As on a board: a closed pin floats, whatever drove it.
            Pin pin = At(pinNumber);
            pin.Open = false;
            pin.Mode = PinMode.Input;
            pin.Driven = PinValue.Low;
            pin.Rising = null;
            pin.Falling = null;
        }
    }

    /// <inheritdoc/>
    protected override void SetPinMode(int pinNumber, PinMode mode)
    {
        lock (_lock)
        {
            At(pinNumber).Mode = mode;
        }
    }

    /// <inheritdoc/>
    protected override PinMode GetPinMode(int pinNumber)
    {
        lock (_lock)
        {
            return At(pinNumber).Mode;
        }
    }

    /// <inheritdoc/>
    protected override bool IsPinModeSupported(int pinNumber, PinMode mode) => Enum.IsDefined(mode);

    /// <inheritdoc/>
    protected override PinValue Read(int pinNumber) => Level(pinNumber);

    /// <inheritdoc/>
    protected override void Write(int pinNumber, PinValue value)
    {
        bool changed;
        lock (_lock)
        {
            Pin pin = At(pinNumber);
            changed = pin.Driven != value;
            pin.Driven = value;
        }

        if (changed)
        {
            OutputChanged?.Invoke(this, new PinValueChangedEventArgs(value == PinValue.High ? PinEventTypes.Rising : PinEventTypes.Falling, pinNumber));
        }
    }

    /// <inheritdoc/>
    protected override WaitForEventResult WaitForEvent(int pinNumber, PinEventTypes eventTypes, CancellationToken cancellationToken)
    {
        using var come = new ManualResetEventSlim();
        PinEventTypes seen = PinEventTypes.None;
        void OnEdge(object sender, PinValueChangedEventArgs edge)
        {
            seen = edge.ChangeType;
            come.Set();
        }

        AddCallbackForPinValueChangedEvent(pinNumber, eventTypes, OnEdge);
        try
        {
            come.Wait(cancellationToken);
            return new WaitForEventResult { EventTypes = seen };
        }
        catch (OperationCanceledException)
        {
            return new WaitForEventResult { TimedOut = true };
        }
        finally
        {
            RemoveCallbackForPinValueChangedEvent(pinNumber, OnEdge);
        }
    }

    /// <inheritdoc/>
    protected override void AddCallbackForPinValueChangedEvent(int pinNumber, PinEventTypes eventTypes, PinChangeEventHandler callback)
    {
        lock (_lock)
        {
            Pin pin = At(pinNumber);
            if ((eventTypes & PinEventTypes.Rising) != 0)
            {
                pin.Rising += callback;
            }

            if ((eventTypes & PinEventTypes.Falling) != 0)
            {
                pin.Falling += callback;
            }
        }
    }

    /// <inheritdoc/>
    protected override void RemoveCallbackForPinValueChangedEvent(int pinNumber, PinChangeEventHandler callback)
    {
        lock (_lock)
        {
            Pin pin = At(pinNumber);
            pin.Rising -= callback;
            pin.Falling -= callback;
        }
    }

    private Pin At(int pinNumber)
        => pinNumber >= 0 && pinNumber < _pins.Length ? _pins[pinNumber] : throw new ArgumentOutOfRangeException(nameof(pinNumber), pinNumber, "The board has no such pin.");

    private sealed class Pin
    {
        public bool Open;
        public PinMode Mode = PinMode.Input;
        public PinValue Driven = PinValue.Low;
        public PinValue? External;
        public PinChangeEventHandler? Rising;
        public PinChangeEventHandler? Falling;

        public PinValue Level => Mode switch
        {
            PinMode.Output => Driven,
            PinMode.InputPullUp => External ?? PinValue.High,
            _ => External ?? PinValue.Low,
        };

        public PinChangeEventHandler? CallbacksFor(PinEventTypes edge) => edge == PinEventTypes.Rising ? Rising : Falling;
    }
}
