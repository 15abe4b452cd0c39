namespace IotXmpp.Virtual;

/// <summary>A capacitive soil probe on an analog input: the wetter, the lower its voltage.</summary>
public sealed class VirtualSoilProbe : IVirtualPart
{
    private readonly VirtualAdcController _adc;
    private readonly int _channel;
    private double _moisture;
    private bool _unplugged;

    /// <summary>Puts a probe on an input, in soil of 50 %.</summary>
    /// <param name="adc">The converter.</param>
    /// <param name="channel">The input.</param>
    public VirtualSoilProbe(VirtualAdcController adc, int channel)
    {
        _adc = adc;
        _channel = channel;
        Moisture = 50;
    }

    /// <summary>What it gives in dry soil, as a part of the full scale.</summary>
    public double Dry { get; set; } = 0.68;

    /// <summary>What it gives in wet soil, as a part of the full scale.</summary>
    public double Wet { get; set; } = 0.30;

    /// <summary>Moisture of the soil, in % of the way from dry to wet.</summary>
    public double Moisture
    {
        get => _moisture;
        set
        {
            _moisture = value;
            if (!_unplugged)
            {
                _adc.SetRatio(_channel, Dry + ((Wet - Dry) * value / 100));
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Quantities { get; } = ["moisture"];

    /// <inheritdoc/>
    public void Set(string quantity, double value) => Moisture = quantity == "moisture" ? value : throw IVirtualPart.Unknown("soil probe", quantity, Quantities);

    /// <summary>Plugs it in.</summary>
    public void Plug()
    {
        _unplugged = false;
        Moisture = _moisture;
    }

    /// <summary>Pulls it out: the input is drawn to ground.</summary>
    public void Unplug()
    {
        _unplugged = true;
        _adc.SetRatio(_channel, 0);
    }
}
