using System.Globalization;
using System.Text;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>What the start tag of a request's <c>body</c> says (XEP-0124 §7 to §15, XEP-0206).</summary>
internal sealed class BoshRequest
{
    /// <summary>The largest rid (§14.1): integers that every language has.</summary>
    public const long MaxRid = 9_007_199_254_740_991;

    private BoshRequest()
    {
    }

    /// <summary>The number of the request.</summary>
    public long Rid { get; private init; }

    /// <summary>The session; null where one shall begin.</summary>
    public string? Sid { get; private init; }

    /// <summary>The last key (§15), or null.</summary>
    public string? Key { get; private init; }

    /// <summary>The first of a new sequence of keys, or null.</summary>
    public string? NewKey { get; private init; }

    /// <summary>The highest response that the client has, or null.</summary>
    public long? Ack { get; private init; }

    /// <summary>How long a request may be held, in seconds.</summary>
    public int Wait { get; private init; }

    /// <summary>How many requests may be held.</summary>
    public int Hold { get; private init; }

    /// <summary>Whether the client ends the session (§13).</summary>
    public bool IsTerminate { get; private init; }

    /// <summary>For how many seconds the client will be away (§10); null where it will not.</summary>
    public int? Pause { get; private init; }

    /// <summary>Whether the stream begins anew (XEP-0206 §5).</summary>
    public bool IsRestart { get; private init; }

    /// <summary>Whether a domain is named.</summary>
    public bool HasTo { get; private init; }

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty { get; private init; }

    /// <summary>Whether it only asks whether there is something.</summary>
    public bool IsPoll => IsEmpty && Pause is null && !IsTerminate && !IsRestart;

    /// <summary>Reads it; null where it is none.</summary>
    public static BoshRequest? Read(ReadOnlySpan<byte> tag)
    {
        var reader = new XmlSpanReader(tag, " "u8);
        reader.Read();
        if (!reader.LocalName.SequenceEqual("body"u8) || !reader.Namespace.SequenceEqual("http://jabber.org/protocol/httpbind"u8) || !TryNumber(reader.Attribute("rid"u8), MaxRid, out long rid) || rid < 1)
        {
            return null;
        }

        long? ack = null;
        int? pause = null;
        if (reader.Attribute("ack"u8) is { } acked)
        {
            if (!TryNumber(acked, MaxRid, out long value))
            {
                return null;
            }

            ack = value;
        }

        if (reader.Attribute("pause"u8) is { } away)
        {
            if (!TryNumber(away, int.MaxValue, out long value))
            {
                return null;
            }

            pause = (int)value;
        }

        if (!TryNumber(reader.Attribute("wait"u8) ?? "60", ushort.MaxValue, out long wait) || !TryNumber(reader.Attribute("hold"u8) ?? "1", 255, out long hold))
        {
            return null;
        }

        return new BoshRequest
        {
            Rid = rid,
            Sid = reader.Attribute("sid"u8),
            Key = reader.Attribute("key"u8),
            NewKey = reader.Attribute("newkey"u8),
            Ack = ack,
            Wait = (int)wait,
            Hold = (int)hold,
            IsTerminate = reader.Attribute("type"u8) == "terminate",
            Pause = pause,
            IsRestart = IsRestarted(reader),
            HasTo = reader.Attribute("to"u8) is not null,
            IsEmpty = tag[^2] == '/',
        };
    }

    private static bool TryNumber(string? text, long max, out long value) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= max;

    // An attribute of XEP-0206's namespace, by whatever prefix.
    private static bool IsRestarted(in XmlSpanReader tag)
    {
        var attributes = new AttributeReader(tag.RawAttributes);
        while (attributes.Read())
        {
            int colon = attributes.Name.IndexOf((byte)':');
            if (colon > 0 && attributes.Name[(colon + 1)..].SequenceEqual("restart"u8) && tag.NamespaceOf(attributes.Name[..colon]).SequenceEqual("urn:xmpp:xbosh"u8))
            {
                return Encoding.ASCII.GetString(attributes.RawValue) is "true" or "1";
            }
        }

        return false;
    }
}

/// <summary>One request over HTTP on its way: it waits for its turn, and then for its answer.</summary>
internal sealed class BoshExchange(BoshRequest request)
{
    private readonly TaskCompletionSource _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<byte[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was asked.</summary>
    public BoshRequest Request => request;

    /// <summary>Ends when all requests before it were worked off.</summary>
    public Task Turn => _turn.Task;

    /// <summary>The response.</summary>
    public Task<byte[]> Answer => _answer.Task;

    /// <summary>When it must be answered at the latest, in milliseconds of the hub's clock; set when it is held.</summary>
    public long Until { get; set; }

    /// <summary>Whether the client has let go of it.</summary>
    public bool IsAborted { get; set; }

    /// <summary>Whether its content was worked off.</summary>
    public bool IsWorked { get; set; }

    /// <summary>Whether another request with its number took its place before it was taken: its content is not worked off.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>Lets it begin.</summary>
    public void Begin() => _turn.TrySetResult();

    /// <summary>Answers it.</summary>
    public void Reply(byte[] body) => _answer.TrySetResult(body);
}
