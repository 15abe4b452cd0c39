using System.Text;
using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>The rules as a part of the gateway's thing: the parameter <c>rules</c> reads and sets their text, and what a rule did is the field <c>rule</c> of the next sample.</summary>
internal sealed class RulesPart : ThingPart
{
    private const string Key = "rules";

    private readonly ISettings _settings;
    private readonly ControlParameter[] _parameters = [new("rules", FieldKind.String, "Local rules, with semicolons between")];
    private readonly Queue<string> _outcomes = new();
    private string _text;

    /// <summary>
    /// Makes the part: rules that were set from outside are kept over a restart and win over those of the settings. Kept ones that this version does not understand do not stop the start: those of the
    /// settings hold then, and that is told.
    /// </summary>
    /// <exception cref="RuleException">A rule of the settings is wrong.</exception>
    public RulesPart(string text, ISettings settings)
    {
        _settings = settings;
        _text = text;
        Parsed = Rule.ParseAll(text);
        if (settings.Read(Key) is { } kept)
        {
            string keptText = Encoding.UTF8.GetString(kept);
            try
            {
                Parsed = Rule.ParseAll(keptText);
                _text = keptText;
            }
            catch (RuleException e)
            {
                Note($"the rules that were set are not understood any more ({e.Message}); those of the settings hold");
            }
        }
    }

    /// <summary>The rules, one a line, without comments.</summary>
    public IEnumerable<string> Lines => _text.Split('\n', ';').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#');

    /// <summary>The rules.</summary>
    public IReadOnlyList<Rule> Parsed { get; private set; }

    /// <summary>Is given new rules.</summary>
    public Action<IReadOnlyList<Rule>> Changed { get; set; } = _ => { };

    /// <inheritdoc/>
    public override ControlParameter[] Parameters => _parameters;

    /// <summary>Notes what a rule did, for the next sample.</summary>
    public void Note(string outcome)
    {
        // One a sample: more than some would be old news.
        if (_outcomes.Count >= 16)
        {
            _outcomes.Dequeue();
        }

        _outcomes.Enqueue(outcome);
    }

    /// <inheritdoc/>
    public override bool Step(long nowMs) => _outcomes.Count > 0;

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        if (_outcomes.TryDequeue(out string? outcome))
        {
            sample.AddString("rule", outcome, FieldFlags.Status);
        }

        return true;
    }

    /// <inheritdoc/>
    public override string? Get(ControlParameter parameter) => string.Join("; ", Lines);

    /// <inheritdoc/>
    public override string? Set(ControlValue value, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Use(value.Text);
    }

    /// <summary>Takes other rules, and keeps them over a restart.</summary>
    /// <param name="text">The rules.</param>
    /// <returns>Null, or what is wrong with them: then those that hold stay.</returns>
    public string? Use(string text)
    {
        try
        {
            Parsed = Rule.ParseAll(text);
        }
        catch (RuleException e)
        {
            return e.Message;
        }

        _text = text;
        _settings.Write(Key, Encoding.UTF8.GetBytes(_text));
        Changed(Parsed);
        return null;
    }
}
