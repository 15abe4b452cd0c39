using System.Device.Adc;

namespace IotXmpp.Things;

/// <summary>A lithium-ion cell behind a voltage divider on an analog input.</summary>
public sealed class Battery
{
    // Resting voltage in millivolts for 0, 10 … 100 percent: the usual curve of a 4.2 V lithium-ion cell; flat in the middle, so percent are coarse.
    private static readonly int[] Curve = new int[] { 3270, 3610, 3690, 3710, 3730, 3770, 3800, 3870, 3950, 4050, 4200 };

    private readonly AdcChannel _channel;
    private readonly int _fullScaleMillivolts;

    /// <summary>Takes the input.</summary>
    /// <param name="channel">The analog input.</param>
    /// <param name="fullScaleMillivolts">The cell's voltage that would give the largest reading: the converter's reference times the divider, in millivolts.</param>
    public Battery(AdcChannel channel, int fullScaleMillivolts)
    {
        _channel = channel;
        _fullScaleMillivolts = fullScaleMillivolts;
    }

    /// <summary>The cell's voltage of the last good reading, in millivolts.</summary>
    public int Millivolts { get; private set; }

    /// <summary>The cell's charge of the last good reading, in percent; -1 before the first.</summary>
    public int Percent { get; private set; } = -1;

    /// <summary>Measures once, as the mean of eight readings.</summary>
    /// <returns>False when there is no cell (under 1 V) or the input is at its end (over-voltage or a broken divider).</returns>
    public bool TryRead()
    {
        const int Readings = 8;
        double sum = 0;
        for (int i = 0; i < Readings; i++)
        {
            sum += _channel.ReadRatio();
        }

        double ratio = sum / Readings;
        int millivolts = (int)((ratio * _fullScaleMillivolts) + 0.5);
        if (millivolts < 1000 || ratio >= 0.999)
        {
            return false;
        }

        Millivolts = millivolts;
        Percent = ToPercent(millivolts);
        return true;
    }

    /// <summary>The charge that a resting voltage stands for.</summary>
    /// <param name="millivolts">The cell's voltage.</param>
    /// <returns>0 to 100 percent.</returns>
    public static int ToPercent(int millivolts)
    {
        if (millivolts <= Curve[0])
        {
            return 0;
        }

        for (int i = 1; i < Curve.Length; i++)
        {
            if (millivolts <= Curve[i])
            {
                return ((i - 1) * 10) + ((millivolts - Curve[i - 1]) * 10 / (Curve[i] - Curve[i - 1]));
            }
        }

        return 100;
    }
}
