namespace System.Security.Cryptography;

public class Aes
{
    internal Aes() { }
    public Aes(CipherMode mode) => throw null;
    public byte[] Decrypt(byte[] data) => throw null;
    public byte[] Encrypt(byte[] data) => throw null;
    public void GenerateIV() { }
    public CipherMode Mode { get => throw null; set { } }
    public byte[] IV { get => throw null; set { } }
    public byte[] Key { get => throw null; set { } }
}

public enum CipherMode : int { CBC = 1, ECB = 2, None = 0 }

public class HMACSHA256 : IDisposable
{
    public HMACSHA256() => throw null;
    public HMACSHA256(byte[] key) => throw null;
    public byte[] ComputeHash(byte[] buffer) => throw null;
    protected void Dispose(bool disposing) { }
    public static byte[] HashData(byte[] key, byte[] source) => throw null;
    public void Dispose() { }
    public byte[] Hash { get => throw null; }
    public byte[] Key { get => throw null; set { } }
}

public class HMACSHA512 : IDisposable
{
    public HMACSHA512() => throw null;
    public HMACSHA512(byte[] key) => throw null;
    public byte[] ComputeHash(byte[] buffer) => throw null;
    protected void Dispose(bool disposing) { }
    public static byte[] HashData(byte[] key, byte[] source) => throw null;
    public void Dispose() { }
    public byte[] Hash { get => throw null; }
    public byte[] Key { get => throw null; set { } }
}
