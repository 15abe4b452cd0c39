using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>Sets of meta tags as they are presented (XEP-0347 §5.2): read, checked, and as the text of a QR code (§3.5).</summary>
public sealed class MetaTags
{
    /// <summary>The tag that only a thing and its owner know (§7.5): never found, never told.</summary>
    public const string Key = "KEY";

    /// <summary>Characters of a name, at most (§5.2).</summary>
    public const int NameLimit = 32;

    /// <summary>Characters of a string value, at most (§5.2).</summary>
    public const int ValueLimit = 128;

    /// <summary>Tags of one set, at most; default 64: three times the predefined ones.</summary>
    public const int CountLimit = 64;

    private const string Intro = "IoTDisco";

    private readonly List<MetaTag> _tags = [];

    /// <summary>The tags in their order, the KEY not among them.</summary>
    public IReadOnlyList<MetaTag> Tags => _tags;

    /// <summary>The KEY; null for none, empty where it is to be taken away.</summary>
    public string? Secret { get; private set; }

    /// <summary>Adds a tag.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <param name="value">Its value.</param>
    /// <param name="isNumeric">Whether the value is a number (<c>num</c>).</param>
    /// <returns>What is wrong with it, for people; null when nothing is.</returns>
    public string? Add(string? name, string? value, bool isNumeric)
    {
        if (string.IsNullOrEmpty(name) || name.Length > NameLimit || name.Any(c => c is ':' or '#' or ';' || char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            return $"A tag's name has 1 to {NameLimit} characters without colon, semicolon, hash sign and white space.";
        }

        if (value is null)
        {
            return $"The tag {name} has no value.";
        }

        if (value.Length > ValueLimit)
        {
            return $"The value of {name} is longer than {ValueLimit} characters.";
        }

        string upper = name.ToUpperInvariant();
        double number = 0;
        if (isNumeric && (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out number) || !double.IsFinite(number)))
        {
            return $"The value of {name} is no number.";
        }

        if ((upper == Key && Secret is not null) || _tags.Any(t => t.Name == upper))
        {
            return $"The tag {name} is there twice.";
        }

        if (_tags.Count >= CountLimit)
        {
            return $"A thing has at most {CountLimit} tags.";
        }

        if (upper == Key)
        {
            Secret = value;
        }
        else
        {
            _tags.Add(new MetaTag(upper, value, isNumeric ? number : null));
        }

        return null;
    }

    /// <summary>Reads the text of a QR code.</summary>
    /// <param name="text">Such as <c>IoTDisco;SN:1;MAN:example.org;MODEL:X;KEY:…</c>.</param>
    /// <param name="tags">The tags.</param>
    /// <param name="error">What is wrong, for people.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out MetaTags? tags, [NotNullWhen(false)] out string? error) => TryRead(text.Trim(), out tags, out error);

    /// <summary>The same with every character as it stands: a value may end with a space.</summary>
    internal static bool TryRead(string text, [NotNullWhen(true)] out MetaTags? tags, [NotNullWhen(false)] out string? error)
    {
        tags = null;
        if (!text.StartsWith(Intro + ";", StringComparison.Ordinal))
        {
            error = $"it does not begin with {Intro};";
            return false;
        }

        var read = new MetaTags();
        var part = new StringBuilder();
        int colon = -1;
        for (int i = Intro.Length + 1; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : ';';
            if (c == ';' || i == text.Length)
            {
                if (colon <= 0)
                {
                    error = "a tag is NAME:VALUE";
                    return false;
                }

                string name = part.ToString(0, colon);
                bool isNumeric = name.StartsWith('#');
                if (read.Add(isNumeric ? name[1..] : name, part.ToString(colon, part.Length - colon), isNumeric) is { } wrong)
                {
                    error = wrong.TrimEnd('.');
                    return false;
                }

                part.Clear();
                colon = -1;
            }
            else if (c == ':' && colon < 0)
            {
                colon = part.Length;
            }
            else if (c == '\\')
            {
                if (++i == text.Length)
                {
                    error = "it ends within a tag";
                    return false;
                }

                part.Append(text[i]);
            }
            else
            {
                part.Append(c);
            }
        }

        tags = read;
        error = null;
        return true;
    }

    /// <summary>The text of a QR code (§3.5).</summary>
    public static string ToText(IEnumerable<MetaTag> tags, string key)
    {
        var text = new StringBuilder(Intro);
        foreach (MetaTag tag in tags.Append(new MetaTag(Key, key)))
        {
            text.Append(';').Append(tag.Number is null ? "" : "#").Append(tag.Name).Append(':');
            foreach (char c in tag.Value)
            {
                text.Append(c is ';' or '\\' ? "\\" : "").Append(c);
            }
        }

        return text.ToString();
    }
}

/// <summary>The KEY by which a thing is claimed.</summary>
public static class ClaimKey
{
    /// <summary>PBKDF2 iterations; default 10,000 (some 3 ms): a key that a person chose cannot be found in a stolen database by guessing.</summary>
    private const int Iterations = 10_000;

    // 32 characters that cannot be taken for one another: 5 bits each, 130 bits.
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    private const int Length = 26;

    /// <summary>A new random KEY.</summary>
    public static string New() => RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>
    /// What the registry keeps of a KEY and the tags that must be presented with it: their order and the case of names do not count (§3.5). The tags are the salt, so that a claim finds its thing
    /// by this one value, and equal keys of different things differ. On disk: never change it.
    /// </summary>
    public static byte[] Hash(IEnumerable<MetaTag> tags, string key)
    {
        var text = new StringBuilder("iotxmpp claim\n");
        foreach (MetaTag tag in tags.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            // A number is one value however it is written: 1.0 and 1 are the same.
            text.Append(tag.Name).Append(tag.Number is null ? "=" : "#").Append(tag.Number?.ToString("R", CultureInfo.InvariantCulture) ?? tag.Value).Append('\n');
        }

        byte[] salt = SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
        return Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(key), salt, Iterations, HashAlgorithmName.SHA256, 32);
    }

    /// <summary>The tags by name.</summary>
    internal static FrozenDictionary<string, MetaTag> ByName(IEnumerable<MetaTag> tags) => tags.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
}
