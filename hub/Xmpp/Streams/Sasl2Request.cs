using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>
/// What a client says of itself in <c>user-agent</c> (XEP-0388 §2.3). Nobody else is told: the id is known to the hub alone.
/// </summary>
/// <param name="Id">The installation, a random UUID; null where the client gave none.</param>
/// <param name="Software">The program, for the account's owner; cut to 64 characters.</param>
/// <param name="Device">The device, for the account's owner; cut to 64 characters.</param>
public sealed record UserAgent(Guid? Id, string Software, string Device)
{
    private const int MaxText = 64;

    /// <summary>Reads it.</summary>
    internal static UserAgent Read(Element? element)
    {
        // A UUID of version 4 or it is none: who counts its installations up could be taken for another.
        bool isGood = Guid.TryParseExact(element?["id"], "D", out Guid id) && id.Version == 4;
        return new UserAgent(isGood ? id : null, Cut(element?.Child("software")?.Text), Cut(element?.Child("device")?.Text));
    }

    private static string Cut(string? text) => text is null ? string.Empty : text.Length <= MaxText ? text : text[..MaxText];
}

/// <summary>What a client wants besides authentication in <c>authenticate</c> (XEP-0388 §2.3); nothing of it is done before that has succeeded.</summary>
/// <param name="Agent">The client.</param>
/// <param name="Use">How it uses a token (XEP-0484 §3.4), or null.</param>
/// <param name="NewTokenFor">The mechanism that it wants a token for (XEP-0484 §3.2), or null.</param>
/// <param name="Resume">The session that it takes up again (XEP-0198), or null.</param>
/// <param name="Bind">The session that it wants (XEP-0386), or null.</param>
internal sealed record Sasl2Request(UserAgent Agent, FastUse? Use, string? NewTokenFor, Element? Resume, Element? Bind)
{
    /// <summary>Reads <c>authenticate</c>; null where a token is used in a way that XEP-0484 §3.4 and §4.1 do not allow.</summary>
    public static Sasl2Request? Read(Element authenticate, bool isTokenMechanism)
    {
        UserAgent agent = UserAgent.Read(authenticate.Child("user-agent"));
        FastUse? use = null;
        if (isTokenMechanism)
        {
            Element? fast = authenticate.Child("fast", Ns.Fast);
            uint count = 0;
            if (agent.Id is not { } id || fast is null || (fast["count"] is { } text && (!uint.TryParse(text, out count) || count == 0)))
            {
                return null;
            }

            use = new FastUse(id, fast["count"] is null ? null : count, fast["invalidate"] is "1" or "true");
        }

        return new Sasl2Request(agent, use, authenticate.Child("request-token", Ns.Fast)?["mechanism"], authenticate.Child("resume", Ns.StreamManagement), authenticate.Child("bind", Ns.Bind2));
    }
}
