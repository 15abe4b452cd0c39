using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Sasl;

/// <summary>The client's side of one SASL exchange (RFC 4422 §3).</summary>
public abstract class SaslMechanism
{
    /// <summary>The mechanism's name as it is registered.</summary>
    public abstract string Name { get; }

    /// <summary>Whether all is proved that this mechanism can prove: success before that is a lie.</summary>
    public abstract bool IsComplete { get; }

    /// <summary>Whether a refusal may be due to keys that were kept from before: then it is worth a second try.</summary>
    public virtual bool UsedCache => false;

    /// <summary>What the client says first.</summary>
    public abstract byte[] Initial();

    /// <summary>Answers what the server says.</summary>
    /// <returns>The answer; null when the server's words are refused, <see cref="Failure"/> says why.</returns>
    public abstract byte[] Respond(byte[] challenge);

    /// <summary>Takes the data that came with success; null when there was none.</summary>
    /// <returns>False when the server did not prove itself.</returns>
    public abstract bool Succeed(byte[] data);

    /// <summary>Forgets kept keys that were refused.</summary>
    public virtual void Refused()
    {
    }

    /// <summary>Why the server's words were refused.</summary>
    public string Failure { get; protected set; } = string.Empty;
}

/// <summary>PLAIN (RFC 4616): the password itself. The client uses it over TLS only.</summary>
public sealed class PlainMechanism : SaslMechanism
{
    private readonly string _user;
    private readonly string _password;

    /// <summary>An exchange for that account.</summary>
    public PlainMechanism(string user, string password)
    {
        _user = user;
        _password = password;
    }

    /// <inheritdoc/>
    public override string Name => "PLAIN";

    /// <inheritdoc/>
    public override bool IsComplete => true;

    /// <inheritdoc/>
    public override byte[] Initial()
    {
        byte[] user = Utf8.Encode(_user);
        byte[] password = Utf8.Encode(_password);
        byte[] message = new byte[user.Length + password.Length + 2];
        System.Array.Copy(user, 0, message, 1, user.Length);
        System.Array.Copy(password, 0, message, user.Length + 2, password.Length);
        return message;
    }

    /// <inheritdoc/>
    public override byte[] Respond(byte[] challenge)
    {
        Failure = "PLAIN has no challenge";
        return null;
    }

    /// <inheritdoc/>
    public override bool Succeed(byte[] data)
    {
        return true;
    }
}
