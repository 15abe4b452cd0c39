namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Where a node stands in the graph of collections (XEP-0248).</summary>
/// <param name="Collections">The collections that it is in, by name; none: it hangs on the root alone.</param>
/// <param name="Children">The nodes that it holds, by name.</param>
internal sealed record NodeGraph(IReadOnlyList<string> Collections, IReadOnlyList<string> Children)
{
    public static readonly NodeGraph Empty = new([], []);
}

/// <summary>What somebody wants of the graph; null for what is to stay.</summary>
/// <param name="Collections">The collections that the node is to be in.</param>
/// <param name="Children">The nodes that it is to hold.</param>
internal sealed record GraphChange(IReadOnlyList<string>? Collections, IReadOnlyList<string>? Children);

/// <summary>What a change of the graph came to.</summary>
/// <param name="Error">Why it was refused, or null.</param>
/// <param name="Before">How it was.</param>
/// <param name="After">How it is.</param>
internal sealed record GraphResult(PubSubError? Error, NodeGraph Before, NodeGraph After)
{
    public static readonly GraphResult Unchanged = new(null, NodeGraph.Empty, NodeGraph.Empty);

    public static GraphResult Refused(PubSubError error) => new(error, NodeGraph.Empty, NodeGraph.Empty);
}
