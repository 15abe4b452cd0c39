using System.Collections;
using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>Knows nodes of service discovery beside the entity itself, such as its commands.</summary>
public interface IDiscoNodes
{
    /// <summary>Whether there is such a node.</summary>
    bool Has(string node);

    /// <summary>Writes identities and features of a node into the open query.</summary>
    void WriteInfo(string node, StanzaWriter writer);

    /// <summary>Writes the items of a node into the open query.</summary>
    /// <param name="node">The node.</param>
    /// <param name="jid">This entity's full JID.</param>
    /// <param name="writer">Where to.</param>
    void WriteItems(string node, Jid jid, StanzaWriter writer);
}

/// <summary>What this entity is and can: answers service discovery (XEP-0030) and makes the capabilities hash of it (XEP-0115).</summary>
public sealed class DiscoInfo : IStanzaHandler
{
    private static readonly XmlName Query = new XmlName(Ns.DiscoInfo, "query");
    private static readonly XmlName ItemsQuery = new XmlName(Ns.DiscoItems, "query");

    private readonly IHash _hash;
    private readonly string _node;
    private readonly ArrayList _identities = new ArrayList(); // category, type, lang, name, …
    private readonly ArrayList _features = new ArrayList();
    private string _version;

    /// <summary>An entity with no identity yet; <c>disco#info</c>, caps and ping are its features.</summary>
    /// <param name="hash">For the capabilities.</param>
    /// <param name="node">A URI that names the software (XEP-0115 §4).</param>
    public DiscoInfo(IHash hash, string node)
    {
        _hash = hash;
        _node = node;
        AddFeature(Ns.DiscoInfo);
        AddFeature(Ns.Caps);
        AddFeature(Ns.Ping);
    }

    /// <summary>Knows further nodes; null when there are none.</summary>
    public IDiscoNodes Nodes { get; set; }

    /// <summary>Answers for this client from now on.</summary>
    public void Register(XmppClient client)
    {
        client.AddIqHandler(Query, this);
        client.AddIqHandler(ItemsQuery, this);
    }

    /// <summary>Adds an identity: category and type are of the registry (XEP-0030 §13.2).</summary>
    public void AddIdentity(string category, string type, string name)
    {
        _identities.Add(category);
        _identities.Add(type);
        _identities.Add(name == null ? string.Empty : name);
        _version = null;
    }

    /// <summary>Adds features, each once.</summary>
    public void AddFeatures(string[] features)
    {
        for (int i = 0; i < features.Length; i++)
        {
            AddFeature(features[i]);
        }
    }

    /// <summary>Adds a feature, once.</summary>
    public void AddFeature(string feature)
    {
        if (!_features.Contains(feature))
        {
            _features.Add(feature);
            _version = null;
        }
    }

    /// <summary>The verification string (XEP-0115 §5.1): base64 of SHA-1 over identities and features in order.</summary>
    public string Version
    {
        get
        {
            if (_version == null)
            {
                string[] identities = new string[_identities.Count / 3];
                for (int i = 0; i < identities.Length; i++)
                {
                    identities[i] = (string)_identities[i * 3] + "/" + (string)_identities[i * 3 + 1] + "//" + (string)_identities[i * 3 + 2];
                }
                string[] features = new string[_features.Count];
                for (int i = 0; i < features.Length; i++)
                {
                    features[i] = (string)_features[i];
                }
                _version = Verification(_hash, identities, features);
            }
            return _version;
        }
    }

    /// <summary>The verification string of any entity without extended forms.</summary>
    /// <param name="hash">For SHA-1.</param>
    /// <param name="identities">Each <c>category/type/lang/name</c>.</param>
    /// <param name="features">In any order.</param>
    public static string Verification(IHash hash, string[] identities, string[] features)
    {
        StanzaWriter text = new StanzaWriter(512, 65536);
        Append(text, identities);
        Append(text, features);
        byte[] bytes = new byte[text.Length];
        System.Array.Copy(text.Buffer, 0, bytes, 0, bytes.Length);
        byte[] digest = Base64.Encode(hash.Digest(HashName.Sha1, bytes));
        return Utf8.Decode(digest, 0, digest.Length);
    }

    /// <summary>Writes <c>&lt;c/&gt;</c> into a presence.</summary>
    public void WriteCaps(StanzaWriter writer)
    {
        writer.Start("c", Ns.Caps).Attribute("hash", "sha-1").Attribute("node", _node).Attribute("ver", Version).End();
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        if (!stanza.TypeIs("get"))
        {
            return false;
        }
        XmlPullParser payload = stanza.OpenPayload();
        string node = payload.Attribute("node");
        if (node != null && Nodes != null && Nodes.Has(node))
        {
            bool items = payload.Is(ItemsQuery);
            StanzaWriter answer = client.BeginResult(stanza).Start(items ? ItemsQuery : Query).Attribute("node", node);
            if (items)
            {
                Nodes.WriteItems(node, client.Jid, answer);
            }
            else
            {
                Nodes.WriteInfo(node, answer);
            }
            client.Commit();
            return true;
        }
        if (payload.Is(ItemsQuery))
        {
            if (node != null)
            {
                return Unknown(client, stanza);
            }
            client.BeginResult(stanza).Empty("query", Ns.DiscoItems);
            client.Commit();
            return true;
        }
        if (node != null && node != _node + "#" + Version)
        {
            return Unknown(client, stanza);
        }
        StanzaWriter writer = client.BeginResult(stanza);
        writer.Start(Query).Attribute("node", node);
        for (int i = 0; i < _identities.Count; i += 3)
        {
            string name = (string)_identities[i + 2];
            writer.Start("identity").Attribute("category", (string)_identities[i]).Attribute("type", (string)_identities[i + 1]).Attribute("name", name.Length == 0 ? null : name).End();
        }
        for (int i = 0; i < _features.Count; i++)
        {
            writer.Start("feature").Attribute("var", (string)_features[i]).End();
        }
        client.Commit();
        return true;
    }

    private static bool Unknown(XmppClient client, Stanza stanza)
    {
        client.ReplyError(stanza, StanzaError.ItemNotFound);
        return true;
    }

    // i;octet order (XEP-0115 §5.1); a handful of entries, so by insertion. '<' ends each; one inside would be ambiguous and is left as it is.
    private static void Append(StanzaWriter text, string[] entries)
    {
        byte[][] sorted = new byte[entries.Length][];
        for (int i = 0; i < entries.Length; i++)
        {
            byte[] entry = Utf8.Encode(entries[i]);
            int k = i;
            for (; k > 0 && Compare(entry, sorted[k - 1]) < 0; k--)
            {
                sorted[k] = sorted[k - 1];
            }
            sorted[k] = entry;
        }
        for (int i = 0; i < sorted.Length; i++)
        {
            text.Raw(sorted[i], 0, sorted[i].Length).Raw("<");
        }
    }

    private static int Compare(byte[] a, byte[] b)
    {
        int length = a.Length < b.Length ? a.Length : b.Length;
        for (int i = 0; i < length; i++)
        {
            if (a[i] != b[i])
            {
                return a[i] - b[i];
            }
        }
        return a.Length - b.Length;
    }
}
