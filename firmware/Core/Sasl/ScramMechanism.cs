using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Sasl;

/// <summary>
/// SCRAM (RFC 5802) with SHA-256 (RFC 7677) or SHA-1, with channel binding <c>tls-server-end-point</c> (RFC 5929) or without. The keys that PBKDF2 gives are kept in the settings,
/// so a reconnect costs two HMACs instead of thousands.
/// </summary>
public sealed class ScramMechanism : SaslMechanism
{
    /// <summary>Fewer iterations are refused (RFC 5802 §5.1, RFC 7677 §4): a false server must not get a cheap target.</summary>
    public const int MinIterations = 4096;

    /// <summary>Bytes of nonce: 144 bits, in base64 without padding.</summary>
    private const int NonceBytes = 18;

    /// <summary>Bytes of a salt at most. RFC 5802 sets no bound; servers use 16.</summary>
    private const int MaxSaltBytes = 256;

    private readonly HashName _hash;
    private readonly IHash _hashes;
    private readonly string _user;
    private readonly string _password;
    private readonly ScramKeys _keys;
    private readonly byte[] _binding;
    private readonly bool _serverHasPlus;
    private readonly int _maxIterations;
    private readonly ScramCache _cache;
    private readonly byte[] _nonce;
    private byte[] _serverSignature;
    private int _step;
    private bool _verified;
    private bool _usedCache;

    /// <summary>An exchange.</summary>
    /// <param name="hash">Which hash.</param>
    /// <param name="hashes">How to hash.</param>
    /// <param name="random">Dice for the nonce.</param>
    /// <param name="options">Account, password, bound of iterations.</param>
    /// <param name="cache">Kept keys; null keeps none.</param>
    /// <param name="binding">Channel-binding data, or null where the platform has none.</param>
    /// <param name="plus">Whether to bind the channel: the server offers it and <paramref name="binding"/> is there.</param>
    public ScramMechanism(HashName hash, IHash hashes, IRandom random, ClientOptions options, ScramCache cache, byte[] binding, bool plus)
        : this(hash, hashes, NewNonce(random), options, cache, binding, plus)
    {
    }

    /// <summary>An exchange with a given nonce (for the vectors of the RFCs).</summary>
    public ScramMechanism(HashName hash, IHash hashes, byte[] nonce, ClientOptions options, ScramCache cache, byte[] binding, bool plus)
    {
        _hash = hash;
        _hashes = hashes;
        _user = options.Account.Local;
        _password = options.Password;
        _keys = options.Keys;
        _maxIterations = options.MaxScramIterations;
        _cache = cache;
        _binding = binding;
        _serverHasPlus = plus;
        _nonce = nonce;
    }

    /// <summary>The hash of what the server offered (XEP-0474 §5.1), which it must tell where it tells one; null where that is not known.</summary>
    public byte[] OfferDigest { get; set; }

    /// <inheritdoc/>
    public override string Name => (_hash == HashName.Sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256") + (_serverHasPlus ? "-PLUS" : string.Empty);

    /// <inheritdoc/>
    public override bool IsComplete => _verified;

    /// <inheritdoc/>
    public override bool UsedCache => _usedCache;

    /// <inheritdoc/>
    public override byte[] Initial()
    {
        _step = 1;
        return Concat(Header(), FirstBare());
    }

    /// <inheritdoc/>
    public override byte[] Respond(byte[] challenge)
    {
        if (_step == 1)
        {
            return First(challenge);
        }
        if (_step == 2 && Verify(challenge))
        {
            return new byte[0];
        }
        Failure = Failure.Length > 0 ? Failure : "unexpected challenge";
        return null;
    }

    /// <inheritdoc/>
    public override bool Succeed(byte[] data)
    {
        return _verified ? data == null || data.Length == 0 : _step == 2 && data != null && Verify(data);
    }

    /// <inheritdoc/>
    public override void Refused()
    {
        if (_usedCache)
        {
            _cache.Forget();
        }
    }

    private byte[] First(byte[] challenge)
    {
        byte[] nonce = Attribute(challenge, 'r');
        byte[] saltText = Attribute(challenge, 's');
        byte[] iterationText = Attribute(challenge, 'i');
        byte[] salt = saltText == null ? null : Base64.Decode(saltText, 0, saltText.Length);
        if (challenge.Length > 0 && challenge[0] == 'm')
        {
            Failure = "mandatory extension not known"; // RFC 5802 §5.1
            return null;
        }
        if (nonce == null || nonce.Length <= _nonce.Length || !Utf8.Equal(nonce, 0, _nonce, 0, _nonce.Length))
        {
            Failure = "the nonce is not a continuation of ours";
            return null;
        }
        if (salt == null || salt.Length == 0 || salt.Length > MaxSaltBytes || iterationText == null || !Utf8.TryParseLong(iterationText, 0, iterationText.Length, out long iterations))
        {
            Failure = "salt or iteration count is missing";
            return null;
        }
        if (iterations < MinIterations || iterations > _maxIterations)
        {
            Failure = "iteration count " + iterations.ToString() + " is out of bounds";
            return null;
        }
        byte[] offer = Attribute(challenge, 'h');
        byte[] known = OfferDigest == null ? offer : Base64.Encode(OfferDigest);
        if (offer != null && (offer.Length != known.Length || !Utf8.Equal(offer, 0, known, 0, known.Length)))
        {
            Failure = "what the server offers was changed on the way";
            return null;
        }
        if (!TakeKeys(salt, (int)iterations, out byte[] clientKey, out byte[] serverKey))
        {
            Failure = "the account has another salt or iteration count than this device's keys: provision it again";
            return null;
        }
        byte[] header = Header();
        byte[] bound = _serverHasPlus ? Concat(header, _binding) : header;
        byte[] withoutProof = Concat(Concat(Utf8.Encode("c="), Base64.Encode(bound)), Concat(Utf8.Encode(",r="), nonce));
        byte[] comma = Utf8.Encode(",");
        byte[] message = Concat(Concat(Concat(FirstBare(), comma), Concat(challenge, comma)), withoutProof);
        byte[] proof = _hashes.Hmac(_hash, _hashes.Digest(_hash, clientKey), message);
        for (int i = 0; i < proof.Length; i++)
        {
            proof[i] ^= clientKey[i];
        }
        _serverSignature = _hashes.Hmac(_hash, serverKey, message);
        _step = 2;
        return Concat(withoutProof, Concat(Utf8.Encode(",p="), Base64.Encode(proof)));
    }

    private bool TakeKeys(byte[] salt, int iterations, out byte[] clientKey, out byte[] serverKey)
    {
        clientKey = null;
        serverKey = null;
        if (_keys != null)
        {
            clientKey = _keys.ClientKey;
            serverKey = _keys.ServerKey;
            return _keys.Hash == _hash && _keys.Fit(salt, iterations);
        }
        _usedCache = _cache != null && _cache.Find(_user, _hash, salt, iterations, out clientKey, out serverKey);
        if (!_usedCache)
        {
            ScramKeys keys = ScramKeys.Derive(_hashes, _hash, Utf8.Encode(_password), salt, iterations);
            clientKey = keys.ClientKey;
            serverKey = keys.ServerKey;
            _pending = new byte[][] { salt, clientKey, serverKey };
            _pendingIterations = iterations;
        }
        return true;
    }

    private byte[][] _pending;
    private int _pendingIterations;

    private bool Verify(byte[] final)
    {
        byte[] error = Attribute(final, 'e');
        byte[] text = Attribute(final, 'v');
        byte[] signature = text == null ? null : Base64.Decode(text, 0, text.Length);
        if (signature == null || signature.Length != _serverSignature.Length)
        {
            Failure = error == null ? "no server signature" : Utf8.Decode(error, 0, error.Length);
            return false;
        }
        int difference = 0;
        for (int i = 0; i < signature.Length; i++)
        {
            difference |= signature[i] ^ _serverSignature[i];
        }
        if (difference != 0)
        {
            Failure = "the server signature is wrong: it does not know the password";
            return false;
        }
        _step = 3;
        _verified = true;
        if (_pending != null && _cache != null)
        {
            _cache.Keep(_user, _hash, _pending[0], _pendingIterations, _pending[1], _pending[2]);
        }
        return true;
    }

    // gs2-header (RFC 5802 §6): 'y' tells a server that it was made to hide its -PLUS
    private byte[] Header()
    {
        return Utf8.Encode(_serverHasPlus ? "p=tls-server-end-point,," : _binding != null ? "y,," : "n,,");
    }

    private byte[] FirstBare()
    {
        // RFC 5802 §5.1: ',' and '=' in a name are escaped
        StanzaWriter name = new StanzaWriter(64, 4096);
        name.Raw("n=");
        byte[] user = Utf8.Encode(_user);
        for (int i = 0; i < user.Length; i++)
        {
            if (user[i] == ',')
            {
                name.Raw("=2C");
            }
            else if (user[i] == '=')
            {
                name.Raw("=3D");
            }
            else
            {
                name.Raw(user, i, 1);
            }
        }
        name.Raw(",r=").Raw(_nonce, 0, _nonce.Length);
        byte[] bare = new byte[name.Length];
        System.Array.Copy(name.Buffer, 0, bare, 0, bare.Length);
        return bare;
    }

    private static byte[] NewNonce(IRandom random)
    {
        byte[] bytes = new byte[NonceBytes];
        random.Fill(bytes);
        return Base64.Encode(bytes);
    }

    private static byte[] Attribute(byte[] message, char name)
    {
        int start = 0;
        while (start < message.Length)
        {
            int end = start;
            while (end < message.Length && message[end] != ',')
            {
                end++;
            }
            if (end - start >= 2 && message[start] == name && message[start + 1] == '=')
            {
                byte[] value = new byte[end - start - 2];
                System.Array.Copy(message, start + 2, value, 0, value.Length);
                return value;
            }
            start = end + 1;
        }
        return null;
    }

    private static byte[] Concat(byte[] a, byte[] b)
    {
        byte[] both = new byte[a.Length + b.Length];
        System.Array.Copy(a, 0, both, 0, a.Length);
        System.Array.Copy(b, 0, both, a.Length, b.Length);
        return both;
    }
}
