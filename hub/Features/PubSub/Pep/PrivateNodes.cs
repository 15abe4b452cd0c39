namespace IotXmpp.Hub.Features.PubSub.Pep;

/// <summary>
/// Personal nodes that are an account's own by their standards (XEP-0223 §2): a client that makes one without saying who may read it does not show it to contacts. Who wants to show one says so.
/// </summary>
internal static class PrivateNodes
{
    private static readonly HashSet<string> s_names = new(StringComparer.Ordinal)
    {
        "urn:xmpp:bookmarks:1", // XEP-0402 §3
        "storage:bookmarks", // XEP-0048 §3
        "storage:metacontacts", // XEP-0209
        "urn:xmpp:contacts", // XEP-0292 §5: "MUST have an access type of 'whitelist' by default"
        "urn:xmpp:mds:displayed:0", // XEP-0490 §3
    };

    /// <summary>The configuration of a new node of that name.</summary>
    public static NodeConfiguration Defaults(string name, NodeConfiguration usual) => s_names.Contains(name) ? usual with { AccessModel = AccessModel.Whitelist } : usual;
}
