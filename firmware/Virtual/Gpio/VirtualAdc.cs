using System.Device.Adc;

namespace IotXmpp.Virtual;

/// <summary>An analog converter of 12 bits whose inputs are given in parts of the full scale.</summary>
public sealed class VirtualAdcController : AdcController
{
    private const int Channels = 20;
    private readonly double[] _ratios = new double[Channels];

    /// <inheritdoc/>
    public override int ChannelCount => Channels;
    /// <inheritdoc/>
    public override int MinValue => 0;
    /// <inheritdoc/>
    public override int MaxValue => 4095;
    /// <inheritdoc/>
    public override int ResolutionInBits => 12;

    /// <summary>Puts a voltage on an input.</summary>
    /// <param name="channel">The input.</param>
    /// <param name="ratio">The voltage as a part of the full scale; beyond 0 and 1 the converter is at its end.</param>
    public void SetRatio(int channel, double ratio) => Volatile.Write(ref _ratios[channel], Math.Clamp(ratio, 0, 1));

    /// <inheritdoc/>
    public override AdcChannel OpenChannel(int channelNumber)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(channelNumber);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(channelNumber, Channels);
        return new Channel(this, channelNumber);
    }

    private sealed class Channel(VirtualAdcController controller, int number) : AdcChannel
    {
        public override AdcController Controller => controller;

        public override int ReadValue() => (int)Math.Round(Volatile.Read(ref controller._ratios[number]) * 4095);
    }
}
