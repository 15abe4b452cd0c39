namespace System.Device.Gpio;

/// <summary>The pins of a board. On a PC it needs a driver, such as <c>IotXmpp.Virtual.VirtualGpioDriver</c>.</summary>
public class GpioController : IDisposable
{
    private readonly GpioDriver _driver;
    private readonly Dictionary<int, GpioPin> _open = [];
    private bool _disposed;

    /// <summary>The board's own pins: not here, this is the shim for machines without pins.</summary>
    /// <exception cref="PlatformNotSupportedException">Always: build with PiReferences=packages on a Raspberry Pi.</exception>
    public GpioController()
        : this(null!)
    {
    }

    /// <summary>Pins of the given driver, which the controller then owns.</summary>
    /// <param name="driver">The pins.</param>
    /// <exception cref="PlatformNotSupportedException">There is no driver: this machine has no pins.</exception>
    public GpioController(GpioDriver driver)
        => _driver = driver ?? throw new PlatformNotSupportedException("This build has no real pins: give a GpioDriver, or build with PiReferences=packages.");

    /// <summary>How many pins there are.</summary>
    public virtual int PinCount => _driver.PinCount;

    /// <summary>Opens a pin as it is.</summary>
    /// <param name="pinNumber">The pin's number.</param>
    /// <exception cref="InvalidOperationException">The pin is open already.</exception>
    public GpioPin OpenPin(int pinNumber)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_open.ContainsKey(pinNumber))
        {
            throw new InvalidOperationException($"Pin {pinNumber} is already open.");
        }

        _driver.OpenPin(pinNumber);
        var pin = new GpioPin(pinNumber, this);
        _open[pinNumber] = pin;
        return pin;
    }

    /// <summary>Opens a pin and sets how it is driven.</summary>
    public GpioPin OpenPin(int pinNumber, PinMode mode)
    {
        GpioPin pin = OpenPin(pinNumber);
        SetPinMode(pinNumber, mode);
        return pin;
    }

    /// <summary>Opens a pin, sets how it is driven and an output's first level.</summary>
    public GpioPin OpenPin(int pinNumber, PinMode mode, PinValue initialValue)
    {
        GpioPin pin = OpenPin(pinNumber);
        _driver.SetPinMode(pinNumber, mode, initialValue);
        return pin;
    }

    /// <summary>Closes a pin.</summary>
    public void ClosePin(int pinNumber)
    {
        Require(pinNumber);
        _driver.ClosePin(pinNumber);
        _open.Remove(pinNumber);
    }

    /// <summary>Whether a pin is open.</summary>
    public virtual bool IsPinOpen(int pinNumber) => _open.ContainsKey(pinNumber);

    /// <summary>Whether a pin can be driven so.</summary>
    public virtual bool IsPinModeSupported(int pinNumber, PinMode mode) => _driver.IsPinModeSupported(pinNumber, mode);

    /// <summary>Sets how a pin is driven.</summary>
    /// <exception cref="InvalidOperationException">The pin is not open, or cannot be driven so.</exception>
    public virtual void SetPinMode(int pinNumber, PinMode mode)
    {
        Require(pinNumber);
        if (!_driver.IsPinModeSupported(pinNumber, mode))
        {
            throw new InvalidOperationException($"Pin {pinNumber} does not support mode {mode}.");
        }

        _driver.SetPinMode(pinNumber, mode);
    }

    /// <summary>How a pin is driven.</summary>
    public virtual PinMode GetPinMode(int pinNumber)
    {
        Require(pinNumber);
        return _driver.GetPinMode(pinNumber);
    }

    /// <summary>The level of a pin.</summary>
    public virtual PinValue Read(int pinNumber)
    {
        Require(pinNumber);
        return _driver.Read(pinNumber);
    }

    /// <summary>Drives an output.</summary>
    /// <exception cref="InvalidOperationException">The pin is not open, or not an output.</exception>
    public virtual void Write(int pinNumber, PinValue value)
    {
        Require(pinNumber);
        if (_driver.GetPinMode(pinNumber) != PinMode.Output)
        {
            throw new InvalidOperationException($"Pin {pinNumber} is not an output.");
        }

        _driver.Write(pinNumber, value);
    }

    /// <summary>Drives an output to its other level.</summary>
    public virtual void Toggle(int pinNumber) => Write(pinNumber, !Read(pinNumber));

    /// <summary>Waits for an edge.</summary>
    public virtual WaitForEventResult WaitForEvent(int pinNumber, PinEventTypes eventTypes, CancellationToken cancellationToken)
    {
        Require(pinNumber);
        return _driver.WaitForEvent(pinNumber, eventTypes, cancellationToken);
    }

    /// <summary>Calls back on edges, from whichever thread the driver has.</summary>
    public virtual void RegisterCallbackForPinValueChangedEvent(int pinNumber, PinEventTypes eventTypes, PinChangeEventHandler callback)
    {
        Require(pinNumber);
        _driver.AddCallbackForPinValueChangedEvent(pinNumber, eventTypes, callback);
    }

    /// <summary>Ends a call-back.</summary>
    public virtual void UnregisterCallbackForPinValueChangedEvent(int pinNumber, PinChangeEventHandler callback)
    {
        Require(pinNumber);
        _driver.RemoveCallbackForPinValueChangedEvent(pinNumber, callback);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes every pin and the driver.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (_disposed || !disposing)
        {
            return;
        }

        _disposed = true;
        foreach (int pin in _open.Keys)
        {
            _driver.ClosePin(pin);
        }

        _open.Clear();
        _driver.Dispose();
    }

    private void Require(int pinNumber)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_open.ContainsKey(pinNumber))
        {
            throw new InvalidOperationException($"Pin {pinNumber} is not open.");
        }
    }
}
