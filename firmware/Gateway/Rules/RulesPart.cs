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

    /// <summary>Makes the part: rules that were set from outside are kept over a restart and win over those of the settings.</summary>
    /// <exception cref="RuleException">A rule of the settings is wrong.</exception>
    public RulesPart(string text, ISettings settings)
    {
        _settings = settings;
        _text = settings.Read(Key) is { } kept ? Encoding.UTF8.GetString(kept) : text;
        Parsed = Rule.ParseAll(_text);
    }

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
    public override string? Get(ControlParameter parameter) => string.Join("; ", _text.Split('\n', ';').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'));

    /// <inheritdoc/>
    public override string? Set(ControlValue value, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(value);
        try
        {
            Parsed = Rule.ParseAll(value.Text);
        }
        catch (RuleException e)
        {
            return e.Message;
        }

        _text = value.Text;
        _settings.Write(Key, Encoding.UTF8.GetBytes(_text));
        Changed(Parsed);
        return null;
    }
}
