using System.Collections;
using IotXmpp.Xmpp;

namespace IotXmpp.SelfTest;

/// <summary>Settings that last as long as the test.</summary>
public sealed class MemorySettings : ISettings
{
    private readonly ArrayList _keys = new ArrayList();
    private readonly ArrayList _values = new ArrayList();

    /// <inheritdoc/>
    public byte[] Read(string key)
    {
        int index = _keys.IndexOf(key);
        return index < 0 ? null : (byte[])_values[index];
    }

    /// <inheritdoc/>
    public void Write(string key, byte[] value)
    {
        int index = _keys.IndexOf(key);
        if (index >= 0)
        {
            _keys.RemoveAt(index);
            _values.RemoveAt(index);
        }

        if (value != null)
        {
            _keys.Add(key);
            _values.Add(value);
        }
    }
}
