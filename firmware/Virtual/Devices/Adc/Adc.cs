namespace System.Device.Adc;

/// <summary>One input of an analog converter.</summary>
public abstract class AdcChannel : IDisposable
{
    /// <summary>The converter.</summary>
    public abstract AdcController Controller { get; }

    /// <summary>A reading between <see cref="AdcController.MinValue"/> and <see cref="AdcController.MaxValue"/>.</summary>
    public abstract int ReadValue();

    /// <summary>A reading as a part of the full scale, 0 to 1.</summary>
    public double ReadRatio() => ReadValue() / (double)Controller.MaxValue;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the input back.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>An analog converter. nanoFramework's is a class of its own; here it is what a simulated one derives from.</summary>
public abstract class AdcController
{
    /// <summary>How many inputs.</summary>
    public abstract int ChannelCount { get; }

    /// <summary>The smallest reading.</summary>
    public abstract int MinValue { get; }

    /// <summary>The largest reading.</summary>
    public abstract int MaxValue { get; }

    /// <summary>Resolution in bits.</summary>
    public abstract int ResolutionInBits { get; }

    /// <summary>Opens an input.</summary>
    public abstract AdcChannel OpenChannel(int channelNumber);
}
