using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>
/// Lets others control a thing (XEP-0325): <c>set</c> with typed parameters or a submitted form, <c>getForm</c>, and queued commands (<c>urn:iotxmpp:command:1</c>), which are never done twice.
/// Only IQs are taken: by a message nobody would learn what became of it, and the hub judges IQs alone.
/// </summary>
public sealed class Control : IStanzaHandler
{
    private static readonly XmlName SetName = new XmlName(Ns.Control, "set");
    private static readonly XmlName GetForm = new XmlName(Ns.Control, "getForm");
    private static readonly XmlName Command = new XmlName(Ns.Command, "command");
    private static readonly XmlName Form = new XmlName(Ns.DataForms, "x");

    /// <summary>Parameters in one command at most. Default 16: more than a thing has.</summary>
    public const int MaxValues = 16;

    private readonly IControlTarget _target;
    private readonly CommandLog _log;

    /// <summary>Controls this target.</summary>
    /// <param name="target">What can be set.</param>
    /// <param name="log">Remembers queued commands.</param>
    public Control(IControlTarget target, CommandLog log)
    {
        _target = target;
        _log = log;
    }

    /// <summary>Answers for this client, and tells so in disco.</summary>
    public void Register(XmppClient client, DiscoInfo disco)
    {
        client.AddIqHandler(SetName, this);
        client.AddIqHandler(GetForm, this);
        client.AddIqHandler(Command, this);
        disco.AddFeature(Ns.Control);
        disco.AddFeature(Ns.Command);
    }

    // ---- for who commands ----

    /// <summary>Opens <c>&lt;set/&gt;</c> in an IQ set that was begun; then <see cref="Write"/> each parameter, then Commit.</summary>
    public static StanzaWriter BeginSet(StanzaWriter writer, string nodeId)
    {
        writer.Start(SetName);
        return string.IsNullOrEmpty(nodeId) ? writer : writer.Start("node").Attribute("nodeId", nodeId).End();
    }

    /// <summary>Writes one parameter of a <c>set</c>, its value as on the wire.</summary>
    public static void Write(StanzaWriter writer, string name, FieldKind kind, string value)
    {
        writer.Start(SensorData.ElementOf(kind)).Attribute("name", name).Attribute("value", value).End();
    }

    /// <summary>Writes a request for the form into an IQ get that was begun.</summary>
    public static void WriteGetForm(StanzaWriter writer, string nodeId)
    {
        writer.Start(GetForm);
        if (!string.IsNullOrEmpty(nodeId))
        {
            writer.Start("node").Attribute("nodeId", nodeId).End();
        }
        writer.End();
    }

    // ---- for who is commanded ----

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        XmlPullParser parser = stanza.OpenPayload();
        if (parser.Is(GetForm))
        {
            return stanza.TypeIs("get") && AnswerForm(client, stanza, parser);
        }
        if (!stanza.TypeIs("set"))
        {
            return false;
        }
        string id = null;
        if (parser.Is(Command))
        {
            id = parser.Attribute("id");
            int depth = parser.Depth;
            bool found = false;
            while (!found && parser.NextChild(depth))
            {
                found = parser.Is(SetName);
            }
            if (!found || !CommandLog.IsId(id))
            {
                client.ReplyError(stanza, StanzaError.BadRequest);
                return true;
            }
            if (_log.Find(id, out string outcome))
            {
                Answer(client, stanza, outcome.Length == 0 ? null : new ControlFailure(string.Empty, "this command has been handled before", Repeat(outcome)));
                return true;
            }
        }
        ControlFailure failure = Read(parser, stanza.From, out ControlCommand command);
        if (failure == null)
        {
            // Written down before it is done: after a power cut in between it is reported as not known, but never done twice.
            if (id != null)
            {
                _log.Begin(id);
            }
            failure = _target.Set(command);
        }
        if (id != null)
        {
            _log.End(id, failure == null ? string.Empty : failure.Error.Condition);
        }
        Answer(client, stanza, failure);
        return true;
    }

    private static StanzaError Repeat(string condition)
    {
        StanzaError error = StanzaError.Find(condition);
        return error == null ? StanzaError.UndefinedCondition : error;
    }

    private static void Answer(XmppClient client, Stanza stanza, ControlFailure failure)
    {
        if (failure == null)
        {
            client.BeginResult(stanza).Empty("setResponse", Ns.Control);
            client.Commit();
            return;
        }
        // RFC 6120 §8.3.2: the defined condition, then the application's; XEP-0325 puts the text into paramError
        StanzaWriter writer = client.BeginError(stanza).Start("error").Attribute("type", failure.Error.Type).Empty(failure.Error.Condition, Ns.StanzaErrors);
        if (failure.Parameter.Length > 0)
        {
            writer.Start("paramError", Ns.Control).Attribute("var", failure.Parameter).Text(failure.Text).End();
        }
        else if (failure.Text.Length > 0)
        {
            writer.Start("text", Ns.StanzaErrors).Text(failure.Text).End();
        }
        client.Commit();
    }

    /// <summary>Reads and checks the parameters below the element that the parser stands on; a form counts, too.</summary>
    /// <param name="parser">The parser.</param>
    /// <param name="from">Who commands.</param>
    /// <param name="command">The command; its values are checked when nothing is wrong.</param>
    /// <returns>Null, or what is wrong.</returns>
    public ControlFailure Read(XmlPullParser parser, Jid from, out ControlCommand command)
    {
        command = new ControlCommand { From = from, NodeId = string.Empty };
        string[] names = new string[MaxValues];
        string[] texts = new string[MaxValues];
        int[] kinds = new int[MaxValues]; // -1: of a form, where all is text
        int count = 0;
        int nodes = 0;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(Form))
            {
                int inner = parser.Depth;
                while (parser.NextChild(inner))
                {
                    string name = parser.LocalIs("field") && !parser.AttributeIs("type", "hidden") ? parser.Attribute("var") : null;
                    string text = name == null ? null : DataForm.ReadValue(parser);
                    if (text != null && name != "FORM_TYPE")
                    {
                        if (count == MaxValues)
                        {
                            return TooMany();
                        }
                        names[count] = name;
                        texts[count] = text;
                        kinds[count++] = -1;
                    }
                }
            }
            else if (parser.Is(Ns.Control, "node"))
            {
                string node = parser.Attribute("nodeId");
                command.NodeId = node == null ? string.Empty : node;
                if (++nodes > 1)
                {
                    return new ControlFailure(string.Empty, "one node at a time", StanzaError.FeatureNotImplemented);
                }
            }
            else if (parser.NamespaceIs(Ns.Control) && SensorData.TryKind(parser, out FieldKind kind))
            {
                if (count == MaxValues)
                {
                    return TooMany();
                }
                names[count] = parser.Attribute("name");
                texts[count] = parser.Attribute("value");
                kinds[count] = (int)kind;
                if (names[count] == null || texts[count] == null)
                {
                    return new ControlFailure(string.Empty, "name or value is missing", StanzaError.BadRequest);
                }
                count++;
            }
        }
        return Check(command, names, texts, kinds, count);
    }

    private ControlFailure Check(ControlCommand command, string[] names, string[] texts, int[] kinds, int count)
    {
        ControlParameter[] parameters = _target.Parameters(command.NodeId);
        if (parameters == null)
        {
            return new ControlFailure(string.Empty, "there is no such node", StanzaError.ItemNotFound);
        }
        if (count == 0)
        {
            return new ControlFailure(string.Empty, "there is nothing to set", StanzaError.BadRequest);
        }
        command.Values = new ControlValue[count];
        for (int i = 0; i < count; i++)
        {
            ControlParameter parameter = null;
            for (int k = 0; k < parameters.Length; k++)
            {
                parameter = parameters[k].Name == names[i] ? parameters[k] : parameter;
            }
            if (parameter == null)
            {
                return new ControlFailure(names[i], "there is no such parameter", StanzaError.ItemNotFound);
            }
            if (kinds[i] >= 0 && !Fits((FieldKind)kinds[i], parameter.Kind))
            {
                return new ControlFailure(names[i], "Invalid parameter type.", StanzaError.BadRequest);
            }
            string wrong = parameter.Check(texts[i], out command.Values[i]);
            if (wrong != null)
            {
                return new ControlFailure(names[i], wrong, StanzaError.BadRequest);
            }
        }
        return null;
    }

    // int, long and double may stand for each other where the value fits; enum is a string on the wire
    private static bool Fits(FieldKind given, FieldKind wanted)
    {
        return given == wanted || IsNumber(given) && IsNumber(wanted) || given == FieldKind.String && wanted == FieldKind.Enum;
    }

    private static bool IsNumber(FieldKind kind)
    {
        return kind == FieldKind.Int || kind == FieldKind.Long || kind == FieldKind.Double || kind == FieldKind.Numeric;
    }

    private static ControlFailure TooMany()
    {
        return new ControlFailure(string.Empty, "too many parameters at once", StanzaError.ResourceConstraint);
    }

    private bool AnswerForm(XmppClient client, Stanza stanza, XmlPullParser parser)
    {
        string node = string.Empty;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            string given = parser.Is(Ns.Control, "node") ? parser.Attribute("nodeId") : null;
            node = given == null ? node : given;
        }
        ControlParameter[] parameters = _target.Parameters(node);
        if (parameters == null)
        {
            client.ReplyError(stanza, StanzaError.ItemNotFound);
            return true;
        }
        StanzaWriter writer = client.BeginResult(stanza);
        DataForm.Begin(writer, "form", null);
        for (int i = 0; i < parameters.Length; i++)
        {
            DataForm.Write(writer, parameters[i], _target.Current(node, parameters[i]));
        }
        if (client.Commit() == SendResult.TooLarge)
        {
            client.ReplyError(stanza, StanzaError.ResourceConstraint);
        }
        return true;
    }
}
