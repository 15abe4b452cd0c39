using System.Text;
using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>The commands of a thing for any client (wire profile, commands are IQ): set, read, identify, reboot, sleep, update.</summary>
internal static class ThingCommands
{
    internal static AdHocCommand[] All(ThingLoop loop, ThingTarget target, ThingUpdate updates, ThingPlatform platform)
    {
        AdHocCommand[] more = platform.Commands;
        AdHocCommand set = new SetCommand(target);
        AdHocCommand read = new ReadCommand(loop);
        AdHocCommand identify = new IdentifyCommand(loop);
        AdHocCommand update = new UpdateCommand(updates);
        // Where nothing can switch the board off and on again, these two are not offered.
        AdHocCommand[] own = platform.Power != null
            ? new AdHocCommand[] { set, read, identify, new RebootCommand(loop), new SleepCommand(loop), update }
            : new AdHocCommand[] { set, read, identify, update };
        if (more == null)
        {
            return own;
        }

        AdHocCommand[] all = new AdHocCommand[own.Length + more.Length];
        System.Array.Copy(own, 0, all, 0, own.Length);
        System.Array.Copy(more, 0, all, own.Length, more.Length);
        return all;
    }

    internal static string Trouble(ThingPart[] parts)
    {
        string text = null;
        for (int i = 0; i < parts.Length; i++)
        {
            string trouble = parts[i].Trouble;
            text = trouble == null ? text : text == null ? trouble : text + "; " + trouble;
        }

        return text;
    }

    internal static string Who(Jid from) => from == null ? string.Empty : from.ToString();
}

/// <summary>The same form as XEP-0325's, in pages that fit the thing's buffer; what differs from now is set, and nothing unless all values are right.</summary>
internal sealed class SetCommand : AdHocCommand
{
    // A field takes 200 bytes at most, so ten of them leave room for the rest of the stanza in 4 KiB.
    private const int PerPage = 10;

    private readonly ThingTarget _target;
    private readonly ControlParameter[] _parameters;

    internal SetCommand(ThingTarget target)
        : base("set", "Set")
    {
        _target = target;
        _parameters = target.Parameters(string.Empty);
    }

    public override int Pages
    {
        get { return (_parameters.Length + PerPage - 1) / PerPage; }
    }

    public override void WriteFields(StanzaWriter writer, int page, AdHocValues values)
    {
        for (int i = page * PerPage; i < _parameters.Length && i < (page + 1) * PerPage; i++)
        {
            string filled = values.Find(_parameters[i].Name);
            DataForm.Write(writer, _parameters[i], filled == null ? _target.Current(string.Empty, _parameters[i]) : filled);
        }
    }

    public override string Check(AdHocValues values)
    {
        for (int i = 0; i < values.Count; i++)
        {
            ControlParameter parameter = Parameter(values.Name(i));
            if (parameter == null)
            {
                return values.Name(i) + ": there is no such parameter";
            }

            ControlValue value;
            string wrong = IsLeftOut(parameter, values.Text(i)) ? null : parameter.Check(values.Text(i), out value);
            if (wrong != null)
            {
                return parameter.Name + ": " + wrong;
            }
        }

        return null;
    }

    public override AdHocResult Run(Jid from, AdHocValues values)
    {
        ControlValue[] all = new ControlValue[values.Count];
        int count = 0;
        for (int i = 0; i < values.Count; i++)
        {
            ControlParameter parameter = Parameter(values.Name(i));
            ControlValue value;
            if (!IsLeftOut(parameter, values.Text(i)) && parameter.Check(values.Text(i), out value) == null && !IsAsNow(value))
            {
                all[count++] = value;
            }
        }

        if (count == 0)
        {
            return new AdHocResult("nothing was changed: all is as it is");
        }

        ControlCommand command = new ControlCommand { From = from, NodeId = string.Empty, Values = new ControlValue[count] };
        System.Array.Copy(all, 0, command.Values, 0, count);
        ControlFailure failure = _target.Set(command);
        if (failure != null)
        {
            return AdHocResult.Failed(failure.Parameter + ": " + failure.Text);
        }

        StringBuilder text = new StringBuilder("set: ");
        for (int i = 0; i < count; i++)
        {
            text.Append(i == 0 ? string.Empty : ", ");
            text.Append(command.Values[i].Parameter.Name);
            text.Append("=");
            text.Append(command.Values[i].Text);
        }

        return new AdHocResult(text.ToString());
    }

    private ControlParameter Parameter(string name)
    {
        for (int i = 0; i < _parameters.Length; i++)
        {
            if (_parameters[i].Name == name)
            {
                return _parameters[i];
            }
        }

        return null;
    }

    // A client sends every field of a form. One that has no value now (a pulse, a button to press) and came back empty or unticked was not meant.
    private bool IsLeftOut(ControlParameter parameter, string text)
        => _target.Current(string.Empty, parameter) == null
            && (text.Length == 0 || (parameter.Kind == FieldKind.Boolean && (text == "false" || text == "0")));

    private bool IsAsNow(ControlValue value)
    {
        string now = _target.Current(string.Empty, value.Parameter);
        ControlValue current;
        if (now == null || value.Parameter.Check(now, out current) != null)
        {
            return false;
        }

        switch (value.Parameter.Kind)
        {
            case FieldKind.Boolean:
                return value.Boolean == current.Boolean;
            case FieldKind.Int:
            case FieldKind.Long:
                return value.Integer == current.Integer;
            case FieldKind.Double:
            case FieldKind.Numeric:
                return value.Number == current.Number;
            default:
                return value.Text == now;
        }
    }
}

/// <summary>Measures now and tells every field; and of parts that gave none, why.</summary>
internal sealed class ReadCommand : AdHocCommand
{
    private readonly ThingLoop _loop;
    private Sample _sample;

    internal ReadCommand(ThingLoop loop)
        : base("read", "Read")
    {
        _loop = loop;
    }

    public override AdHocResult Run(Jid from, AdHocValues values)
    {
        _sample = _loop.Measure();
        string trouble = _loop.Trouble();
        if (_sample == null)
        {
            return AdHocResult.Failed(trouble == null ? "the hardware did not answer" : trouble);
        }

        return new AdHocResult(null, true) { Warning = trouble };
    }

    public override void WriteResult(StanzaWriter writer)
    {
        DataForm.Begin(writer, "result", null);
        for (int i = 0; i < _sample.Count; i++)
        {
            bool number = _sample.Kind(i) == FieldKind.Numeric && _sample.Text(i).Length > 0;
            writer.Start("field").Attribute("var", _sample.Name(i)).Attribute("label", number ? _sample.Name(i) + " in " + _sample.Text(i) : null).Element("value", _sample.Value(i)).End();
        }

        writer.End();
    }
}

/// <summary>Shows which thing it is, by light; or at least tells what it is.</summary>
internal sealed class IdentifyCommand : AdHocCommand
{
    private readonly ThingLoop _loop;

    internal IdentifyCommand(ThingLoop loop)
        : base("identify", "Identify")
    {
        _loop = loop;
    }

    public override AdHocResult Run(Jid from, AdHocValues values) => new AdHocResult(_loop.Identify(ThingCommands.Who(from)));
}

/// <summary>Starts the board anew.</summary>
internal sealed class RebootCommand : AdHocCommand
{
    private readonly ThingLoop _loop;

    internal RebootCommand(ThingLoop loop)
        : base("reboot", "Reboot")
    {
        _loop = loop;
    }

    public override AdHocResult Run(Jid from, AdHocValues values)
    {
        _loop.RequestRestart(ThingCommands.Who(from));
        return new AdHocResult("it starts anew now");
    }
}

/// <summary>Sleeps for a time that is asked for.</summary>
internal sealed class SleepCommand : AdHocCommand
{
    private const string Seconds = "seconds";

    private readonly ThingLoop _loop;
    private readonly ControlParameter _seconds;

    internal SleepCommand(ThingLoop loop)
        : base("sleep", "Sleep")
    {
        _loop = loop;
        _seconds = new ControlParameter(Seconds, FieldKind.Int, "Seconds until it wakes").WithRange(1, ThingLoop.MaxSleepSeconds);
    }

    public override int Pages
    {
        get { return 1; }
    }

    public override void WriteFields(StanzaWriter writer, int page, AdHocValues values) => DataForm.Write(writer, _seconds, "60");

    public override string Check(AdHocValues values)
    {
        string text = values.Find(Seconds);
        ControlValue value;
        string wrong = text == null ? "is missing" : _seconds.Check(text, out value);
        return wrong == null ? null : Seconds + ": " + wrong;
    }

    public override AdHocResult Run(Jid from, AdHocValues values)
    {
        ControlValue value;
        _seconds.Check(values.Find(Seconds), out value);
        return _loop.RequestSleep((int)value.Integer, ThingCommands.Who(from))
            ? new AdHocResult("it sleeps now, for " + value.Text + " s")
            : AdHocResult.Failed("the thing does not know the time, so it cannot say when it wakes");
    }
}

/// <summary>Tells how the update stands. It comes from the hub (<c>urn:iotxmpp:ota:1</c>), so there is nothing to begin here.</summary>
internal sealed class UpdateCommand : AdHocCommand
{
    private readonly ThingUpdate _update;

    internal UpdateCommand(ThingUpdate update)
        : base("update", "Update")
    {
        _update = update;
    }

    public override AdHocResult Run(Jid from, AdHocValues values)
        => _update == null ? AdHocResult.Failed("no source of updates is configured on this thing") : new AdHocResult(_update.Describe());
}
