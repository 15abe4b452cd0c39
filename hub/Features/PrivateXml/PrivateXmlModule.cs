using System.ComponentModel.DataAnnotations;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PrivateXml;

/// <summary>What accounts store for themselves (settings section <c>PrivateXml</c>).</summary>
public sealed class PrivateXmlOptions
{
    /// <summary>Elements that one account may store (100).</summary>
    [Range(1, 10_000)]
    public int MaxElements { get; set; } = 100;

    /// <summary>Bytes of one element (64 KiB).</summary>
    [Range(1024, 16 << 20)]
    public int MaxBytes { get; set; } = 64 * 1024;
}

/// <summary>Something that looks like private XML and is kept elsewhere: bookmarks.</summary>
public interface IPrivateElement
{
    /// <summary>The element's name.</summary>
    string Name { get; }

    /// <summary>Its namespace.</summary>
    string Namespace { get; }

    /// <summary>What an account has.</summary>
    /// <param name="account">The account (bare JID).</param>
    /// <param name="stored">What is stored under the name, or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    ValueTask<Element> GetAsync(Jid account, Element? stored, CancellationToken cancel);

    /// <summary>Takes what an account sets.</summary>
    /// <returns>What of it is to be stored under the name; an error.</returns>
    ValueTask<(Element? Stored, StanzaError? Error)> SetAsync(Jid account, Element element, CancellationToken cancel);
}

/// <summary>Private XML Storage (XEP-0049).</summary>
public sealed class PrivateXmlModule(PrivateXmlStore store, PrivateXmlOptions options, IReadOnlyList<IPrivateElement> elements) : IXmppModule
{
    private const string Namespace = "jabber:iq:private";

    /// <inheritdoc/>
    public string Name => "PrivateXml";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0049", "Private XML Storage", "1.2")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        module.Domain.Feature(Namespace);
        module.Account.Feature(Namespace).Iq(StanzaType.Get, "query", Namespace, GetAsync).Iq(StanzaType.Set, "query", Namespace, SetAsync);
        module.Hub.Accounts.Removed += name => _ = store.RemoveAsync(name);
    }

    // §3: a namespace of one's own; those of the protocol itself are not for storing.
    private static bool MayStore(Element element) => element.Namespace is not ("" or Namespace or Ns.Client or Ns.Server or Ns.Stream);

    private async ValueTask<IqReply> GetAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        List<Element> children = [.. request.Payload().Children];
        if (children.Count != 1 || !MayStore(children[0]))
        {
            return StanzaError.NotAcceptable;
        }

        Element asked = children[0];
        Element? stored = await store.FindAsync(request.From.Local, asked.Name, asked.Namespace, cancel).ConfigureAwait(false) is { } bytes ? Element.Parse(bytes) : null;
        Element answer = elements.FirstOrDefault(e => asked.Is(e.Name, e.Namespace)) is { } elsewhere
            ? await elsewhere.GetAsync(request.From.Bare, stored, cancel).ConfigureAwait(false)
            : stored ?? new Element(asked.Name, asked.Namespace);
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Namespace);
        answer.WriteTo(xml, Namespace);
        return IqReply.Result(xml.Close("query"u8));
    }

    private async ValueTask<IqReply> SetAsync(IqRequest request, CancellationToken cancel)
    {
        if (!request.IsOwnAccount)
        {
            return StanzaError.Forbidden;
        }

        List<Element> children = [.. request.Payload().Children];
        if (children.Count == 0 || children.Exists(child => !MayStore(child)))
        {
            return StanzaError.NotAcceptable;
        }

        var toStore = new List<(string Name, string Ns, byte[]? Xml)>();
        foreach (Element child in children)
        {
            Element? kept = child;
            if (elements.FirstOrDefault(e => child.Is(e.Name, e.Namespace)) is { } elsewhere)
            {
                (kept, StanzaError? error) = await elsewhere.SetAsync(request.From.Bare, child, cancel).ConfigureAwait(false);
                if (error is not null)
                {
                    return error;
                }
            }

            byte[]? bytes = kept?.ToBytes();
            if (bytes?.Length > options.MaxBytes)
            {
                return StanzaError.NotAcceptable.With($"An element has at most {options.MaxBytes} bytes.");
            }

            toStore.Add((child.Name, child.Namespace, bytes));
        }

        return await store.SetAsync(request.From.Local, toStore, options.MaxElements).ConfigureAwait(false)
            ? IqReply.Empty
            : StanzaError.ResourceConstraint.With($"An account stores at most {options.MaxElements} elements.");
    }
}
