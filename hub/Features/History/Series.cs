using System.Text;

namespace IotXmpp.Hub.Features.History;

/// <summary>One field of one thing: the samples that belong together.</summary>
public sealed class Series
{
    private readonly Lock _gate = new();
    private string[] _texts = [];
    private Sample? _latest;

    internal Series(long id, string thing, string field, SeriesKind kind, string unit)
    {
        Id = id;
        Thing = thing;
        Field = field;
        FieldUtf8 = Encoding.UTF8.GetBytes(field);
        Kind = kind;
        Unit = unit;
    }

    /// <summary>The thing's id.</summary>
    public string Thing { get; }

    /// <summary>The name of the field (XEP-0323); for a node that is not the thing itself <c>node/field</c>.</summary>
    public string Field { get; }

    /// <summary>What it holds.</summary>
    public SeriesKind Kind { get; }

    /// <summary>The unit, as the thing gave it last; empty for none.</summary>
    public string Unit { get; internal set; }

    /// <summary>The texts of an enum, by their numbers.</summary>
    public IReadOnlyList<string> Texts => Volatile.Read(ref _texts);

    /// <summary>The sample with the latest time; null before the first.</summary>
    public Sample? Latest
    {
        get
        {
            lock (_gate)
            {
                return _latest;
            }
        }
    }

    /// <summary>The row; 0 until it is stored.</summary>
    internal long Id { get; set; }

    internal byte[] FieldUtf8 { get; }

    /// <summary>The value as text: a number as it is, <c>true</c> or <c>false</c>, or the enum's text.</summary>
    public string Text(double value) => Kind switch
    {
        SeriesKind.Boolean => value != 0 ? "true" : "false",
        SeriesKind.Enum => (int)value is >= 0 and int code && code < _texts.Length ? _texts[code] : string.Empty,
        _ => value.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    internal void Note(Sample sample)
    {
        lock (_gate)
        {
            if (_latest is not { } latest || sample.Time >= latest.Time)
            {
                _latest = sample;
            }
        }
    }

    internal void SetText(int code, string text)
    {
        lock (_gate)
        {
            if (code >= _texts.Length)
            {
                string[] more = new string[code + 1];
                Array.Fill(more, string.Empty);
                _texts.CopyTo(more, 0);
                more[code] = text;
                Volatile.Write(ref _texts, more);
            }
            else if (_texts[code].Length == 0)
            {
                string[] filled = [.. _texts];
                filled[code] = text;
                Volatile.Write(ref _texts, filled);
            }
        }
    }
}
