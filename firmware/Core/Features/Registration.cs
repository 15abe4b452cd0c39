using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>Is told by the registry whose the thing is.</summary>
public interface IOwnerListener
{
    /// <summary>The thing has an owner, or has none.</summary>
    /// <param name="owner">The owner's bare address; null for nobody.</param>
    void OwnerChanged(Jid owner);
}

/// <summary>
/// A thing's side of its registry (XEP-0347): it announces itself with what its label says (§3.2), and learns that it was claimed (§3.8), taken out of the registry (§3.9) or disowned (§3.14).
/// Only the registry itself is listened to, and of things behind this one nothing: that is their concentrator's business.
/// </summary>
public sealed class Registration : IStanzaHandler, IIqCallback
{
    /// <summary>What a claim text (QR code, §3.5) begins with.</summary>
    public const string Intro = "IoTDisco";

    private readonly Jid _registry;
    private readonly string _claim;
    private readonly IOwnerListener _listener;

    /// <summary>A thing at a registry.</summary>
    /// <param name="registry">The registry, such as <c>things.example.org</c>.</param>
    /// <param name="claim">The claim text of the thing's label, such as <c>IoTDisco;SN:17;MAN:example.org;MODEL:A;KEY:…</c>, which it announces; "" when it has none, or the registry has made its KEY.</param>
    /// <param name="listener">Is told whose the thing is.</param>
    public Registration(Jid registry, string claim, IOwnerListener listener)
    {
        _registry = registry;
        _claim = claim;
        _listener = listener;
    }

    /// <summary>Announces the thing. The answer tells the owner, when it has one; a registry that is none, or refuses, changes nothing.</summary>
    /// <param name="client">The client, online.</param>
    /// <returns>Whether it was sent.</returns>
    public SendResult Announce(XmppClient client)
    {
        StanzaWriter writer = client.BeginIq("set", _registry, this, null).Start("register", Ns.IotDiscovery);
        WriteTags(writer, _claim);
        return client.Commit();
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        if (stanza.Kind != StanzaKind.Iq || !stanza.TypeIs("set"))
        {
            return false;
        }

        XmlPullParser payload = stanza.OpenPayload();
        if (payload == null || !payload.NamespaceIs(Ns.IotDiscovery) || payload.FindAttribute("nodeId") >= 0 || !_registry.Equals(stanza.From))
        {
            return false;
        }

        if (payload.LocalIs("claimed"))
        {
            Jid owner;
            if (!TryOwner(payload, out owner))
            {
                client.ReplyError(stanza, StanzaError.BadRequest);
                return true;
            }

            client.ReplyEmpty(stanza);
            _listener.OwnerChanged(owner);
            return true;
        }

        if (payload.LocalIs("removed"))
        {
            client.ReplyEmpty(stanza); // it stays its owner's, and nobody finds it any more: nothing that a thing would do about it
            return true;
        }

        if (!payload.LocalIs("disowned"))
        {
            return false;
        }

        // §3.14: acknowledged first, since only then it is nobody's, and then registered anew.
        client.ReplyEmpty(stanza);
        _listener.OwnerChanged(null);
        Announce(client);
        return true;
    }

    /// <inheritdoc/>
    public void IqCompleted(XmppClient client, IqOutcome outcome, Stanza answer, object state)
    {
        if (outcome != IqOutcome.Result)
        {
            return; // there is no registry, or it wants a KEY that this thing has not: who made the thing sees to it
        }

        XmlPullParser payload = answer.OpenPayload();
        Jid owner = null;
        if (payload == null || (payload.Is(Ns.IotDiscovery, "claimed") && TryOwner(payload, out owner)))
        {
            _listener.OwnerChanged(owner);
        }
    }

    private static bool TryOwner(XmlPullParser payload, out Jid owner)
    {
        string text = payload.Attribute("jid");
        owner = null;
        if (text == null || !Jid.TryParse(text, out owner))
        {
            return false;
        }

        owner = owner.Bare;
        return true;
    }

    // NAME:VALUE, parts behind semicolons, # before the name of a number, \ before a semicolon or another \ (§3.5).
    private static void WriteTags(StanzaWriter writer, string claim)
    {
        byte[] text = Utf8.Encode(claim);
        byte[] part = new byte[text.Length];
        int at = Intro.Length + 1;
        while (at < text.Length)
        {
            int length = 0;
            int colon = -1;
            while (at < text.Length && text[at] != ';')
            {
                if (text[at] == '\\' && at + 1 < text.Length)
                {
                    at++;
                }
                else if (text[at] == ':' && colon < 0)
                {
                    colon = length;
                }

                part[length++] = text[at++];
            }

            at++;
            if (colon > 0)
            {
                int name = part[0] == '#' ? 1 : 0;
                writer.Start(name == 1 ? "num" : "str").Attribute("name", Utf8.Decode(part, name, colon - name)).Attribute("value", Utf8.Decode(part, colon + 1, length - colon - 1)).End();
            }
        }
    }
}
