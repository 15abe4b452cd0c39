using System.Security.Cryptography;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Features.VCard;

/// <summary>The picture of a person.</summary>
/// <param name="Type">Its media type, such as <c>image/png</c>; empty where it is not told.</param>
/// <param name="Image">The bytes.</param>
internal sealed record Photo(string Type, byte[] Image)
{
    private const string VCard = "vcard-temp";

    /// <summary>What presence (XEP-0153) and nodes (XEP-0084) call it: the SHA-1 of the image.</summary>
#pragma warning disable CA5350 // the standard's own choice: a name, no secret
    public string Hash { get; } = Convert.ToHexStringLower(SHA1.HashData(Image));
#pragma warning restore CA5350

    /// <summary>The photo of a vCard, or null where it has none that is a picture.</summary>
    public static Photo? Of(Element vcard) => vcard.Child("PHOTO") is { } photo && photo.Child("BINVAL") is { } binary && Decode(binary.Text) is { Length: > 0 } image
        ? new Photo(photo.Child("TYPE")?.Text.Trim() ?? string.Empty, image)
        : null;

    /// <summary>Reads base64 as people write it, with line breaks; null where it is none.</summary>
    public static byte[]? Decode(string base64)
    {
        byte[] image = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, image, out int length) ? image[..length] : null;
    }

    /// <summary>A vCard with another photo (null: with none), all else as it is.</summary>
    public static Element Replace(Element? vcard, Photo? photo)
    {
        var changed = new Element("vCard", VCard);
        foreach (Element child in vcard?.Children ?? [])
        {
            if (!child.Is("PHOTO", VCard))
            {
                changed.Add(child);
            }
        }

        return photo is null
            ? changed
            : changed.Add(new Element("PHOTO", VCard).Add(new Element("TYPE", VCard).Add(photo.Type)).Add(new Element("BINVAL", VCard).Add(Convert.ToBase64String(photo.Image))));
    }
}
