namespace System.Device.Gpio;

/// <summary>One open pin of a controller.</summary>
public class GpioPin : IDisposable
{
    private readonly GpioController _controller;

    /// <summary>Stands for an open pin.</summary>
    protected internal GpioPin(int pinNumber, GpioController controller)
    {
        PinNumber = pinNumber;
        _controller = controller;
    }

    /// <summary>The pin's number.</summary>
    public virtual int PinNumber { get; }

#pragma warning disable CA1003 // the real package's delegate
    /// <summary>Both edges of the pin.</summary>
    public virtual event PinChangeEventHandler ValueChanged
    {
        add => _controller.RegisterCallbackForPinValueChangedEvent(PinNumber, PinEventTypes.Rising | PinEventTypes.Falling, value);
        remove => _controller.UnregisterCallbackForPinValueChangedEvent(PinNumber, value);
    }
#pragma warning restore CA1003

    /// <summary>How the pin is driven.</summary>
    public virtual PinMode GetPinMode() => _controller.GetPinMode(PinNumber);

    /// <summary>Whether the pin can be driven so.</summary>
    public virtual bool IsPinModeSupported(PinMode pinMode) => _controller.IsPinModeSupported(PinNumber, pinMode);

    /// <summary>Sets how the pin is driven.</summary>
    public virtual void SetPinMode(PinMode value) => _controller.SetPinMode(PinNumber, value);

    /// <summary>The level of the pin.</summary>
    public virtual PinValue Read() => _controller.Read(PinNumber);

    /// <summary>Drives the pin.</summary>
    public virtual void Write(PinValue value) => _controller.Write(PinNumber, value);

    /// <summary>Drives the pin to its other level.</summary>
    public virtual void Toggle() => _controller.Toggle(PinNumber);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the pin.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing && _controller.IsPinOpen(PinNumber))
        {
            _controller.ClosePin(PinNumber);
        }
    }
}
