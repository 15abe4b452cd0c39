using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>What vouches for an image and says what it is; made by who holds the fleet's key. The hub does not, so it keeps the manifest as it came: things judge it.</summary>
/// <param name="Name">The image's name.</param>
/// <param name="Version">1 to 4 numbers with points between.</param>
/// <param name="Target">What it runs on: <c>nano</c>, <c>linux-arm64</c>, <c>linux-x64</c>.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hexadecimal.</param>
/// <param name="Mac">The manifest, 32 bytes in base64.</param>
/// <param name="Downgrade">Whether it may take the place of a newer one.</param>
public sealed record FirmwareManifest(string Name, string Version, string Target, long Size, string Sha256, string Mac, bool Downgrade = false)
{
    /// <summary>Whether it has the form of one.</summary>
    public bool IsWellFormed =>
        UpdateOffer.IsName(Name) && UpdateOffer.IsVersion(Version) && UpdateOffer.IsName(Target) && Size is >= 1 and <= int.MaxValue
        && Sha256 is { Length: 64 } && Sha256.All(c => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f')
        && Mac is { Length: 44 } && Convert.TryFromBase64String(Mac, new byte[33], out int bytes) && bytes == 32;
}

/// <summary>An image that the hub keeps; immutable.</summary>
/// <param name="Id">Its name on the disk: 128 random bits.</param>
/// <param name="Manifest">What it is.</param>
/// <param name="Added">When it came.</param>
/// <param name="By">Who brought it, bare.</param>
public sealed record FirmwareImage(string Id, FirmwareManifest Manifest, DateTimeOffset Added, Jid By);

/// <summary>How a request about images ended.</summary>
public enum FirmwareOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>Who asks may not.</summary>
    Forbidden,

    /// <summary>The manifest has not the form of one.</summary>
    BadManifest,

    /// <summary>It ended before its size or went beyond it.</summary>
    WrongSize,

    /// <summary>It has not the hash that its manifest names.</summary>
    WrongHash,

    /// <summary>There is another image of that name, version and target.</summary>
    Conflict,

    /// <summary>A bound is reached.</summary>
    Full,

    /// <summary>It is larger than an image may be.</summary>
    TooLarge,

    /// <summary>There is no such image.</summary>
    NotFound,

    /// <summary>A roll-out that has not ended uses it.</summary>
    InUse,
}
