using IotXmpp.Xml;

namespace IotXmpp.Sasl;

/// <summary>HT-SHA-256 (draft-schmaus-kitten-sasl-ht): proves a token of the server by one message, and the server proves that it knows the token. Without channel binding or bound to the certificate.</summary>
public sealed class HashedTokenMechanism : SaslMechanism
{
    /// <summary>The token alone.</summary>
    public const string Unbound = "HT-SHA-256-NONE";

    /// <summary>The token and <c>tls-server-end-point</c> (RFC 5929 §4).</summary>
    public const string EndPoint = "HT-SHA-256-ENDP";

    private readonly IHash _hashes;
    private readonly string _user;
    private readonly byte[] _token;
    private readonly byte[] _binding;
    private bool _verified;

    /// <summary>An exchange.</summary>
    /// <param name="hashes">How to hash.</param>
    /// <param name="user">The account's localpart.</param>
    /// <param name="token">The token, as UTF-8.</param>
    /// <param name="binding">Channel-binding data for <see cref="EndPoint"/>; null for <see cref="Unbound"/>.</param>
    public HashedTokenMechanism(IHash hashes, string user, byte[] token, byte[] binding)
    {
        _hashes = hashes;
        _user = user;
        _token = token;
        _binding = binding;
    }

    /// <inheritdoc/>
    public override string Name => _binding == null ? Unbound : EndPoint;

    /// <inheritdoc/>
    public override bool IsComplete => _verified;

    /// <inheritdoc/>
    public override byte[] Initial()
    {
        byte[] user = Utf8.Encode(_user);
        byte[] proof = Mac("Initiator");
        byte[] message = new byte[user.Length + 1 + proof.Length];
        System.Array.Copy(user, 0, message, 0, user.Length);
        System.Array.Copy(proof, 0, message, user.Length + 1, proof.Length);
        return message;
    }

    /// <inheritdoc/>
    public override byte[] Respond(byte[] challenge)
    {
        Failure = "a token has no challenge";
        return null;
    }

    /// <inheritdoc/>
    public override bool Succeed(byte[] data)
    {
        byte[] expected = Mac("Responder");
        int difference = data == null || data.Length != expected.Length ? 1 : 0;
        for (int i = 0; i < expected.Length && difference == 0; i++)
        {
            difference |= data[i] ^ expected[i];
        }
        _verified = difference == 0;
        Failure = _verified ? string.Empty : "the server does not know the token that it gave";
        return _verified;
    }

    private byte[] Mac(string side)
    {
        byte[] name = Utf8.Encode(side);
        byte[] data = name;
        if (_binding != null)
        {
            data = new byte[name.Length + _binding.Length];
            System.Array.Copy(name, 0, data, 0, name.Length);
            System.Array.Copy(_binding, 0, data, name.Length, _binding.Length);
        }
        return _hashes.Hmac(HashName.Sha256, _token, data);
    }
}
