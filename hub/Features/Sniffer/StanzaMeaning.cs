using System.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Sniffer;

/// <summary>What a stanza says, in a few words. It may be cut off: what is there is read.</summary>
/// <param name="Kind">Its element with its type, such as <c>iq set</c>; for what is no stanza the element, such as <c>a</c> of XEP-0198.</param>
/// <param name="Meaning">The words.</param>
public sealed record StanzaMeaning(string Kind, string Meaning)
{
    /// <summary>Nodes of a cut-off stanza that are looked at. Default 64: a batch of samples is told by its first.</summary>
    private const int MaxNodes = 64;

    private static readonly XmlReaderSettings s_settings = new() { ConformanceLevel = ConformanceLevel.Fragment, DtdProcessing = DtdProcessing.Prohibit, CheckCharacters = false };

    /// <summary>Reads a stanza.</summary>
    /// <param name="xml">The XML, or its beginning with "…" at its end.</param>
    public static StanzaMeaning Of(string xml)
    {
        List<Node> nodes = Read(xml.TrimEnd('…'));
        if (nodes.Count == 0)
        {
            // Cut in its start tag, or hidden by the board because it carries a secret.
            string name = new([.. xml.TrimStart('<').TakeWhile(c => char.IsLetterOrDigit(c) || c is ':' or '-')]);
            return new StanzaMeaning(name.Length > 0 ? name : "?", name is "auth" or "authenticate" or "response" or "challenge" or "success" ? "log-in (not shown)" : string.Empty);
        }

        Node first = nodes[0];
        string type = first["type"];
        string kind = type.Length > 0 ? $"{first.Name} {type}" : first.Name;
        return new StanzaMeaning(kind, first.Name switch
        {
            "presence" => Presence(nodes, type),
            "iq" => Iq(nodes, type),
            "message" => Message(nodes, type),
            "r" => "asks how much has arrived",
            "a" => $"{first["h"]} stanzas have arrived",
            "enable" => "wants the session to be resumable",
            "enabled" => "the session is resumable",
            "resume" => "takes the lost session up again",
            "resumed" => "the lost session goes on",
            "failed" => "it cannot be taken up again",
            "features" => "what the hub offers",
            "starttls" => "wants TLS",
            "proceed" => "TLS begins",
            "failure" => $"log-in refused: {Second(nodes)}",
            "error" => $"the stream ends: {Second(nodes)}",
            "stream" => "the stream begins",
            _ => string.Empty,
        });
    }

    private static string Presence(List<Node> nodes, string type)
    {
        if (Find(nodes, Ns.Thing, "sleep") is { } sleep)
        {
            return $"sleeps until {sleep["until"]}";
        }

        if (type.Length > 0)
        {
            return type switch { "unavailable" => "leaves", "subscribe" => "asks to see presence", "subscribed" => "may see presence", _ => type };
        }

        Node? thing = Find(nodes, Ns.Thing, "thing");
        string[] parts = thing is null ? [] :
        [
            thing["fw"].Length > 0 ? $"firmware {thing["fw"]}" : string.Empty, thing["boot"].Length > 0 ? $"started by {thing["boot"]}" : string.Empty,
            thing["rssi"].Length > 0 ? $"{thing["rssi"]} dBm" : string.Empty, thing["heap"].Length > 0 ? $"{thing["heap"]} bytes free" : string.Empty,
            thing["bat"].Length > 0 ? $"battery {thing["bat"]} %" : string.Empty,
        ];
        return string.Join(", ", ["is there", .. parts.Where(p => p.Length > 0)]);
    }

    private static string Iq(List<Node> nodes, string type)
    {
        if (type == "error")
        {
            Node? condition = nodes.FirstOrDefault(n => n.Namespace == Ns.StanzaErrors);
            return $"refused: {condition?.Name ?? "for a reason that is cut off"}";
        }

        if (nodes.Count == 1)
        {
            return type == "result" ? "done" : string.Empty;
        }

        Node payload = nodes[1];
        return (payload.Namespace, payload.Name) switch
        {
            (Ns.Ping, _) => "ping",
            (Ns.Bind, _) => type == "set" ? $"binds the resource{Text(nodes, "resource", " ")}" : $"bound{Text(nodes, "jid", " as ")}",
            (Ns.PubSub, _) when Find(nodes, Ns.PubSub, "publish") is { } publish => type == "result" ? $"{publish["node"]} has it" : $"publishes to {publish["node"]}{Fields(nodes)}",
            (Ns.PubSub, _) when Find(nodes, Ns.PubSub, "subscribe") is { } subscribe => $"subscribes to {subscribe["node"]}",
            (Ns.PubSub, _) when Find(nodes, Ns.PubSub, "create") is { } create => $"makes the node {create["node"]}",
            (Ns.PubSub, _) => "publish-subscribe",
            (Ns.Control, "set") => $"sets {Parameters(nodes)}",
            (Ns.Control, "setResponse") => "has set it",
            (Ns.Control, "getForm") => "asks what can be set",
            (Ns.SensorData, "req") => "asks for the values now",
            (Ns.SensorData, "accepted") => "will answer with the values",
            (Ns.Command, _) => $"queued command {payload["id"]}: sets {Parameters(nodes)}",
            (Ns.DiscoInfo, _) => type == "get" ? "asks what it can do" : "what it can do",
            (Ns.DiscoItems, _) => type == "get" ? "asks what it has" : "what it has",
            (Ns.Roster, _) => type == "get" ? "asks for the roster" : "roster",
            (Ns.Version, _) => type == "get" ? "asks for the version" : "version",
            (Ns.Time, _) => type == "get" ? "asks for the time" : "time",
            (Ns.Last, _) => type == "get" ? "asks when it was last active" : "last activity",
            _ => $"{payload.Name} ({payload.Namespace})",
        };
    }

    private static string Message(List<Node> nodes, string type)
    {
        if (type == "error")
        {
            return $"refused: {nodes.FirstOrDefault(n => n.Namespace == Ns.StanzaErrors)?.Name ?? "for a reason that is cut off"}";
        }

        return Find(nodes, Ns.PubSubEvent, "items") is { } items ? $"notification of {items["node"]}{Fields(nodes)}"
            : Find(nodes, Ns.SensorData, "fields") is not null ? $"values{Fields(nodes)}"
            : nodes.Any(n => n.Name == "body") ? "text" : string.Empty;
    }

    private static string Fields(List<Node> nodes)
    {
        var fields = new List<string>();
        int times = 0;
        foreach (Node node in nodes.Where(n => n.Namespace == Ns.SensorData))
        {
            if (node.Name == "timestamp")
            {
                times++;
            }
            else if (node["name"].Length > 0 && times <= 1)
            {
                fields.Add($"{node["name"]}={node["value"]}{(node["unit"].Length > 0 ? " " + node["unit"] : string.Empty)}");
            }
        }

        return fields.Count == 0 ? string.Empty : $": {string.Join(", ", fields)}{(times > 1 ? $", and {times - 1} more times" : string.Empty)}";
    }

    private static string Parameters(List<Node> nodes) => string.Join(", ", nodes.Where(n => n.Namespace == Ns.Control && n["name"].Length > 0).Select(n => $"{n["name"]}={n["value"]}"));

    private static string Second(List<Node> nodes) => nodes.Count > 1 ? nodes[1].Name : "no reason given";

    private static string Text(List<Node> nodes, string name, string before) => nodes.FirstOrDefault(n => n.Name == name) is { Text.Length: > 0 } found ? before + found.Text : string.Empty;

    private static Node? Find(List<Node> nodes, string ns, string name) => nodes.FirstOrDefault(n => n.Name == name && n.Namespace == ns);

    private static List<Node> Read(string xml)
    {
        var names = new XmlNamespaceManager(new NameTable());
        names.AddNamespace(string.Empty, Ns.Client);
        names.AddNamespace("stream", Ns.Stream);
        var nodes = new List<Node>();
        try
        {
            using var reader = XmlReader.Create(new StringReader(xml), s_settings, new XmlParserContext(null, names, null, XmlSpace.None));
            while (nodes.Count < MaxNodes && reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element)
                {
                    var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
                    var node = new Node(reader.LocalName, reader.NamespaceURI, attributes);
                    while (reader.MoveToNextAttribute())
                    {
                        attributes[reader.Name] = reader.Value;
                    }

                    nodes.Add(node);
                }
                else if (reader.NodeType == XmlNodeType.Text && nodes.Count > 0)
                {
                    nodes[^1].Text = reader.Value;
                }
            }
        }
        catch (XmlException)
        {
            // Here it was cut off.
        }

        return nodes;
    }

    private sealed record Node(string Name, string Namespace, IReadOnlyDictionary<string, string> Attributes)
    {
        public string Text { get; set; } = string.Empty;

        public string this[string name] => Attributes.GetValueOrDefault(name, string.Empty);
    }
}
