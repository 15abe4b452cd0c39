using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Tree = IotXmpp.Xml.Element;

namespace IotXmpp.Hub.Features.Access;

/// <summary>What a request for things is about: the things behind a gateway that it names, and the parameters that it sets.</summary>
/// <param name="Nodes">Ids of things behind the gateway, "" for a reference without one; none where the account's own thing is meant.</param>
/// <param name="Parameters">The parameters that are set; null where it is more than setting parameters, or cannot be told; none where nothing is set yet.</param>
public sealed record ControlRequest(IReadOnlyList<string> Nodes, IReadOnlyList<string>? Parameters)
{
    /// <summary>Things that one request may name, at most. Default 64: all that a gateway may have.</summary>
    public const int MaxReferences = 64;

    /// <summary>
    /// Reads the things that a request names (node references of XEP-0323 §3.2, XEP-0325 §3.5 and XEP-0326): <c>nodeId</c> of the payload, of its <c>node</c> elements, and of those inside a queued command;
    /// and the parameters of <c>set</c> (XEP-0325 §3.1: typed elements, or the fields of a form), also inside a queued command, and of the ad-hoc command <c>set</c>.
    /// </summary>
    /// <param name="stanza">The request.</param>
    /// <returns>Null when there are more than <see cref="MaxReferences"/> or the payload cannot be read.</returns>
    public static ControlRequest? Read(Stanza stanza)
    {
        ArgumentNullException.ThrowIfNull(stanza);
        byte[] bytes = stanza.ToBytes();
        if (Tree.Parse(bytes, 0, bytes.Length) is not { } whole)
        {
            return null;
        }

        var nodes = new List<string>();
        List<string>? parameters = [];
        bool isAny = false;
        foreach (Tree payload in Children(whole))
        {
            AddNodes(payload, nodes);
            if (payload.Is(Ns.Control, "set"))
            {
                isAny = true;
                parameters = Add(payload, parameters);
            }
            else if (payload.Is(Ns.Command, "command"))
            {
                isAny = true;
                bool hasSet = false;
                foreach (Tree inner in Children(payload))
                {
                    AddNodes(inner, nodes);
                    hasSet |= inner.Is(Ns.Control, "set");
                    parameters = inner.Is(Ns.Control, "set") ? Add(inner, parameters) : null;
                }

                parameters = hasSet ? parameters : null;
            }
            else if (payload.Is(Ns.Commands, "command"))
            {
                isAny = true;
                // What a thing does by other commands is not one parameter. The form comes first, and sets nothing.
                parameters = payload.Attribute("node") == "set" ? AddForm(payload, parameters) : null;
            }
            else if (payload.Namespace is Ns.Control)
            {
                isAny = true;
                parameters = null;
            }
        }

        return nodes.Count > MaxReferences ? null : new ControlRequest(nodes, isAny ? parameters : null);
    }

    /// <summary>The parameters of a <c>set</c> (XEP-0325); null where it has none, or one without a name.</summary>
    /// <param name="set">The element.</param>
    public static IReadOnlyList<string>? ParametersOf(Tree set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return Add(set, []);
    }

    private static List<string>? Add(Tree set, List<string>? to)
    {
        if (to is null)
        {
            return null;
        }

        int before = to.Count;
        foreach (Tree child in Children(set))
        {
            if (child.Namespace == Ns.DataForms)
            {
                if (AddFields(child, to) is null)
                {
                    return null;
                }
            }
            else if (child.Namespace != Ns.Control)
            {
                return null; // nobody here knows what a thing makes of it
            }
            else if (child.Name != "node")
            {
                if (child.Attribute("name") is not { Length: > 0 } name)
                {
                    return null;
                }

                to.Add(name);
            }
        }

        return to.Count > before ? to : null;
    }

    private static List<string>? AddForm(Tree command, List<string>? to)
    {
        foreach (Tree child in Children(command))
        {
            to = child.Namespace == Ns.DataForms && to is not null ? AddFields(child, to) : to;
        }

        return to;
    }

    private static List<string>? AddFields(Tree form, List<string> to)
    {
        foreach (Tree field in Children(form).Where(c => c.Name is not ("title" or "instructions")))
        {
            if (field.Name != "field" || field.Attribute("var") is not { Length: > 0 } name)
            {
                return null;
            }

            if (name != "FORM_TYPE")
            {
                to.Add(name);
            }
        }

        return to;
    }

    private static IEnumerable<Tree> Children(Tree element) => Enumerable.Range(0, element.ChildCount).Select(element.ChildAt);

    private static void AddNodes(Tree payload, List<string> ids)
    {
        if (payload.Attribute("nodeId") is { } direct)
        {
            ids.Add(direct);
        }

        ids.AddRange(Children(payload).Where(c => c.Name == "node" && c.Namespace == payload.Namespace).Select(c => c.Attribute("nodeId") ?? ""));
    }
}
