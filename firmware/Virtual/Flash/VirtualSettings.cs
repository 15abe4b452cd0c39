using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>Settings in memory, which outlive the virtual board's restarts.</summary>
public sealed class VirtualSettings : ISettings
{
    private readonly Dictionary<string, byte[]> _values = [];

    /// <summary>Times that something was written, for wear.</summary>
    public int Writes { get; private set; }

    /// <inheritdoc/>
    public byte[]? Read(string key) => _values.TryGetValue(key, out byte[]? value) ? [.. value] : null;

    /// <inheritdoc/>
    public void Write(string key, byte[]? value)
    {
        Writes++;
        if (value is null)
        {
            _values.Remove(key);
        }
        else
        {
            _values[key] = [.. value];
        }
    }
}
