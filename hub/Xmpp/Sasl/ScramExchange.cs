using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using IotXmpp.Hub.Addresses;

namespace IotXmpp.Hub.Sasl;

/// <summary>SCRAM (RFC 5802, RFC 7677), with channel binding when <paramref name="plus"/> is set.</summary>
internal sealed class ScramExchange(SaslServer server, SaslContext context, ScramHash hash, bool plus) : SaslExchange(server, context)
{
    /// <summary>Random octets in the server's part of the nonce; 24 characters.</summary>
    private const int NonceBytes = 18;

    private string _localpart = "";
    private ScramCredentials? _found;
    private ScramCredentials? _keys;
    private byte[] _firstMessages = [];
    private byte[] _nonce = [];
    private byte[] _channelBinding = [];

    private enum BindingFlag
    {
        NotSupported,
        SupportedButNotOffered,
        Used,
    }

    public override ValueTask<SaslStep> StepAsync(byte[]? message, CancellationToken cancellationToken)
        => message is null ? new(SaslStep.Challenge([]))
            : _keys is null ? FirstAsync(message, cancellationToken)
            : new(Final(message));

    /// <summary>client-first-message: <c>gs2-cbind-flag "," [authzid] "," [reserved-mext ","] username "," nonce ["," extensions]</c> (RFC 5802 §7).</summary>
    private async ValueTask<SaslStep> FirstAsync(byte[] message, CancellationToken cancellationToken)
    {
        if (!Utf8.IsValid(message) || !TryReadHeader(message, out BindingFlag flag, out string bindingName, out string authzid, out int bareAt)
            || !TryReadBare(message.AsSpan(bareAt), out string username, out string nonce)
            || (flag == BindingFlag.Used) != plus)
        {
            return SaslStep.Failure(SaslError.MalformedRequest);
        }

        // §6: the client could bind but saw no -PLUS, although it was offered on this stream: somebody took it out on the way.
        if (flag == BindingFlag.SupportedButNotOffered && Server.Offer(Context).HasPlus)
        {
            return SaslStep.Failure(SaslError.NotAuthorized);
        }

        ReadOnlyMemory<byte> binding = bindingName switch
        {
            SaslMechanisms.TlsServerEndPoint => Context.TlsServerEndPoint,
            SaslMechanisms.TlsExporter => Context.TlsExporter,
            SaslMechanisms.TlsUnique => Context.TlsUnique,
            _ => default,
        };
        if ((plus && binding.IsEmpty) || !JidPrep.TryLocalpart(username, out string? localpart))
        {
            return SaslStep.Failure(SaslError.NotAuthorized);
        }

        if (!IsOwnAuthzid(authzid, localpart))
        {
            return SaslStep.Failure(SaslError.InvalidAuthzid);
        }

        _localpart = localpart;
        _found = await Server.FindAsync(localpart, hash, cancellationToken);
        // Who asks for an account that does not exist gets a challenge that looks like any other, and the same one each time.
        _keys = _found ?? Server.Pretend(localpart, hash);
        // The header ends before the bare message; the client sends it once more in c= (§7), followed by the binding.
        _channelBinding = [.. message.AsSpan(0, bareAt), .. binding.Span];
        string combined = nonce + Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceBytes));
        _nonce = Encoding.ASCII.GetBytes(combined);
        byte[] challenge = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"r={combined},s={Convert.ToBase64String(_keys.Salt)},i={_keys.Iterations},h={Server.Offer(Context).DowngradeHash(hash)}"));
        _firstMessages = [.. message.AsSpan(bareAt), (byte)',', .. challenge, (byte)','];
        return SaslStep.Challenge(challenge);
    }

    /// <summary>client-final-message: <c>"c=" base64 "," "r=" nonce ["," extensions] ",p=" base64</c> (RFC 5802 §7).</summary>
    private SaslStep Final(ReadOnlySpan<byte> message)
    {
        int proofAt = message.LastIndexOf(",p="u8);
        if (proofAt < 0 || !Utf8.IsValid(message))
        {
            return SaslStep.Failure(SaslError.MalformedRequest);
        }

        ReadOnlySpan<byte> withoutProof = message[..proofAt];
        int comma = withoutProof.IndexOf((byte)',');
        if (!withoutProof.StartsWith("c="u8) || comma < 0 || !withoutProof[(comma + 1)..].StartsWith("r="u8)
            || !TryBase64(withoutProof[2..comma], out byte[] channelBinding) || !TryBase64(message[(proofAt + 3)..], out byte[] proof))
        {
            return SaslStep.Failure(SaslError.MalformedRequest);
        }

        ReadOnlySpan<byte> nonce = withoutProof[(comma + 3)..];
        int end = nonce.IndexOf((byte)',');
        nonce = end < 0 ? nonce : nonce[..end];

        if (!IsAdmitted(_localpart))
        {
            return SaslStep.Failure(SaslError.TemporaryAuthFailure);
        }

        byte[] authMessage = [.. _firstMessages, .. withoutProof];
        bool matches = nonce.SequenceEqual(_nonce)
            & CryptographicOperations.FixedTimeEquals(channelBinding, _channelBinding)
            & Scram.VerifyProof(hash, _keys!.StoredKey, authMessage, proof);
        byte[]? success = null;
        if (matches && _found is not null)
        {
            Span<byte> signature = stackalloc byte[Scram.Bytes(hash)];
            Scram.Hmac(hash, _found.ServerKey, authMessage, signature);
            success = Encoding.ASCII.GetBytes("v=" + Convert.ToBase64String(signature));
        }

        return Conclude(_localpart, matches ? _found : null, success);
    }

    /// <summary>gs2-header (RFC 5802 §7).</summary>
    private static bool TryReadHeader(ReadOnlySpan<byte> message, out BindingFlag flag, out string bindingName, out string authzid, out int bareAt)
    {
        flag = default;
        bindingName = authzid = "";
        bareAt = 0;
        int first = message.IndexOf((byte)',');
        int second = first < 0 ? -1 : message[(first + 1)..].IndexOf((byte)',');
        if (second < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> flagText = message[..first];
        if (flagText.SequenceEqual("n"u8))
        {
            flag = BindingFlag.NotSupported;
        }
        else if (flagText.SequenceEqual("y"u8))
        {
            flag = BindingFlag.SupportedButNotOffered;
        }
        else if (flagText.StartsWith("p="u8) && flagText.Length > 2)
        {
            flag = BindingFlag.Used;
            bindingName = Encoding.UTF8.GetString(flagText[2..]);
        }
        else
        {
            return false;
        }

        ReadOnlySpan<byte> identity = message.Slice(first + 1, second);
        bareAt = first + second + 2;
        return identity.IsEmpty || (identity.StartsWith("a="u8) && TrySaslName(identity[2..], out authzid));
    }

    /// <summary>client-first-message-bare; a mandatory extension (<c>m=</c>) is refused, as §5.1 demands, for it does not begin with <c>n=</c>.</summary>
    private static bool TryReadBare(ReadOnlySpan<byte> bare, out string username, out string nonce)
    {
        username = nonce = "";
        int comma = bare.IndexOf((byte)',');
        if (comma < 0 || !bare.StartsWith("n="u8) || !TrySaslName(bare[2..comma], out username) || !bare[(comma + 1)..].StartsWith("r="u8))
        {
            return false;
        }

        ReadOnlySpan<byte> value = bare[(comma + 3)..];
        int end = value.IndexOf((byte)',');
        value = end < 0 ? value : value[..end];
        if (value.IsEmpty || value.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E))
        {
            return false;
        }

        nonce = Encoding.ASCII.GetString(value);
        return true;
    }

    /// <summary>saslname: <c>=2C</c> is a comma, <c>=3D</c> an equals sign, any other <c>=</c> an error (§5.1).</summary>
    private static bool TrySaslName(ReadOnlySpan<byte> text, out string name)
    {
        name = Encoding.UTF8.GetString(text);
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        if (!name.Contains('=', StringComparison.Ordinal))
        {
            return true;
        }

        for (int i = name.IndexOf('=', StringComparison.Ordinal); i >= 0; i = name.IndexOf('=', i + 1))
        {
            ReadOnlySpan<char> escape = name.AsSpan(i + 1);
            if (!escape.StartsWith("2C") && !escape.StartsWith("3D"))
            {
                return false;
            }
        }

        name = name.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        return true;
    }

    private static bool TryBase64(ReadOnlySpan<byte> text, out byte[] octets)
    {
        octets = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text, octets, out int consumed, out int written) != System.Buffers.OperationStatus.Done || consumed != text.Length)
        {
            octets = [];
            return false;
        }

        Array.Resize(ref octets, written);
        return true;
    }
}
