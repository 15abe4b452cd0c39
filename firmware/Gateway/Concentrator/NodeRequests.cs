using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>
/// Commands and read-outs that name a thing behind the gateway (node references of XEP-0325 and XEP-0323): they go down to it, and its outcome comes back. What names
/// no thing, or the gateway itself, is left to the gateway's own thing. A thing that is not behind it is <c>item-not-found</c>, as both XEPs say.
/// </summary>
/// <param name="table">The things.</param>
/// <param name="ownId">The gateway's own id.</param>
/// <param name="settings">Where the queued commands that were handled are remembered.</param>
internal sealed class NodeRequests(NodeTable table, string ownId, ISettings settings) : IStanzaHandler
{
    private static readonly XmlName Set = new(Ns.Control, "set");
    private static readonly XmlName GetForm = new(Ns.Control, "getForm");
    private static readonly XmlName Command = new(Ns.Command, "command");
    private static readonly XmlName Request = new(Ns.SensorData, "req");

    private readonly CommandLog _log = new(new Prefixed(settings));

    /// <summary>Is told what was set on a thing, or why not: who, thing, parameter, value, error or null.</summary>
    public Action<string, string, string, string, string?>? Controlled { get; set; }

    /// <summary>Gives the gateway's own last sample, for a read-out of several; may give null.</summary>
    public Func<Sample?> Own { get; set; } = () => null;

    /// <summary>Answers from now on; before the gateway's own thing does.</summary>
    public void Register(XmppClient client)
    {
        client.AddIqHandler(Set, this);
        client.AddIqHandler(GetForm, this);
        client.AddIqHandler(Command, this);
        client.AddIqHandler(Request, this);
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        XmlPullParser payload = stanza.OpenPayload();
        bool isRead = payload.Is(Request);
        bool isForm = payload.Is(GetForm);
        if (stanza.TypeIs("get") != (isRead || isForm))
        {
            return false;
        }

        // The whole as a tree: a request is small, and a gateway is no board.
        if (stanza.ToElement() is not { } iq || iq.ChildCount == 0)
        {
            return false;
        }

        Element request = iq.ChildAt(0);
        string? id = null;
        if (request.Is(Ns.Command, "command"))
        {
            id = request.Attribute("id");
            if (request.Child(Ns.Control, "set") is not { } inner)
            {
                return false;
            }

            request = inner;
        }

        List<string> nodes = [.. Children(request).Where(c => c.Name == "node" && c.Namespace == request.Namespace).Select(c => c.Attribute("nodeId") ?? string.Empty)];
        if (nodes.All(IsOwn) && nodes.Count < 2)
        {
            return false;
        }

        if (isRead)
        {
            ReadOut(client, stanza, request, nodes);
            return true;
        }

        if (nodes.Count > 1)
        {
            client.ReplyError(stanza, StanzaError.FeatureNotImplemented.WithText("one thing at a time"));
            return true;
        }

        if (table.Find(nodes[0]) is not { } node)
        {
            client.ReplyError(stanza, StanzaError.ItemNotFound.WithText("there is no such thing behind this gateway"));
            return true;
        }

        if (isForm)
        {
            Form(client, stanza, node);
        }
        else
        {
            Control(client, stanza, request, node, id);
        }

        return true;
    }

    private static IEnumerable<Element> Children(Element element) => Enumerable.Range(0, element.ChildCount).Select(element.ChildAt);

    private bool IsOwn(string nodeId) => nodeId.Length == 0 || nodeId == ownId;

    private static void Form(XmppClient client, Stanza stanza, Node node)
    {
        StanzaWriter writer = client.BeginResult(stanza);
        DataForm.Begin(writer, "form", null);
        foreach (ControlParameter parameter in node.Parameters)
        {
            DataForm.Write(writer, parameter, NodeTable.Current(node, parameter));
        }

        if (client.Commit() == SendResult.TooLarge)
        {
            client.ReplyError(stanza, StanzaError.ResourceConstraint);
        }
    }

    private void Control(XmppClient client, Stanza stanza, Element set, Node node, string? id)
    {
        if (id is not null || stanza.OpenPayload().Is(Command))
        {
            if (!CommandLog.IsId(id))
            {
                client.ReplyError(stanza, StanzaError.BadRequest.WithText("a queued command has an id"));
                return;
            }

            if (_log.Find(id, out string before))
            {
                Answer(client, stanza.Defer(), before.Length == 0 ? null : (StanzaError.Find(before) ?? StanzaError.UndefinedCondition, string.Empty, "this command has been handled before"));
                return;
            }
        }

        IqRequest request = stanza.Defer();
        if (NodeTable.Unreachable(node) is { Outcome: NodeOutcome.Away } away)
        {
            // Nothing was sent, so nothing is written down: the same command may come again when the thing is there.
            Answer(client, request, Failure(away));
            return;
        }

        if (Check(node, set, out ControlValue[] values) is { } wrong)
        {
            Answer(client, request, wrong);
            return;
        }

        // Written down before it is done: after a power cut in between it is reported as not known, but never done twice.
        if (id is not null)
        {
            _log.Begin(id);
        }

        string from = request.From?.ToString() ?? string.Empty;
        table.Set(node, values, answer =>
        {
            (StanzaError, string, string)? failure = Failure(answer);
            if (id is not null)
            {
                _log.End(id, failure?.Item1.Condition ?? string.Empty);
            }

            foreach (ControlValue value in values)
            {
                Controlled?.Invoke(from, node.Id, value.Parameter.Name, value.Text, failure?.Item3);
            }

            Answer(client, request, failure);
        });
    }

    private static (StanzaError, string, string)? Failure(NodeAnswer answer) => answer.Outcome switch
    {
        NodeOutcome.Done => null,
        NodeOutcome.Failed => (StanzaError.InternalServerError, answer.Parameter, answer.Text),
        NodeOutcome.Mute => (StanzaError.FeatureNotImplemented, string.Empty, answer.Text),
        NodeOutcome.Away => (StanzaError.RecipientUnavailable, string.Empty, answer.Text),
        NodeOutcome.Busy => (StanzaError.ResourceConstraint, string.Empty, answer.Text),
        _ => (StanzaError.RemoteServerTimeout, string.Empty, answer.Text),
    };

    // As the core does it for a thing's own parameters: all are checked before one is done.
    internal static (StanzaError Error, string Parameter, string Text)? Check(Node node, Element set, out ControlValue[] values)
    {
        values = [];
        var given = new List<(string? Name, string? Text, string Kind)>();
        foreach (Element child in Children(set))
        {
            if (child.Is(Ns.DataForms, "x"))
            {
                given.AddRange(Children(child)
                    .Where(f => f.Name == "field" && f.Attribute("type") != "hidden" && f.Attribute("var") is not (null or "FORM_TYPE") && f.ChildText("value") is not null)
                    .Select(f => (f.Attribute("var"), f.ChildText("value"), string.Empty))!);
            }
            else if (child.Namespace == Ns.Control && child.Name != "node")
            {
                given.Add((child.Attribute("name"), child.Attribute("value"), child.Name));
            }
        }

        if (given.Count == 0)
        {
            return (StanzaError.BadRequest, string.Empty, "there is nothing to set");
        }

        if (given.Count > NodeLine.MaxParameters)
        {
            return (StanzaError.ResourceConstraint, string.Empty, "too many parameters at once");
        }

        var checkedValues = new ControlValue[given.Count];
        for (int i = 0; i < given.Count; i++)
        {
            (string? name, string? text, string kind) = given[i];
            if (name is null || text is null)
            {
                return (StanzaError.BadRequest, string.Empty, "name or value is missing");
            }

            if (Array.Find(node.Parameters, p => p.Name == name) is not { } parameter)
            {
                return (StanzaError.ItemNotFound, name, "there is no such parameter");
            }

            if (kind.Length > 0 && !Fits(kind, parameter.Kind))
            {
                return (StanzaError.BadRequest, name, "Invalid parameter type.");
            }

            if (parameter.Check(text, out checkedValues[i]) is { } wrong)
            {
                return (StanzaError.BadRequest, name, wrong);
            }
        }

        values = checkedValues;
        return null;
    }

    private static bool Fits(string given, FieldKind wanted) => given == SensorData.ElementOf(wanted)
        || (given is "int" or "long" or "double" && wanted is FieldKind.Int or FieldKind.Long or FieldKind.Double);

    private static void Answer(XmppClient client, IqRequest request, (StanzaError Error, string Parameter, string Text)? failure)
    {
        if (failure is not { } wrong)
        {
            client.BeginResult(request).Empty("setResponse", Ns.Control);
            client.Commit();
            return;
        }

        if (wrong.Parameter.Length == 0)
        {
            client.ReplyError(request, wrong.Error.WithText(wrong.Text));
            return;
        }

        // XEP-0325 puts what is wrong with a parameter into paramError, behind the defined condition (RFC 6120 §8.3.2).
        StanzaWriter writer = client.BeginError(request).Start("error").Attribute("type", wrong.Error.Type).Empty(wrong.Error.Condition, Ns.StanzaErrors);
        writer.Start("paramError", Ns.Control).Attribute("var", wrong.Parameter).Text(wrong.Text).End();
        client.Commit();
    }

    private void ReadOut(XmppClient client, Stanza stanza, Element request, List<string> nodes)
    {
        if (!long.TryParse(request.Attribute("seqnr"), System.Globalization.CultureInfo.InvariantCulture, out long sequence) || stanza.From is not { } from)
        {
            client.ReplyError(stanza, StanzaError.BadRequest);
            return;
        }

        if (nodes.Count > NodeTable.MaxAsked)
        {
            client.ReplyError(stanza, StanzaError.ResourceConstraint.WithText($"{NodeTable.MaxAsked} things at a time"));
            return;
        }

        // XEP-0323 §3.4: an item that cannot be found rejects the request.
        if (nodes.FirstOrDefault(n => !IsOwn(n) && table.Find(n) is null) is { } missing)
        {
            client.ReplyError(stanza, StanzaError.ItemNotFound.WithText($"there is no {missing[..Math.Min(missing.Length, 64)]} behind this gateway"));
            return;
        }

        var asked = new ReadoutRequest { Sequence = sequence, From = from, NodeId = string.Empty, Names = Names(request) };
        if (request.Attribute("all") is not ("true" or "1"))
        {
            asked.Flags = (Flag(request, "momentary") ? FieldFlags.Momentary : 0) | (Flag(request, "status") ? FieldFlags.Status : 0) | (Flag(request, "identity") ? FieldFlags.Identity : 0)
                | (Flag(request, "computed") ? FieldFlags.Computed : 0) | (Flag(request, "peak") ? FieldFlags.Peak : 0) | (Flag(request, "historical") ? FieldFlags.Historical : 0);
        }

        client.BeginResult(stanza).Start("accepted", Ns.SensorData).Attribute("seqnr", sequence);
        client.Commit();
        List<string> distinct = [.. nodes.Select(n => IsOwn(n) ? ownId : n).Distinct()];
        int left = distinct.Count;
        foreach (string id in distinct)
        {
            if (id == ownId)
            {
                Sample? own = Own();
                Tell(client, asked, id, own, own is null ? "there is no sample yet" : string.Empty, --left == 0);
                continue;
            }

            table.Read(table.Find(id)!, answer => Tell(client, asked, id, answer.Outcome == NodeOutcome.Done ? answer.Sample : null, answer.Text, --left == 0));
        }
    }

    private static bool Flag(Element request, string name) => request.Attribute(name) is "true" or "1";

    private static string[]? Names(Element request)
    {
        string[] names = [.. Children(request).Where(c => c.Name == "field").Select(c => c.Attribute("name")).OfType<string>().Take(SensorReadout.MaxNames)];
        return names.Length > 0 ? names : null;
    }

    private static void Tell(XmppClient client, ReadoutRequest request, string nodeId, Sample? sample, string error, bool done)
    {
        if (sample is null)
        {
            client.BeginMessage(request.From, null, null).Start("failure", Ns.SensorData).Attribute("seqnr", request.Sequence).Attribute("done", done)
                .Start("error").Attribute("nodeId", nodeId).Text(error.Length > 0 ? error : "the thing gave no values");
            client.Commit();
            return;
        }

        StanzaWriter writer = client.BeginMessage(request.From, null, null);
        SensorData.Begin(writer, request.Sequence, done);
        SensorData.BeginNode(writer, nodeId);
        SensorData.BeginTime(writer, sample.TimeMs);
        for (int i = 0; i < sample.Count; i++)
        {
            if (request.Wants(sample.Name(i), sample.Flags(i)))
            {
                SensorData.Write(writer, new Field
                {
                    Name = sample.Name(i),
                    Kind = sample.Kind(i),
                    Value = sample.Value(i),
                    Unit = sample.Kind(i) == FieldKind.Numeric ? sample.Text(i) : string.Empty,
                    Flags = sample.Flags(i) | FieldFlags.AutomaticReadout,
                });
            }
        }

        client.Commit();
    }

    /// <summary>The things' commands are remembered beside the gateway's own.</summary>
    private sealed class Prefixed(ISettings settings) : ISettings
    {
        public byte[]? Read(string key) => settings.Read("node-" + key);

        public void Write(string key, byte[]? value) => settings.Write("node-" + key, value);
    }
}
