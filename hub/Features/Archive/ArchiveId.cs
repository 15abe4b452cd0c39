using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>
/// The id of an archived message (XEP-0313 §4, XEP-0359): its place, which no index has to find, and 64 random bits, so that it cannot be guessed and tells nothing but the time.
/// </summary>
/// <param name="Seq">The place: microseconds since 1970, rising within an archive.</param>
/// <param name="Salt">Random.</param>
public readonly record struct ArchiveId(long Seq, long Salt)
{
    private const int SaltDigits = 16;

    /// <summary>When the message was kept, to the millisecond.</summary>
    public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(Seq / 1000);

    /// <summary>Random bits for a new id.</summary>
    public static long NewSalt()
    {
        Span<byte> salt = stackalloc byte[8];
        RandomNumberGenerator.Fill(salt);
        return BinaryPrimitives.ReadInt64LittleEndian(salt);
    }

    /// <summary>Reads an id; false where it cannot be one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ArchiveId id)
    {
        id = default;
        if (text is null || text.Length is <= SaltDigits or > SaltDigits * 2
            || !long.TryParse(text.AsSpan(0, text.Length - SaltDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long seq) || seq <= 0
            || !long.TryParse(text.AsSpan(text.Length - SaltDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long salt))
        {
            return false;
        }

        id = new ArchiveId(seq, salt);
        return id.ToString() == text;
    }

    /// <summary>The id as it stands on the wire.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seq:x}{Salt:x16}");
}
