using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Sasl;

/// <summary>
/// What makes the way back short: the token that the server gave (XEP-0484), and what it offers, so that nobody has to wait to be told. One record in the settings under <see cref="Key"/>.
/// Who reads it can log in as the account until the token ends.
/// </summary>
public sealed class FastToken
{
    /// <summary>The key in the settings.</summary>
    public const string Key = "fast";

    /// <summary>Bytes of the features' hash that are compared (wire profile, session).</summary>
    public const int HashBytes = 8;

    // version, mechanism (0: no token), features (4, big-endian), their hash, the digest of the offer, the installation, then account and token, each after one byte of length
    private const byte Version = 1;
    private const int DigestBytes = 32;
    private const int AgentBytes = 16;
    private const int FeaturesAt = 2;
    private const int HashAt = FeaturesAt + 4;
    private const int DigestAt = HashAt + HashBytes;
    private const int AgentAt = DigestAt + DigestBytes;
    private const int AccountAt = AgentAt + AgentBytes;

    private readonly ISettings _settings;
    private readonly byte[] _account;
    private readonly byte[] _agent = new byte[AgentBytes];

    /// <summary>The record of that account in these settings; a new one, with a new installation, where there is none.</summary>
    public FastToken(ISettings settings, Jid account, IRandom random)
    {
        _settings = settings;
        _account = account.Utf8;
        byte[] record = settings.Read(Key);
        if (!Load(record))
        {
            random.Fill(_agent);
            _agent[6] = (byte)(_agent[6] & 0x0F | 0x40); // RFC 9562 §5.4: a random UUID
            _agent[8] = (byte)(_agent[8] & 0x3F | 0x80);
        }
    }

    /// <summary>The token as UTF-8, or null.</summary>
    public byte[] Token { get; private set; }

    /// <summary>Whether the token is bound to the server's certificate.</summary>
    public bool IsBound { get; private set; }

    /// <summary>What the server offered when it was last asked, in the bits of the stream's features; 0 for nothing known.</summary>
    public int Features { get; private set; }

    /// <summary>The hash that says whether it still does.</summary>
    public byte[] FeaturesHash { get; private set; }

    /// <summary>What SCRAM-SHA-256 must tell as the hash of the offer (XEP-0474).</summary>
    public byte[] OfferDigest { get; private set; }

    /// <summary>The installation (XEP-0388 §2.3): a UUID, made once.</summary>
    public string Agent
    {
        get
        {
            byte[] text = new byte[36];
            int at = 0;
            for (int i = 0; i < AgentBytes; i++)
            {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                {
                    text[at++] = (byte)'-';
                }
                Hex(_agent[i], text, at);
                at += 2;
            }
            return Utf8.Decode(text, 0, at);
        }
    }

    /// <summary>The hash of the features as hexadecimal text.</summary>
    public string FeaturesHashText()
    {
        byte[] text = new byte[2 * HashBytes];
        for (int i = 0; i < HashBytes; i++)
        {
            Hex(FeaturesHash[i], text, 2 * i);
        }
        return Utf8.Decode(text, 0, text.Length);
    }

    /// <summary>Keeps a new token.</summary>
    public void Keep(byte[] token, bool isBound)
    {
        if (token.Length == 0 || token.Length > 255)
        {
            return; // does not fit the record: such a server gets the password each time
        }
        Token = token;
        IsBound = isBound;
        Save();
    }

    /// <summary>Keeps what the server offers, so that it is not waited for next time; nothing is written where that is known already.</summary>
    public void Remember(int features, byte[] hash, byte[] digest)
    {
        if (features == Features && FeaturesHash != null && Utf8.Equal(hash, 0, FeaturesHash, 0, HashBytes))
        {
            return;
        }
        Features = features;
        FeaturesHash = hash;
        OfferDigest = digest;
        Save();
    }

    /// <summary>Drops a token that was refused.</summary>
    public void Drop()
    {
        Token = null;
        Save();
    }

    private bool Load(byte[] record)
    {
        if (record == null || record.Length < AccountAt + 2 || record[0] != Version || record[AccountAt] != _account.Length
            || record.Length < AccountAt + 2 + _account.Length || !Utf8.Equal(record, AccountAt + 1, _account, 0, _account.Length))
        {
            return false;
        }
        int tokenAt = AccountAt + 1 + _account.Length;
        if (record.Length != tokenAt + 1 + record[tokenAt])
        {
            return false;
        }
        Features = record[FeaturesAt] << 24 | record[FeaturesAt + 1] << 16 | record[FeaturesAt + 2] << 8 | record[FeaturesAt + 3];
        FeaturesHash = Part(record, HashAt, HashBytes);
        OfferDigest = Part(record, DigestAt, DigestBytes);
        System.Array.Copy(record, AgentAt, _agent, 0, AgentBytes);
        Token = record[1] == 0 ? null : Part(record, tokenAt + 1, record[tokenAt]);
        IsBound = record[1] == 2;
        return true;
    }

    private void Save()
    {
        if (_account.Length > 255)
        {
            return;
        }
        int length = Token == null ? 0 : Token.Length;
        byte[] record = new byte[AccountAt + 2 + _account.Length + length];
        record[0] = Version;
        record[1] = (byte)(Token == null ? 0 : IsBound ? 2 : 1);
        for (int i = 0; i < 4; i++)
        {
            record[FeaturesAt + i] = (byte)(Features >> 24 - 8 * i);
        }
        if (FeaturesHash != null)
        {
            System.Array.Copy(FeaturesHash, 0, record, HashAt, HashBytes);
            System.Array.Copy(OfferDigest, 0, record, DigestAt, DigestBytes);
        }
        System.Array.Copy(_agent, 0, record, AgentAt, AgentBytes);
        record[AccountAt] = (byte)_account.Length;
        System.Array.Copy(_account, 0, record, AccountAt + 1, _account.Length);
        record[AccountAt + 1 + _account.Length] = (byte)length;
        if (length > 0)
        {
            System.Array.Copy(Token, 0, record, record.Length - length, length);
        }
        _settings.Write(Key, record);
    }

    private static byte[] Part(byte[] record, int at, int count)
    {
        byte[] part = new byte[count];
        System.Array.Copy(record, at, part, 0, count);
        return part;
    }

    private static void Hex(byte value, byte[] text, int at)
    {
        text[at] = Digit(value >> 4);
        text[at + 1] = Digit(value & 15);
    }

    private static byte Digit(int value)
    {
        return (byte)(value < 10 ? '0' + value : 'a' + value - 10);
    }
}
