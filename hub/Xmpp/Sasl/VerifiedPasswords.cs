using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Hub.Sasl;

/// <summary>
/// Remembers which passwords were verified lately, so that PLAIN costs one HMAC instead of a key derivation (about 1 ms) each time. What is kept is an
/// HMAC under a random key of this process over account, its current stored key and the password: it becomes void by itself when the credentials change,
/// and is worth nothing outside the process. Bounded: sets of four, a newcomer takes a place by turns. Thread-safe without locks.
/// </summary>
internal sealed class VerifiedPasswords
{
    private const int Ways = 4;

    private readonly byte[]?[] _tags;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private uint _turn;
    private long _hits;

    public VerifiedPasswords(int entries)
    {
        _tags = new byte[]?[entries <= 0 ? 0 : System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(entries, Ways))];
    }

    /// <summary>How many derivations were spared.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>True when the prepared password is the account's.</summary>
    public bool Verify(string localpart, ScramCredentials credentials, ReadOnlySpan<byte> password)
    {
        if (_tags.Length == 0)
        {
            return credentials.Verify(password);
        }

        Span<byte> tag = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Tag(localpart, credentials, password, tag);
        int set = Set(localpart);
        for (int i = set; i < set + Ways; i++)
        {
            if (Volatile.Read(ref _tags[i]) is { } known && CryptographicOperations.FixedTimeEquals(known, tag))
            {
                Interlocked.Increment(ref _hits);
                return true;
            }
        }

        if (!credentials.Verify(password))
        {
            return false;
        }

        int place = set;
        while (place < set + Ways - 1 && Volatile.Read(ref _tags[place]) is not null)
        {
            place++;
        }

        if (Volatile.Read(ref _tags[place]) is not null)
        {
            place = set + (int)(Interlocked.Increment(ref _turn) % Ways);
        }

        Volatile.Write(ref _tags[place], tag.ToArray());
        return true;
    }

    /// <summary>Forgets an account, and at most three others that share its set.</summary>
    public void Forget(string localpart)
    {
        if (_tags.Length > 0)
        {
            Array.Clear(_tags, Set(localpart), Ways);
        }
    }

    private int Set(string localpart) => (localpart.GetHashCode(StringComparison.Ordinal) & (_tags.Length - 1)) & ~(Ways - 1);

    private void Tag(string localpart, ScramCredentials credentials, ReadOnlySpan<byte> password, Span<byte> tag)
    {
        // stored key (of known length), account, NUL (which no localpart has), password
        int nameBytes = Encoding.UTF8.GetByteCount(localpart);
        byte[] text = new byte[credentials.StoredKey.Length + nameBytes + 1 + password.Length];
        credentials.StoredKey.CopyTo(text, 0);
        Encoding.UTF8.GetBytes(localpart, text.AsSpan(credentials.StoredKey.Length));
        password.CopyTo(text.AsSpan(credentials.StoredKey.Length + nameBytes + 1));
        HMACSHA256.HashData(_key, text, tag);
        CryptographicOperations.ZeroMemory(text);
    }
}
