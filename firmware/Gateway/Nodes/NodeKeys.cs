using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>
/// The things that may come in behind this gateway, each with a key of its own: a JSON file (<c>{ "node-1": "key" }</c>) that only its owner may read. It is read anew
/// when it has changed, so a thing can be added while the gateway runs.
/// </summary>
/// <param name="path">The file; it need not be there.</param>
public sealed class NodeKeys(string path)
{
    /// <summary>Things at most. Default 64: what one gateway's radio and serial ports can carry.</summary>
    public const int MaxNodes = 64;

    private const int KeyBytes = 24;

    private readonly Lock _gate = new();
    private Dictionary<string, string> _keys = new(StringComparer.Ordinal);
    private (DateTime, long)? _read;

    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>The things, in the order of their names.</summary>
    /// <exception cref="GatewaySettingsException">The file is not what it should be; the message is one line.</exception>
    public IReadOnlyList<string> Ids
    {
        get
        {
            lock (_gate)
            {
                Refresh();
                return [.. _keys.Keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>The key of a thing, or null when there is no such thing.</summary>
    /// <exception cref="GatewaySettingsException">The file is not what it should be.</exception>
    public string? Find(string id)
    {
        lock (_gate)
        {
            Refresh();
            return _keys.GetValueOrDefault(id);
        }
    }

    /// <summary>Adds a thing, or gives it a new key.</summary>
    /// <returns>The key: 32 characters, to be put into the thing.</returns>
    /// <exception cref="GatewaySettingsException">The name is no thing's id, or there are too many.</exception>
    public string Add(string id)
    {
        if (!ThingOptions.IsThingId(id))
        {
            throw new GatewaySettingsException($"\"{id}\" is no thing's id: 1 to 64 of a-z, 0-9 and -.");
        }

        lock (_gate)
        {
            Refresh();
            if (_keys.Count >= MaxNodes && !_keys.ContainsKey(id))
            {
                throw new GatewaySettingsException($"there are {MaxNodes} things behind this gateway already; remove one first.");
            }

            string key = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));
            _keys[id] = key;
            Save();
            return key;
        }
    }

    /// <summary>Removes a thing: its key is worth nothing any more.</summary>
    /// <returns>False when there is no such thing.</returns>
    public bool Remove(string id)
    {
        lock (_gate)
        {
            Refresh();
            bool removed = _keys.Remove(id);
            if (removed)
            {
                Save();
            }

            return removed;
        }
    }

    private void Refresh()
    {
        var file = new FileInfo(Path);
        (DateTime, long)? now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : null;
        if (now == _read)
        {
            return;
        }

        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        if (now is not null)
        {
            try
            {
                JsonObject? entries = JsonNode.Parse(File.ReadAllText(Path), null, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }) as JsonObject;
                foreach ((string id, JsonNode? key) in entries ?? throw new GatewaySettingsException($"{Path} is no JSON object of names and keys."))
                {
                    if (!ThingOptions.IsThingId(id) || key?.GetValueKind() != JsonValueKind.String || key.GetValue<string>().Length < 16)
                    {
                        throw new GatewaySettingsException($"{Path}: \"{id}\" is no thing's id, or its key has fewer than 16 characters.");
                    }

                    keys[id] = key.GetValue<string>();
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
            {
                throw new GatewaySettingsException($"{Path} cannot be read: {e.Message}", e);
            }

            if (keys.Count > MaxNodes)
            {
                throw new GatewaySettingsException($"{Path} has {keys.Count} things; {MaxNodes} are the most.");
            }
        }

        _keys = keys;
        _read = now;
    }

    private void Save()
    {
        var entries = new JsonObject();
        foreach ((string id, string key) in _keys.OrderBy(k => k.Key, StringComparer.Ordinal))
        {
            entries.Add(id, key);
        }

        PrivateFile.Write(Path, entries.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        var file = new FileInfo(Path);
        _read = (file.LastWriteTimeUtc, file.Length);
    }
}
