namespace IotXmpp.Sasl;

/// <summary>All of <see cref="IHash"/> in C#, for any platform. A board overrides <see cref="Hmac"/> where it has it in native code: its PBKDF2 then is native too.</summary>
public class PortableHash : IHash
{
    private const int BlockBytes = 64;

    /// <inheritdoc/>
    public virtual byte[] Digest(HashName name, byte[] data)
    {
        return name == HashName.Sha1 ? Sha1.Digest(data) : Sha256.Digest(data);
    }

    /// <inheritdoc/>
    public virtual byte[] Hmac(HashName name, byte[] key, byte[] data)
    {
        byte[] block = key.Length > BlockBytes ? Digest(name, key) : key;
        byte[] inner = new byte[BlockBytes + data.Length];
        for (int i = 0; i < BlockBytes; i++)
        {
            inner[i] = (byte)(0x36 ^ (i < block.Length ? block[i] : 0));
        }
        System.Array.Copy(data, 0, inner, BlockBytes, data.Length);
        byte[] digest = Digest(name, inner);
        byte[] outer = new byte[BlockBytes + digest.Length];
        for (int i = 0; i < BlockBytes; i++)
        {
            outer[i] = (byte)(0x5C ^ (i < block.Length ? block[i] : 0));
        }
        System.Array.Copy(digest, 0, outer, BlockBytes, digest.Length);
        return Digest(name, outer);
    }

    /// <inheritdoc/>
    public virtual byte[] Pbkdf2(HashName name, byte[] password, byte[] salt, int iterations)
    {
        byte[] first = new byte[salt.Length + 4];
        System.Array.Copy(salt, 0, first, 0, salt.Length);
        first[salt.Length + 3] = 1;
        byte[] u = Hmac(name, password, first);
        byte[] result = (byte[])u.Clone();
        for (int i = 1; i < iterations; i++)
        {
            u = Hmac(name, password, u);
            for (int k = 0; k < result.Length; k++)
            {
                result[k] ^= u[k];
            }
        }
        return result;
    }
}

/// <summary>SHA-1 (FIPS 180-4 §6.1), here for SCRAM-SHA-1 and for the hash of XEP-0115, which both prescribe it.</summary>
public static class Sha1
{
    /// <summary>The digest, 20 bytes.</summary>
    public static byte[] Digest(byte[] data)
    {
        byte[] message = HashPadding.Pad(data);
        uint[] w = new uint[80];
        uint h0 = 0x67452301, h1 = 0xEFCDAB89, h2 = 0x98BADCFE, h3 = 0x10325476, h4 = 0xC3D2E1F0;
        for (int block = 0; block < message.Length; block += 64)
        {
            HashPadding.Words(message, block, w);
            for (int t = 16; t < 80; t++)
            {
                uint x = w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16];
                w[t] = x << 1 | x >> 31;
            }
            uint a = h0, b = h1, c = h2, d = h3, e = h4;
            for (int t = 0; t < 80; t++)
            {
                uint f = t < 20 ? (b & c | ~b & d) + 0x5A827999 : t < 40 ? (b ^ c ^ d) + 0x6ED9EBA1 : t < 60 ? (b & c | b & d | c & d) + 0x8F1BBCDC : (b ^ c ^ d) + 0xCA62C1D6;
                uint temp = (a << 5 | a >> 27) + f + e + w[t];
                e = d;
                d = c;
                c = b << 30 | b >> 2;
                b = a;
                a = temp;
            }
            h0 += a;
            h1 += b;
            h2 += c;
            h3 += d;
            h4 += e;
        }
        byte[] digest = new byte[20];
        HashPadding.Put(h0, digest, 0);
        HashPadding.Put(h1, digest, 4);
        HashPadding.Put(h2, digest, 8);
        HashPadding.Put(h3, digest, 12);
        HashPadding.Put(h4, digest, 16);
        return digest;
    }
}

/// <summary>SHA-256 (FIPS 180-4 §6.2): nanoFramework has it only inside HMAC. An object takes data in pieces, such as an image that is larger than the memory.</summary>
public sealed class Sha256
{
    private static readonly uint[] K =
    {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    };

    private const int BlockBytes = 64;

    private readonly uint[] _w = new uint[64];
    private readonly uint[] _h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    private readonly byte[] _block = new byte[BlockBytes];
    private long _length;

    /// <summary>The digest, 32 bytes.</summary>
    public static byte[] Digest(byte[] data)
    {
        Sha256 hash = new Sha256();
        hash.Add(data, 0, data.Length);
        return hash.Finish();
    }

    /// <summary>Takes a piece.</summary>
    public void Add(byte[] data, int offset, int count)
    {
        int filled = (int)(_length % BlockBytes);
        _length += count;
        while (count > 0)
        {
            if (filled == 0 && count >= BlockBytes)
            {
                Block(data, offset);
                offset += BlockBytes;
                count -= BlockBytes;
                continue;
            }
            int take = BlockBytes - filled < count ? BlockBytes - filled : count;
            System.Array.Copy(data, offset, _block, filled, take);
            offset += take;
            count -= take;
            filled += take;
            if (filled == BlockBytes)
            {
                Block(_block, 0);
                filled = 0;
            }
        }
    }

    /// <summary>The digest of all pieces, 32 bytes; the object is used up.</summary>
    public byte[] Finish()
    {
        byte[] end = HashPadding.End(_length);
        Add(end, 0, end.Length);
        byte[] digest = new byte[32];
        for (int i = 0; i < 8; i++)
        {
            HashPadding.Put(_h[i], digest, i * 4);
        }
        return digest;
    }

    private void Block(byte[] data, int at)
    {
        uint[] w = _w;
        HashPadding.Words(data, at, w);
        for (int t = 16; t < 64; t++)
        {
            uint x = w[t - 15];
            uint y = w[t - 2];
            w[t] = w[t - 16] + ((x >> 7 | x << 25) ^ (x >> 18 | x << 14) ^ x >> 3) + w[t - 7] + ((y >> 17 | y << 15) ^ (y >> 19 | y << 13) ^ y >> 10);
        }
        uint a = _h[0], b = _h[1], c = _h[2], d = _h[3], e = _h[4], f = _h[5], g = _h[6], last = _h[7];
        for (int t = 0; t < 64; t++)
        {
            uint t1 = last + ((e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)) + (e & f ^ ~e & g) + K[t] + w[t];
            uint t2 = ((a >> 2 | a << 30) ^ (a >> 13 | a << 19) ^ (a >> 22 | a << 10)) + (a & b ^ a & c ^ b & c);
            last = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
        _h[0] += a;
        _h[1] += b;
        _h[2] += c;
        _h[3] += d;
        _h[4] += e;
        _h[5] += f;
        _h[6] += g;
        _h[7] += last;
    }
}

/// <summary>What SHA-1 and SHA-256 share (FIPS 180-4 §5.1.1, §5.2.1).</summary>
internal static class HashPadding
{
    internal static byte[] Pad(byte[] data)
    {
        byte[] message = new byte[(data.Length + 8) / 64 * 64 + 64];
        System.Array.Copy(data, 0, message, 0, data.Length);
        message[data.Length] = 0x80;
        long bits = (long)data.Length * 8;
        for (int i = 1; i <= 8; i++)
        {
            message[message.Length - i] = (byte)bits;
            bits >>= 8;
        }
        return message;
    }

    /// <summary>What follows a message of so many bytes.</summary>
    internal static byte[] End(long length)
    {
        byte[] end = new byte[(int)(64 - ((length + 8) % 64)) + 8];
        end[0] = 0x80;
        long bits = length * 8;
        for (int i = 1; i <= 8; i++)
        {
            end[end.Length - i] = (byte)bits;
            bits >>= 8;
        }
        return end;
    }

    internal static void Words(byte[] message, int block, uint[] w)
    {
        for (int t = 0; t < 16; t++)
        {
            int at = block + t * 4;
            w[t] = (uint)(message[at] << 24 | message[at + 1] << 16 | message[at + 2] << 8 | message[at + 3]);
        }
    }

    internal static void Put(uint value, byte[] target, int at)
    {
        target[at] = (byte)(value >> 24);
        target[at + 1] = (byte)(value >> 16);
        target[at + 2] = (byte)(value >> 8);
        target[at + 3] = (byte)value;
    }
}
