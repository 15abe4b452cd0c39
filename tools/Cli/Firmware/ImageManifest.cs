using System.Security.Cryptography;
using System.Text.Json;
using IotXmpp.Features;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Firmware;

/// <summary>What stands beside an image as <c>FILE.json</c>: what it is, and the manifest by which things know it as their fleet's.</summary>
internal sealed record ImageManifest(string Name, string Version, string Target, int Size, string Sha256, string Manifest, bool Downgrade)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow };

    /// <summary>Where it stands.</summary>
    public static string PathOf(string image) => image + ".json";

    /// <summary>Signs an image.</summary>
    /// <exception cref="CliException">A name is none, or the image is too large.</exception>
    public static ImageManifest Sign(string image, string name, string version, string target, bool downgrade, byte[] key)
    {
        if (!UpdateOffer.IsName(name) || !UpdateOffer.IsName(target))
        {
            throw new CliException(ExitCode.Usage, $"'{(UpdateOffer.IsName(name) ? target : name)}' is no name: 1 to {UpdateOffer.MaxName} of a-z A-Z 0-9 . _ -");
        }

        if (!UpdateOffer.IsVersion(version))
        {
            throw new CliException(ExitCode.Usage, $"'{version}' is no version: 1 to 4 numbers with points between, such as 1.5.0");
        }

        using FileStream file = Open(image);
        if (file.Length is 0 or > int.MaxValue)
        {
            throw new CliException(ExitCode.Usage, $"{image} has {file.Length:N0} bytes; an image has 1 to {int.MaxValue:N0}");
        }

        var offer = new UpdateOffer { Image = name, Version = version, Target = target, Size = (int)file.Length, Sha256 = SHA256.HashData(file), Downgrade = downgrade };
        return new ImageManifest(name, version, target, offer.Size, Convert.ToHexStringLower(offer.Sha256), Convert.ToBase64String(offer.Sign(DotNetHash.Instance, key)), downgrade);
    }

    /// <summary>Reads what stands beside an image.</summary>
    /// <exception cref="CliException">There is nothing, or it is none.</exception>
    public static ImageManifest Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new CliException(ExitCode.Usage, $"there is no {path}; sign the image first: iotxmpp firmware sign");
        }

        try
        {
            return JsonSerializer.Deserialize<ImageManifest>(File.ReadAllText(path), s_json) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new CliException(ExitCode.Usage, $"{path} is no manifest; sign the image anew: iotxmpp firmware sign");
        }
    }

    /// <summary>Opens an image.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public static FileStream Open(string image) => File.Exists(image) ? File.OpenRead(image) : throw new CliException(ExitCode.Usage, $"there is no image {image}");

    /// <summary>Writes it.</summary>
    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, s_json) + "\n");

    /// <summary>As the hub takes it.</summary>
    public Element ToElement(string element)
    {
        Element image = new Element(Ns.Ota, element).Set("name", Name).Set("version", Version).Set("target", Target).Set("size", Size.ToString(System.Globalization.CultureInfo.InvariantCulture)).Set("sha256", Sha256).Set("manifest", Manifest);
        return Downgrade ? image.Set("downgrade", "true") : image;
    }
}
