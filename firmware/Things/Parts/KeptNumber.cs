using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>A whole number that can be set from outside and survives a restart, such as a calibration.</summary>
internal sealed class KeptNumber
{
    private readonly ISettings _settings;
    private readonly string _key;

    /// <summary>Takes what was kept, or a first value.</summary>
    /// <param name="settings">Where it is kept; null keeps it until the restart.</param>
    /// <param name="key">Its name there: the parameter's.</param>
    /// <param name="first">Its value while nothing is kept, or what is kept is out of range.</param>
    /// <param name="minimum">The least value.</param>
    /// <param name="maximum">The greatest value.</param>
    internal KeptNumber(ISettings settings, string key, int first, int minimum, int maximum)
    {
        _settings = settings;
        _key = key;
        Value = first;
        byte[] kept = settings == null ? null : settings.Read(key);
        if (kept != null && kept.Length == 4)
        {
            int value = kept[0] | (kept[1] << 8) | (kept[2] << 16) | (kept[3] << 24);
            Value = value >= minimum && value <= maximum ? value : first;
        }
    }

    /// <summary>Its value.</summary>
    internal int Value { get; private set; }

    /// <summary>Changes and keeps it; the same value again is not written, flash wears.</summary>
    internal void Set(int value)
    {
        if (value == Value)
        {
            return;
        }

        Value = value;
        if (_settings != null)
        {
            _settings.Write(_key, new byte[] { (byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24) });
        }
    }
}
