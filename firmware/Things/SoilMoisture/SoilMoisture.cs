using System.Device.Adc;

namespace IotXmpp.Things;

/// <summary>
/// A capacitive soil probe with an analog output: the wetter, the lower its voltage. What it gives in dry and in wet soil differs from probe to probe, so both
/// are calibrated; between them moisture is taken to be linear.
/// </summary>
public sealed class SoilMoisture
{
    /// <summary>Least difference between dry and wet, in ‰ of the full scale. Default 50: nearer, and noise of the converter looks like rain.</summary>
    public const int MinSpan = 50;

    // At the converter's ends no probe is there, or its wire is short-circuited.
    private const int LowestPermille = 5;
    private const int HighestPermille = 995;

    private readonly AdcChannel _channel;

    /// <summary>Takes the input.</summary>
    /// <param name="channel">The analog input.</param>
    /// <param name="dryPermille">What the probe gives in dry soil, in ‰ of the full scale.</param>
    /// <param name="wetPermille">What it gives in wet soil; at least <see cref="MinSpan"/> away from dry, on either side.</param>
    public SoilMoisture(AdcChannel channel, int dryPermille, int wetPermille)
    {
        _channel = channel;
        DryPermille = dryPermille;
        WetPermille = wetPermille;
    }

    /// <summary>What the probe gives in dry soil, in ‰ of the full scale.</summary>
    public int DryPermille { get; private set; }

    /// <summary>What the probe gives in wet soil, in ‰ of the full scale.</summary>
    public int WetPermille { get; private set; }

    /// <summary>The last good reading as the converter gave it, in ‰ of the full scale.</summary>
    public int RawPermille { get; private set; }

    /// <summary>The last good reading in tenths of a percent of the way from dry to wet, 0 to 1,000.</summary>
    public int DeciPercent { get; private set; }

    /// <summary>Calibrates.</summary>
    /// <param name="dryPermille">What the probe gives in dry soil.</param>
    /// <param name="wetPermille">What it gives in wet soil.</param>
    /// <returns>False, and nothing changed, when they are nearer than <see cref="MinSpan"/>.</returns>
    public bool TryCalibrate(int dryPermille, int wetPermille)
    {
        int span = dryPermille - wetPermille;
        if (span < MinSpan && span > -MinSpan)
        {
            return false;
        }

        DryPermille = dryPermille;
        WetPermille = wetPermille;
        return true;
    }

    /// <summary>Measures once, as the mean of eight readings.</summary>
    /// <returns>False when the input is at one of its ends: no probe, or a short circuit.</returns>
    public bool TryRead()
    {
        const int Readings = 8;
        double sum = 0;
        for (int i = 0; i < Readings; i++)
        {
            sum += _channel.ReadRatio();
        }

        int raw = (int)((sum / Readings * 1000) + 0.5);
        if (raw < LowestPermille || raw > HighestPermille)
        {
            return false;
        }

        int moisture = (int)FixedPoint.Divide((DryPermille - raw) * 1000L * Sign(), Span());
        RawPermille = raw;
        DeciPercent = moisture < 0 ? 0 : moisture > 1000 ? 1000 : moisture;
        return true;
    }

    private int Sign() => DryPermille > WetPermille ? 1 : -1;

    private int Span() => (DryPermille - WetPermille) * Sign();
}
