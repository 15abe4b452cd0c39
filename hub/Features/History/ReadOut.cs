using System.Diagnostics.CodeAnalysis;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.History;

/// <summary>A request of XEP-0323 §3.1 for what the hub has kept.</summary>
internal sealed class ReadOut
{
    /// <summary>Things that one request may name (64, as many as may be behind a gateway).</summary>
    public const int MaxThings = 64;

    private static readonly (string Flag, TimeSpan Bucket)[] s_shifts =
        [("historicalSecond", TimeSpan.FromSeconds(1)), ("historicalMinute", TimeSpan.FromMinutes(1)), ("historicalHour", TimeSpan.FromHours(1)), ("historicalDay", TimeSpan.FromDays(1))];

    private static readonly string[] s_unknown = ["historicalWeek", "historicalMonth", "historicalQuarter", "historicalYear"];

    private ReadOut(string sequence) => Sequence = sequence;

    /// <summary>The asker's number, as it came.</summary>
    public string Sequence { get; }

    /// <summary>The things that are meant; none: all that the asker may read.</summary>
    public List<string> Things { get; } = [];

    /// <summary>The fields that are meant; none: all.</summary>
    public List<string> Fields { get; } = [];

    /// <summary>Whether the latest samples are asked for.</summary>
    public bool Momentary { get; private set; }

    /// <summary>Whether the samples one by one are asked for.</summary>
    public bool Samples { get; private set; }

    /// <summary>What is asked for as one value a second, minute, hour or day: the flag, and the span.</summary>
    public List<(string Flag, TimeSpan Bucket)> Shifts { get; } = [];

    /// <summary>The beginning of what is asked for.</summary>
    public DateTimeOffset From { get; private set; }

    /// <summary>The end, not included.</summary>
    public DateTimeOffset To { get; private set; }

    /// <summary>Whether anything but the latest samples is asked for.</summary>
    public bool IsHistorical => Samples || Shifts.Count > 0;

    /// <summary>Reads a request.</summary>
    /// <param name="req">The payload.</param>
    /// <param name="now">Where a request without an end ends; one without a beginning begins a day before its end.</param>
    /// <param name="read">The request.</param>
    /// <param name="error">What is wrong with it.</param>
    public static bool TryRead(Element req, DateTimeOffset now, [NotNullWhen(true)] out ReadOut? read, [NotNullWhen(false)] out StanzaError? error)
    {
        read = new ReadOut(req["seqnr"] ?? string.Empty);
        error = null;
        if (!int.TryParse(read.Sequence, System.Globalization.CultureInfo.InvariantCulture, out _))
        {
            error = StanzaError.BadRequest.With("A request has a whole number as seqnr.");
            return false;
        }

        if (s_unknown.Any(f => Flag(req, f)))
        {
            error = StanzaError.FeatureNotImplemented.With("There are values of seconds, minutes, hours and days.");
            return false;
        }

        if (!TryTime(req, "to", now, out DateTimeOffset to) || !TryTime(req, "from", to.AddDays(-1), out DateTimeOffset from) || !TryTime(req, "when", now, out DateTimeOffset when))
        {
            error = StanzaError.BadRequest.With("A time is not one of XEP-0082.");
            return false;
        }

        if (when > now)
        {
            error = StanzaError.FeatureNotImplemented.With("What was kept is given at once, not later.");
            return false;
        }

        read.From = from;
        read.To = to;
        bool all = Flag(req, "all");
        read.Shifts.AddRange(s_shifts.Where(s => Flag(req, s.Flag)));
        read.Samples = all || Flag(req, "historicalOther") || (Flag(req, "historical") && read.Shifts.Count == 0);
        read.Momentary = all || Flag(req, "momentary") || !read.IsHistorical;
        foreach (Element child in req.Children)
        {
            (List<string> list, string? value) = child.Name switch
            {
                "node" => (read.Things, child["nodeId"]),
                "field" => (read.Fields, child["name"]),
                _ => ([], string.Empty),
            };
            if (string.IsNullOrEmpty(value) && child.Name is "node" or "field")
            {
                error = StanzaError.BadRequest.With("A node has a nodeId, a field a name.");
                return false;
            }

            list.Add(value!);
        }

        if (read.Things.Count > MaxThings || read.Fields.Count > MaxThings)
        {
            error = StanzaError.ResourceConstraint.With($"One request is for at most {MaxThings} things and fields.");
            return false;
        }

        if (read.IsHistorical && (read.Things.Count == 0 || read.From >= read.To))
        {
            error = StanzaError.BadRequest.With("What was kept is asked for by node, and from is before to.");
            return false;
        }

        return true;
    }

    private static bool Flag(Element req, string name) => req[name] is "true" or "1";

    private static bool TryTime(Element req, string name, DateTimeOffset otherwise, out DateTimeOffset time)
    {
        time = otherwise;
        if (req[name] is not { } text)
        {
            return true;
        }

        bool isTime = TimeFormat.TryParse(text, out long ms);
        time = isTime ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : otherwise;
        return isTime;
    }
}
