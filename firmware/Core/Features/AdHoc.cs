using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>
/// Answers ad-hoc commands (XEP-0050), so that any client can do what the thing's own do by XEP-0325: the list of commands by service discovery, forms page by
/// page with <c>next</c>, <c>prev</c>, <c>complete</c> and <c>cancel</c>. Who may is judged by the hub, as for control. Sessions are few and end by themselves.
/// </summary>
public sealed class AdHoc : IStanzaHandler, IDiscoNodes
{
    /// <summary>Forms that are being filled in at the same time at most. Default 2: each keeps its values on a small heap, and one person seldom fills in more.</summary>
    public const int MaxSessions = 2;

    /// <summary>Milliseconds that a form may lie about. Default 300,000: five minutes, long enough to look for a value.</summary>
    public const int SessionMs = 300000;

    private static readonly XmlName Command = new XmlName(Ns.Commands, "command");
    private static readonly XmlName Form = new XmlName(Ns.DataForms, "x");

    private readonly AdHocCommand[] _commands;
    private readonly Session[] _sessions = new Session[MaxSessions];
    private int _started;
    private string _life;

    /// <summary>Offers these commands.</summary>
    /// <param name="commands">The commands.</param>
    public AdHoc(AdHocCommand[] commands)
    {
        _commands = commands;
    }

    /// <summary>Answers for this client, and tells so in disco.</summary>
    public void Register(XmppClient client, DiscoInfo disco)
    {
        client.AddIqHandler(Command, this);
        disco.AddFeature(Ns.Commands);
        disco.Nodes = this;
    }

    /// <inheritdoc/>
    public bool Has(string node) => node == Ns.Commands || Find(node) != null;

    /// <inheritdoc/>
    public void WriteInfo(string node, StanzaWriter writer)
    {
        AdHocCommand command = Find(node);
        // XEP-0050 §2.2: the list, and a command's node.
        writer.Start("identity").Attribute("category", "automation").Attribute("type", command == null ? "command-list" : "command-node").Attribute("name", command == null ? null : command.Name).End();
        if (command != null)
        {
            writer.Start("feature").Attribute("var", Ns.Commands).End();
            writer.Start("feature").Attribute("var", Ns.DataForms).End();
        }
    }

    /// <inheritdoc/>
    public void WriteItems(string node, Jid jid, StanzaWriter writer)
    {
        for (int i = 0; node == Ns.Commands && i < _commands.Length; i++)
        {
            writer.Start("item").Attribute("jid", jid.ToString()).Attribute("node", _commands[i].Node).Attribute("name", _commands[i].Name).End();
        }
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        if (!stanza.TypeIs("set"))
        {
            return false;
        }
        XmlPullParser parser = stanza.OpenPayload();
        AdHocCommand command = Find(parser.Attribute("node"));
        if (command == null)
        {
            client.ReplyError(stanza, StanzaError.ItemNotFound);
            return true;
        }
        string action = parser.Attribute("action");
        string id = parser.Attribute("sessionid");
        if (!IsAction(action))
        {
            client.ReplyError(stanza, Error(StanzaError.BadRequest, "malformed-action"));
            return true;
        }
        string from = stanza.From == null ? string.Empty : stanza.From.ToString();
        if (id == null)
        {
            Begin(client, stanza, parser, command, action, from);
        }
        else
        {
            Continue(client, stanza, parser, command, action, id, from);
        }
        return true;
    }

    private static bool IsAction(string action)
        => action == null || action == "execute" || action == "cancel" || action == "prev" || action == "next" || action == "complete";

    // XEP-0050 §4.8: the application's condition beside the stanza's.
    private static StanzaError Error(StanzaError error, string condition) => error.WithApp(Ns.Commands, condition);

    private void Begin(XmppClient client, Stanza stanza, XmlPullParser parser, AdHocCommand command, string action, string from)
    {
        bool complete = action == "complete";
        if (action != null && action != "execute" && !complete)
        {
            client.ReplyError(stanza, Error(StanzaError.BadRequest, "bad-action"));
            return;
        }
        AdHocValues values = new AdHocValues();
        bool brought;
        if (!Read(parser, values, out brought))
        {
            client.ReplyError(stanza, Error(StanzaError.BadRequest, "bad-payload").WithText("there are too many values"));
            return;
        }
        // Who brings the form along, filled in, has no need to see it first.
        if (command.Pages == 0 || brought || complete)
        {
            string wrong = command.Check(values);
            if (wrong != null)
            {
                client.ReplyError(stanza, Error(StanzaError.BadRequest, "bad-payload").WithText(wrong));
                return;
            }
            Complete(client, stanza, command, values, NextId(client));
            return;
        }
        int slot = Slot(client.NowMs, from);
        if (slot < 0)
        {
            client.ReplyError(stanza, StanzaError.ResourceConstraint.WithText("others fill in forms here now: try again in some minutes"));
            return;
        }
        Session session = new Session(NextId(client), command, from);
        _sessions[slot] = session;
        Show(client, stanza, session);
    }

    private void Continue(XmppClient client, Stanza stanza, XmlPullParser parser, AdHocCommand command, string action, string id, string from)
    {
        int slot = -1;
        for (int i = 0; i < MaxSessions; i++)
        {
            Session other = _sessions[i];
            bool alive = other != null && client.NowMs - other.UsedMs <= SessionMs;
            slot = alive && other.Id == id && other.From == from && other.Command == command ? i : slot;
        }
        if (slot < 0)
        {
            // One of this life that is over has expired; any other never was.
            bool expired = _life != null && id.StartsWith(_life);
            client.ReplyError(stanza, expired ? Error(StanzaError.NotAllowed, "session-expired") : Error(StanzaError.BadRequest, "bad-sessionid"));
            return;
        }
        Session session = _sessions[slot];
        session.UsedMs = client.NowMs;
        if (action == "cancel")
        {
            _sessions[slot] = null;
            client.BeginResult(stanza).Start(Command).Attribute("node", command.Node).Attribute("sessionid", id).Attribute("status", "canceled").End();
            client.Commit();
            return;
        }
        bool last = session.Page == command.Pages - 1;
        // XEP-0050 §4.4: execute is what the form said it is, next or, on the last page, complete.
        bool back = action == "prev";
        bool next = action == "next" || !last && (action == null || action == "execute");
        if (back && session.Page == 0 || next && last)
        {
            client.ReplyError(stanza, Error(StanzaError.BadRequest, "bad-action"));
            return;
        }
        bool brought = false;
        string wrong = back || Read(parser, session.Values, out brought) ? null : "there are too many values";
        wrong = wrong == null && !back ? command.Check(session.Values) : wrong;
        if (wrong != null)
        {
            // The session stays: the person corrects the value and sends the page again.
            client.ReplyError(stanza, Error(StanzaError.BadRequest, "bad-payload").WithText(wrong));
            return;
        }
        if (back || next)
        {
            session.Page += back ? -1 : 1;
            Show(client, stanza, session);
            return;
        }
        _sessions[slot] = null;
        Complete(client, stanza, command, session.Values, id);
    }

    private static bool Read(XmlPullParser parser, AdHocValues values, out bool brought)
    {
        brought = false;
        bool room = true;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            // XEP-0050 §4.5.1: a form of type cancel is to be taken as one of type submit.
            if (!parser.Is(Form))
            {
                continue;
            }
            brought = true;
            int inner = parser.Depth;
            while (parser.NextChild(inner))
            {
                string name = parser.LocalIs("field") ? parser.Attribute("var") : null;
                string text = name == null ? null : DataForm.ReadValues(parser);
                if (text != null && name != "FORM_TYPE")
                {
                    room = values.Set(name, text) && room;
                }
            }
        }
        return room;
    }

    private static void Show(XmppClient client, Stanza stanza, Session session)
    {
        AdHocCommand command = session.Command;
        bool last = session.Page == command.Pages - 1;
        session.UsedMs = client.NowMs;
        StanzaWriter writer = client.BeginResult(stanza).Start(Command).Attribute("node", command.Node).Attribute("sessionid", session.Id).Attribute("status", "executing");
        writer.Start("actions").Attribute("execute", last ? "complete" : "next");
        if (session.Page > 0)
        {
            writer.Empty("prev");
        }
        if (!last)
        {
            writer.Empty("next");
        }
        writer.Empty("complete").End();
        DataForm.Begin(writer, "form", null);
        writer.Element("title", command.Pages == 1 ? command.Name : command.Name + " (" + (session.Page + 1).ToString() + "/" + command.Pages.ToString() + ")");
        command.WriteFields(writer, session.Page, session.Values);
        if (client.Commit() == SendResult.TooLarge)
        {
            client.ReplyError(stanza, StanzaError.ResourceConstraint);
        }
    }

    private static void Complete(XmppClient client, Stanza stanza, AdHocCommand command, AdHocValues values, string id)
    {
        AdHocResult result = command.Run(stanza.From, values);
        Answer(client, stanza, command, result, id, result.HasForm);
        if (client.Commit() == SendResult.TooLarge)
        {
            Answer(client, stanza, command, result, id, false);
            client.Commit();
        }
    }

    private static void Answer(XmppClient client, Stanza stanza, AdHocCommand command, AdHocResult result, string id, bool withForm)
    {
        StanzaWriter writer = client.BeginResult(stanza).Start(Command).Attribute("node", command.Node).Attribute("sessionid", id).Attribute("status", "completed");
        if (withForm)
        {
            command.WriteResult(writer);
        }
        string text = result.Text == null && result.HasForm && !withForm ? "the result is larger than this thing can send" : result.Text;
        if (text != null)
        {
            writer.Start("note").Attribute("type", result.IsFailure ? "error" : "info").Text(text).End();
        }
        if (result.Warning != null)
        {
            writer.Start("note").Attribute("type", "warn").Text(result.Warning).End();
        }
        writer.End();
    }

    // A place for a new session: a free one, one that has expired, or the same person's older one.
    private int Slot(long nowMs, string from)
    {
        int own = -1;
        for (int i = 0; i < MaxSessions; i++)
        {
            if (_sessions[i] == null || nowMs - _sessions[i].UsedMs > SessionMs)
            {
                return i;
            }
            if (_sessions[i].From == from && (own < 0 || _sessions[i].UsedMs < _sessions[own].UsedMs))
            {
                own = i;
            }
        }
        return own;
    }

    // Unique in this life, and unlike those of the lives before by the time of its first command.
    private string NextId(XmppClient client)
    {
        if (_life == null)
        {
            _life = client.NowMs.ToString() + "-";
        }
        return _life + (++_started).ToString();
    }

    private AdHocCommand Find(string node)
    {
        for (int i = 0; i < _commands.Length; i++)
        {
            if (_commands[i].Node == node)
            {
                return _commands[i];
            }
        }
        return null;
    }

    private sealed class Session
    {
        internal readonly string Id;
        internal readonly AdHocCommand Command;
        internal readonly string From;
        internal readonly AdHocValues Values = new AdHocValues();
        internal int Page;
        internal long UsedMs;

        internal Session(string id, AdHocCommand command, string from)
        {
            Id = id;
            Command = command;
            From = from;
        }
    }
}
