using System.Security.Cryptography;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>A feature of a session that a client may turn on while it binds (XEP-0386 §3.2).</summary>
public interface IBindFeature
{
    /// <summary>The namespace of what the client says in <c>bind</c>, which is also how the feature is announced; empty for one that every new session has, unasked.</summary>
    string Namespace { get; }

    /// <summary>Turns it on, before the first stanza reaches the session. What the client shall know of it goes into <c>bound</c>.</summary>
    /// <param name="session">The new session; nobody else knows it yet.</param>
    /// <param name="request">What the client said; null where it did not ask.</param>
    /// <param name="bound">The content of <c>bound</c>.</param>
    /// <param name="cancel">Ends when the hub stops.</param>
    ValueTask EnableAsync(Session session, Element? request, XmlBuilder bound, CancellationToken cancel);
}

/// <summary>Bind 2 (XEP-0386): a session with all that belongs to it, made within SASL2.</summary>
internal sealed class Bind2(StreamHost host, StreamManagementFeature management, IReadOnlyList<IBindFeature> features)
{
    /// <summary>The resource of a thing (wire profile, addresses).</summary>
    private const string ThingResource = "thing";

    /// <summary>Bytes of the hub's part of a resource: 72 bits, 12 characters.</summary>
    private const int ResourceBytes = 9;

    /// <summary>Writes the offer (§3.1).</summary>
    public void Offer(XmlBuilder inline)
    {
        inline.Open("bind"u8, Ns.Bind2).Open("inline"u8);
        Feature(inline, Ns.StreamManagement);
        // A client whose tag is "thing" gets that resource as it is.
        Feature(inline, Ns.Thing);
        foreach (IBindFeature feature in features)
        {
            if (feature.Namespace.Length > 0)
            {
                Feature(inline, feature.Namespace);
            }
        }

        inline.Close("inline"u8).Close("bind"u8);
    }

    /// <summary>Makes the session that a client asks for; nobody can reach it yet. Earlier ones of the same installation end (§3.2).</summary>
    public Session Make(C2sStream client, Sasl2Request request)
    {
        string tag = request.Bind!.Child("tag")?.Text ?? string.Empty;
        if (!host.TryFreeAddress(client.Account!, Resource(client.Account!, tag, request.Agent.Id), out Jid? jid) && !host.TryFreeAddress(client.Account!, string.Empty, out jid))
        {
            throw new InvalidOperationException("A resource that the hub has made itself is good.");
        }

        if (request.Agent.Id is { } id)
        {
            foreach (Session earlier in host.Hub.Sessions.ListOf(jid.Bare))
            {
                if (earlier.Get<UserAgent>()?.Id == id)
                {
                    earlier.End("conflict", "replaced");
                }
            }
        }

        var session = new Session(jid, client.Queue, host.Hub.Figures);
        session.Set(request.Agent);
        return session;
    }

    /// <summary>Turns on what the client asked for, and says so (§3.2).</summary>
    public async ValueTask WriteBoundAsync(Session session, Element bind, XmlBuilder xml, CancellationToken cancel)
    {
        xml.Open("bound"u8, Ns.Bind2);
        if (bind.Child("enable", Ns.StreamManagement) is { } enable)
        {
            management.Enable(session, enable, xml);
        }

        foreach (IBindFeature feature in features)
        {
            await feature.EnableAsync(session, bind.Children.FirstOrDefault(child => child.Namespace == feature.Namespace), xml, cancel).ConfigureAwait(false);
        }

        xml.Close("bound"u8);
    }

    private static void Feature(XmlBuilder inline, string name) => inline.Open("feature"u8).Attribute("var"u8, name).Close("feature"u8);

    // §3.2.1: the client's tag, then the hub's own part, the same for the same installation each time. That tells nobody the installation's id.
    private string Resource(string account, string tag, Guid? agent)
    {
        if (tag == ThingResource)
        {
            return tag;
        }

        byte[] own = agent is { } id ? host.Sasl.Derive($"bind\0{account}\0{tag}\0{id}", ResourceBytes) : RandomNumberGenerator.GetBytes(ResourceBytes);
        string generated = Convert.ToBase64String(own).Replace('+', '-').Replace('/', '_');
        string resource = tag + "/" + generated;
        return tag.Length > 0 && JidPrep.TryResourcepart(resource, out _) ? resource : generated;
    }
}
