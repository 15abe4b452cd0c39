namespace System.Device.Gpio;

/// <summary>What a <see cref="GpioController"/> stands on: real pins, or the simulated ones of IotXmpp.Virtual.</summary>
public abstract class GpioDriver : IDisposable
{
    /// <summary>How many pins there are.</summary>
    protected internal abstract int PinCount { get; }

    /// <summary>Takes a pin into use.</summary>
    protected internal abstract void OpenPin(int pinNumber);

    /// <summary>Gives a pin back.</summary>
    protected internal abstract void ClosePin(int pinNumber);

    /// <summary>Sets how a pin is driven.</summary>
    protected internal abstract void SetPinMode(int pinNumber, PinMode mode);

    /// <summary>Sets how a pin is driven, an output starting with a level.</summary>
    protected internal virtual void SetPinMode(int pinNumber, PinMode mode, PinValue initialValue)
    {
        SetPinMode(pinNumber, mode);
        if (mode == PinMode.Output)
        {
            Write(pinNumber, initialValue);
        }
    }

    /// <summary>How a pin is driven now.</summary>
    protected internal abstract PinMode GetPinMode(int pinNumber);

    /// <summary>Whether a pin can be driven so.</summary>
    protected internal abstract bool IsPinModeSupported(int pinNumber, PinMode mode);

    /// <summary>The level of a pin.</summary>
    protected internal abstract PinValue Read(int pinNumber);

    /// <summary>Drives a pin to a level.</summary>
    protected internal abstract void Write(int pinNumber, PinValue value);

    /// <summary>Blocks until an edge comes or the wait is cancelled.</summary>
    protected internal abstract WaitForEventResult WaitForEvent(int pinNumber, PinEventTypes eventTypes, CancellationToken cancellationToken);

    /// <summary>Calls back on edges.</summary>
    protected internal abstract void AddCallbackForPinValueChangedEvent(int pinNumber, PinEventTypes eventTypes, PinChangeEventHandler callback);

    /// <summary>Ends a call-back.</summary>
    protected internal abstract void RemoveCallbackForPinValueChangedEvent(int pinNumber, PinChangeEventHandler callback);

    /// <summary>Drives a pin to the other level.</summary>
    protected internal virtual void Toggle(int pinNumber) => Write(pinNumber, !Read(pinNumber));

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives everything back.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
