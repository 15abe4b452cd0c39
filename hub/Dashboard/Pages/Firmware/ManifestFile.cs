using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Firmware;

namespace IotXmpp.Hub.Dashboard.Pages.Firmware;

/// <summary>What <c>iotxmpp firmware sign</c> writes beside an image (<c>FILE.json</c>). Read strictly; whether it is a manifest the store of images says.</summary>
internal sealed record ManifestFile(
    [property: JsonRequired] string Name,
    [property: JsonRequired] string Version,
    [property: JsonRequired] string Target,
    [property: JsonRequired] long Size,
    [property: JsonRequired] string Sha256,
    [property: JsonRequired] string Manifest,
    bool Downgrade = false)
{
    /// <summary>Bytes of such a file: 4,096; it has some 400.</summary>
    public const int MaxBytes = 4_096;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, MaxDepth = 2, RespectNullableAnnotations = true };

    /// <summary>Reads one.</summary>
    /// <returns>Null where it is none.</returns>
    public static FirmwareManifest? Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonSerializer.Deserialize<ManifestFile>(utf8, s_json) is { } file
                && new FirmwareManifest(file.Name, file.Version, file.Target, file.Size, file.Sha256, file.Manifest, file.Downgrade) is { IsWellFormed: true } manifest ? manifest : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
