using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>What somebody wants to read (XEP-0323 §3.1).</summary>
public sealed class ReadoutRequest
{
    /// <summary>The reader's number.</summary>
    public long Sequence;
    /// <summary>Who reads.</summary>
    public Jid From;
    /// <summary>Which node; "" for the thing itself.</summary>
    public string NodeId;
    /// <summary>What kinds of values; <see cref="FieldFlags.None"/> for all.</summary>
    public FieldFlags Flags;
    /// <summary>Only these fields; null for all.</summary>
    public string[] Names;

    /// <summary>Whether a field is wanted.</summary>
    public bool Wants(string name, FieldFlags flags)
    {
        if (Flags != FieldFlags.None && (Flags & flags) == FieldFlags.None)
        {
            return false;
        }
        for (int i = 0; Names != null && i < Names.Length; i++)
        {
            if (Names[i] == name)
            {
                return true;
            }
        }
        return Names == null;
    }
}

/// <summary>Has values that can be read.</summary>
public interface IReadout
{
    /// <summary>Writes nodes, timestamps and fields into the open <c>&lt;fields/&gt;</c> (see <see cref="SensorData"/>).</summary>
    /// <returns>Null; or why it cannot: then what was written is dropped.</returns>
    StanzaError Read(ReadoutRequest request, StanzaWriter writer);
}

/// <summary>Answers read requests (XEP-0323): <c>accepted</c>, then one message with the fields, marked as the last.</summary>
public sealed class SensorReadout : IStanzaHandler
{
    private static readonly XmlName Request = new XmlName(Ns.SensorData, "req");
    private static readonly XmlName Cancel = new XmlName(Ns.SensorData, "cancel");

    /// <summary>Field names in one request at most. Default 32: more than a thing has.</summary>
    public const int MaxNames = 32;

    private readonly IReadout _readout;

    /// <summary>Answers with these values.</summary>
    public SensorReadout(IReadout readout)
    {
        _readout = readout;
    }

    /// <summary>Answers for this client, and tells so in disco.</summary>
    public void Register(XmppClient client, DiscoInfo disco)
    {
        client.AddIqHandler(Request, this);
        client.AddIqHandler(Cancel, this);
        disco.AddFeature(Ns.SensorData);
    }

    /// <summary>Writes a request, for who reads.</summary>
    /// <param name="writer">An IQ get that was begun.</param>
    /// <param name="sequence">A number that the answers carry.</param>
    /// <param name="nodeId">A node behind a gateway; null for the thing itself.</param>
    public static void Write(StanzaWriter writer, long sequence, string nodeId)
    {
        writer.Start(Request).Attribute("seqnr", sequence).Attribute("momentary", true);
        if (nodeId != null)
        {
            writer.Start("node").Attribute("nodeId", nodeId).End();
        }
        writer.End();
    }

    /// <inheritdoc/>
    public bool Handle(XmppClient client, Stanza stanza)
    {
        XmlPullParser parser = stanza.OpenPayload();
        if (!parser.TryAttribute("seqnr", out long sequence))
        {
            client.ReplyError(stanza, StanzaError.BadRequest);
            return true;
        }
        if (parser.Is(Cancel))
        {
            // a readout is over when its request has been handled: there is never anything left to cancel
            client.BeginResult(stanza).Start("cancelled", Ns.SensorData).Attribute("seqnr", sequence);
            client.Commit();
            return true;
        }
        ReadoutRequest request = ReadRequest(parser, sequence);
        request.From = stanza.From;
        if (request.From == null || request.Names != null && request.Names.Length > MaxNames)
        {
            client.ReplyError(stanza, request.From == null ? StanzaError.JidMalformed : StanzaError.ResourceConstraint);
            return true;
        }
        client.BeginResult(stanza).Start("accepted", Ns.SensorData).Attribute("seqnr", sequence);
        client.Commit();
        StanzaWriter writer = client.BeginMessage(request.From, null, null);
        SensorData.Begin(writer, sequence, true);
        StanzaError error = _readout.Read(request, writer);
        if (error != null)
        {
            SendFailure(client, request, error);
        }
        else if (client.Commit() == SendResult.TooLarge)
        {
            SendFailure(client, request, StanzaError.ResourceConstraint);
        }
        return true;
    }

    private static void SendFailure(XmppClient client, ReadoutRequest request, StanzaError error)
    {
        client.BeginMessage(request.From, null, null).Start("failure", Ns.SensorData).Attribute("seqnr", request.Sequence).Attribute("done", true)
            .Start("error").Attribute("nodeId", request.NodeId).Text(error.Text.Length > 0 ? error.Text : error.Condition);
        client.Commit();
    }

    private static ReadoutRequest ReadRequest(XmlPullParser parser, long sequence)
    {
        ReadoutRequest request = new ReadoutRequest { Sequence = sequence, NodeId = string.Empty };
        if (!parser.AttributeFlag("all", false))
        {
            Add(parser, request, "momentary", FieldFlags.Momentary);
            Add(parser, request, "identity", FieldFlags.Identity);
            Add(parser, request, "status", FieldFlags.Status);
            Add(parser, request, "computed", FieldFlags.Computed);
            Add(parser, request, "peak", FieldFlags.Peak);
            Add(parser, request, "historical", FieldFlags.Historical);
        }
        int depth = parser.Depth;
        string[] names = new string[MaxNames + 1];
        int count = 0;
        while (parser.NextChild(depth))
        {
            if (parser.Is(Ns.SensorData, "node"))
            {
                string node = parser.Attribute("nodeId");
                request.NodeId = node == null ? string.Empty : node;
            }
            else if (parser.Is(Ns.SensorData, "field") && count <= MaxNames)
            {
                names[count++] = parser.Attribute("name");
            }
        }
        if (count > 0)
        {
            request.Names = new string[count];
            System.Array.Copy(names, 0, request.Names, 0, count);
        }
        return request;
    }

    private static void Add(XmlPullParser parser, ReadoutRequest request, string name, FieldFlags flag)
    {
        if (parser.AttributeFlag(name, false))
        {
            request.Flags |= flag;
        }
    }
}
