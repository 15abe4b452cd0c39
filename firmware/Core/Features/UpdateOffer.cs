using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>
/// An update as it is offered (<c>urn:iotxmpp:ota:1</c>): which image, and the manifest that vouches for it, an HMAC-SHA-256 over <see cref="Canonical"/> with the key of the fleet. The hub does not
/// have that key: it can carry images, and withhold them, but not make one.
/// </summary>
public sealed class UpdateOffer
{
    /// <summary>Characters of an id, an image's name, a version or a target at most. Default 32: they are kept on the device.</summary>
    public const int MaxName = 32;

    /// <summary>Bytes of a fleet's key.</summary>
    public const int KeyBytes = 32;

    /// <summary>Seconds of a trial at least. Default 60: a board needs some to come back at all.</summary>
    public const int MinTrial = 60;

    /// <summary>Seconds of a trial at most. Default 604,800: a week.</summary>
    public const int MaxTrial = 604800;

    /// <summary>The id of this offer, the hub's.</summary>
    public string Id = string.Empty;

    /// <summary>The image's name, such as <c>greenhouse</c>: an image of another name is another program.</summary>
    public string Image = string.Empty;

    /// <summary>Its version: 1 to 4 numbers with points between.</summary>
    public string Version = string.Empty;

    /// <summary>What it runs on: <c>nano</c> (a loadable .pe for nanoFramework), <c>linux-arm64</c>, <c>linux-x64</c>, <c>virtual</c>.</summary>
    public string Target = string.Empty;

    /// <summary>Its bytes.</summary>
    public int Size;

    /// <summary>Its SHA-256, 32 bytes.</summary>
    public byte[] Sha256 = new byte[0];

    /// <summary>Whether it may take the place of a newer one.</summary>
    public bool Downgrade;

    /// <summary>The manifest, 32 bytes.</summary>
    public byte[] Manifest = new byte[0];

    /// <summary>Seconds in which the hub must have confirmed it after the restart; else the thing goes back.</summary>
    public int TrialSeconds;

    /// <summary>Reads an <c>update</c> element that the parser stands on.</summary>
    /// <returns>The offer; null when something is missing or out of range.</returns>
    public static UpdateOffer Read(XmlPullParser parser)
    {
        UpdateOffer offer = new UpdateOffer
        {
            Id = parser.Attribute("id"),
            Image = parser.Attribute("image"),
            Version = parser.Attribute("version"),
            Target = parser.Attribute("target"),
            Sha256 = FromHex(parser.Attribute("sha256")),
            Downgrade = parser.AttributeFlag("downgrade", false),
        };
        string manifest = parser.Attribute("manifest");
        byte[] text = manifest == null ? new byte[0] : Utf8.Encode(manifest);
        offer.Manifest = Base64.Decode(text, 0, text.Length);
        long size;
        long trial;
        bool numbers = parser.TryAttribute("size", out size) & parser.TryAttribute("trial", out trial);
        if (!numbers || size < 1 || size > int.MaxValue || trial < MinTrial || trial > MaxTrial || !IsName(offer.Id) || !IsName(offer.Image) || !IsName(offer.Target) || !IsVersion(offer.Version)
            || offer.Sha256 == null || offer.Manifest == null || offer.Manifest.Length != 32)
        {
            return null;
        }

        offer.Size = (int)size;
        offer.TrialSeconds = (int)trial;
        return offer;
    }

    /// <summary>The text that the manifest is made of; frozen by a test.</summary>
    public string Canonical()
        => "iotxmpp-firmware 1\nimage=" + Image + "\nversion=" + Version + "\ntarget=" + Target + "\nsize=" + Size.ToString() + "\nsha256=" + ToHex(Sha256) + "\ndowngrade=" + (Downgrade ? "true" : "false") + "\n";

    /// <summary>Makes the manifest.</summary>
    public byte[] Sign(IHash hash, byte[] key) => hash.Hmac(HashName.Sha256, key, Utf8.Encode(Canonical()));

    /// <summary>Whether the manifest vouches for it.</summary>
    public bool IsGenuine(IHash hash, byte[] key)
    {
        byte[] right = Sign(hash, key);
        int differ = right.Length ^ Manifest.Length;
        for (int i = 0; i < right.Length && i < Manifest.Length; i++)
        {
            differ |= right[i] ^ Manifest[i]; // all of them, so that time tells nothing
        }

        return differ == 0;
    }

    /// <summary>Whether a text is an id, an image's name or a target: 1 to 32 of <c>a-z A-Z 0-9 . _ -</c>, not beginning with a point.</summary>
    public static bool IsName(string text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxName)
        {
            return false;
        }

        byte[] bytes = Utf8.Encode(text);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte b = bytes[i];
            bool word = (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_' || b == '-';
            if (!word && (b != '.' || i == 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a text is a version: 1 to 4 numbers of at most 8 digits with points between.</summary>
    public static bool IsVersion(string text) => text != null && text.Length <= MaxName && Numbers(text) != null;

    /// <summary>Compares two versions; what is none is older than all.</summary>
    /// <returns>Less than 0, 0 or more than 0, as the first is older, the same or newer.</returns>
    public static int Compare(string first, string second)
    {
        int[] a = Numbers(first);
        int[] b = Numbers(second);
        if (a == null || b == null)
        {
            return a == null ? (b == null ? 0 : -1) : 1;
        }

        for (int i = 0; i < 4; i++)
        {
            if (a[i] != b[i])
            {
                return a[i] < b[i] ? -1 : 1;
            }
        }

        return 0;
    }

    /// <summary>Bytes as lower-case hexadecimal.</summary>
    public static string ToHex(byte[] bytes)
    {
        byte[] text = new byte[bytes.Length * 2];
        for (int i = 0; i < bytes.Length; i++)
        {
            text[i * 2] = Digit(bytes[i] >> 4);
            text[(i * 2) + 1] = Digit(bytes[i] & 15);
        }

        return Utf8.Decode(text, 0, text.Length);
    }

    private static byte Digit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);

    // 32 bytes of hexadecimal digits; null when it is none.
    private static byte[] FromHex(string text)
    {
        byte[] digits = text == null ? new byte[0] : Utf8.Encode(text);
        if (digits.Length != 64)
        {
            return null;
        }

        byte[] bytes = new byte[32];
        for (int i = 0; i < digits.Length; i++)
        {
            int b = digits[i];
            int value = b >= '0' && b <= '9' ? b - '0' : b >= 'a' && b <= 'f' ? b - 'a' + 10 : b >= 'A' && b <= 'F' ? b - 'A' + 10 : -1;
            if (value < 0)
            {
                return null;
            }

            bytes[i >> 1] = (byte)((bytes[i >> 1] << 4) | value);
        }

        return bytes;
    }

    private static int[] Numbers(string version)
    {
        byte[] text = version == null ? new byte[0] : Utf8.Encode(version);
        int[] numbers = new int[4];
        int count = 0;
        int digits = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '.' && digits > 0 && count < 3)
            {
                count++;
                digits = 0;
            }
            else if (text[i] >= '0' && text[i] <= '9' && digits < 8)
            {
                numbers[count] = (numbers[count] * 10) + text[i] - '0';
                digits++;
            }
            else
            {
                return null;
            }
        }

        return digits > 0 ? numbers : null;
    }
}
