using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>The parts of a thing as those who read and control it see them: one list of parameters, one sample.</summary>
internal sealed class ThingTarget : IControlTarget, IReadout
{
    private readonly ThingLoop _loop;
    private readonly XmppClient _client;
    private readonly ThingPart[] _parts;
    private readonly string _thingId;
    private readonly ControlParameter[] _parameters;
    private readonly SampleXml _xml = new SampleXml();

    public ThingTarget(ThingLoop loop, XmppClient client, ThingPart[] parts, string thingId)
    {
        _loop = loop;
        _client = client;
        _parts = parts;
        _thingId = thingId;
        int count = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            count += parts[i].Parameters.Length;
        }

        _parameters = new ControlParameter[count];
        count = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            ControlParameter[] own = parts[i].Parameters;
            for (int k = 0; k < own.Length; k++)
            {
                _parameters[count++] = own[k];
            }
        }
    }

    /// <inheritdoc/>
    public ControlParameter[] Parameters(string nodeId) => IsHere(nodeId) ? _parameters : null;

    /// <inheritdoc/>
    public string Current(string nodeId, ControlParameter parameter) => Owner(parameter).Get(parameter);

    /// <inheritdoc/>
    public ControlFailure Set(ControlCommand command)
    {
        string from = command.From == null ? string.Empty : command.From.ToString();
        for (int i = 0; i < command.Values.Length; i++)
        {
            ControlValue value = command.Values[i];
            string failure = Owner(value.Parameter).Set(value, _client.NowMs);
            _loop.OnControlled(from, value.Parameter.Name, value.Parameter.IsSecret ? "***" : value.Text, failure);
            if (failure != null)
            {
                return new ControlFailure(value.Parameter.Name, failure, StanzaError.InternalServerError);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public StanzaError Read(ReadoutRequest request, StanzaWriter writer)
    {
        if (!IsHere(request.NodeId))
        {
            return StanzaError.ItemNotFound.WithText("there is no such node here");
        }

        Sample sample = _loop.Measure();
        if (sample == null)
        {
            return StanzaError.InternalServerError.WithText("the hardware did not answer");
        }

        SensorData.BeginNode(writer, _thingId);
        _xml.Write(writer, sample, true, request);
        writer.End();
        return null;
    }

    // A parameter belongs to the one part that has it: names are the parts' own, the first of two alike is meant.
    private ThingPart Owner(ControlParameter parameter)
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            ControlParameter[] own = _parts[i].Parameters;
            for (int k = 0; k < own.Length; k++)
            {
                if (own[k] == parameter)
                {
                    return _parts[i];
                }
            }
        }

        return null;
    }

    private bool IsHere(string nodeId) => string.IsNullOrEmpty(nodeId) || nodeId == _thingId;
}
