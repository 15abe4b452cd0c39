using System.Text.Json;
using IotXmpp.Xmpp;

namespace IotXmpp.Host;

/// <summary>
/// Settings in one file that only its owner may read (mode 0600): it holds keys that are as good as passwords. Each write makes the file anew and renames it, so that a power cut leaves the old or the new one.
/// </summary>
public sealed class FileSettings : ISettings
{
    private readonly string _path;
    private readonly Dictionary<string, byte[]> _values;
    private readonly Lock _lock = new();

    /// <summary>Settings in this file, which need not exist yet.</summary>
    /// <exception cref="InvalidDataException">The file is there but is none of ours.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public FileSettings(string path)
    {
        _path = Path.GetFullPath(path);
        if (!File.Exists(_path))
        {
            _values = [];
            return;
        }
        try
        {
            _values = JsonSerializer.Deserialize<Dictionary<string, byte[]>>(File.ReadAllBytes(_path)) ?? [];
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{_path} is not a settings file of IotXmpp; move it away", e);
        }
    }

    /// <inheritdoc/>
    public byte[]? Read(string key)
    {
        lock (_lock)
        {
            return _values.GetValueOrDefault(key);
        }
    }

    /// <inheritdoc/>
    public void Write(string key, byte[]? value)
    {
        lock (_lock)
        {
            if (value == null)
            {
                if (!_values.Remove(key))
                {
                    return;
                }
            }
            else
            {
                _values[key] = value;
            }
            Save();
        }
    }

    private void Save()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        var fresh = _path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        using (var stream = new FileStream(fresh, options))
        {
            JsonSerializer.Serialize(stream, _values);
            stream.Flush(flushToDisk: true);
        }
        File.Move(fresh, _path, overwrite: true);
    }
}
