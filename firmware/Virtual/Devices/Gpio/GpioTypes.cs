namespace System.Device.Gpio;

/// <summary>How a pin is driven.</summary>
public enum PinMode
{
    /// <summary>High impedance input.</summary>
    Input,
    /// <summary>Output, driven both ways.</summary>
    Output,
    /// <summary>Input with a pull-down resistor.</summary>
    InputPullDown,
    /// <summary>Input with a pull-up resistor.</summary>
    InputPullUp,
}

/// <summary>The edges that a callback asks for.</summary>
[Flags]
public enum PinEventTypes
{
    /// <summary>No edge.</summary>
    None = 0,
    /// <summary>From low to high.</summary>
    Rising = 1,
    /// <summary>From high to low.</summary>
    Falling = 2,
}

/// <summary>An edge on a pin.</summary>
public class PinValueChangedEventArgs : EventArgs
{
    /// <summary>Describes an edge.</summary>
    /// <param name="changeType">The edge.</param>
    /// <param name="pinNumber">The pin's number.</param>
    public PinValueChangedEventArgs(PinEventTypes changeType, int pinNumber)
    {
        ChangeType = changeType;
        PinNumber = pinNumber;
    }

    /// <summary>The edge.</summary>
    public PinEventTypes ChangeType { get; }

    /// <summary>The pin's number.</summary>
    public int PinNumber { get; }
}

/// <summary>Called on an edge.</summary>
/// <param name="sender">The driver or pin.</param>
/// <param name="pinValueChangedEventArgs">The edge.</param>
#pragma warning disable CA1711, CA1003 // the name is the real package's
public delegate void PinChangeEventHandler(object sender, PinValueChangedEventArgs pinValueChangedEventArgs);
#pragma warning restore CA1711, CA1003

/// <summary>The outcome of waiting for an edge.</summary>
public struct WaitForEventResult : IEquatable<WaitForEventResult>
{
#pragma warning disable CA1051 // public fields, as in the real package
    /// <summary>The edge that came, or none.</summary>
    public PinEventTypes EventTypes;
    /// <summary>True when the wait ended without an edge.</summary>
    public bool TimedOut;
#pragma warning restore CA1051

    /// <inheritdoc/>
    public readonly bool Equals(WaitForEventResult other) => EventTypes == other.EventTypes && TimedOut == other.TimedOut;
    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is WaitForEventResult other && Equals(other);
    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(EventTypes, TimedOut);
    /// <summary>Compares.</summary>
    public static bool operator ==(WaitForEventResult a, WaitForEventResult b) => a.Equals(b);
    /// <summary>Compares.</summary>
    public static bool operator !=(WaitForEventResult a, WaitForEventResult b) => !a.Equals(b);
}
