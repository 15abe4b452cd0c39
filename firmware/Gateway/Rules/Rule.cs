using System.Globalization;

namespace IotXmpp.Gateway;

/// <summary>A rule's text is wrong; the message is one line that says where and what would be right.</summary>
public sealed class RuleException : Exception
{
    /// <summary>Without a message.</summary>
    public RuleException()
    {
    }

    /// <summary>With its line.</summary>
    public RuleException(string message)
        : base(message)
    {
    }

    /// <summary>With its line and a cause.</summary>
    public RuleException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A value of a thing: a field that is measured, or a parameter that is set.</summary>
/// <param name="Thing">The thing; "" is the gateway's own.</param>
/// <param name="Name">The field or parameter.</param>
public readonly record struct RuleReference(string Thing, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Thing.Length == 0 ? Name : $"{Thing}.{Name}";
}

/// <summary>A comparison of a rule's condition.</summary>
/// <param name="What">What is compared.</param>
/// <param name="Operator">One of <c>&gt; &gt;= &lt; &lt;= = !=</c>.</param>
/// <param name="Number">The number; null where it is a text.</param>
/// <param name="Text">The text.</param>
/// <param name="Hysteresis">How far a number must come back before the comparison fails again; 0 for none.</param>
public sealed record RuleTest(RuleReference What, string Operator, double? Number, string Text, double Hysteresis)
{
    /// <summary>Whether it holds.</summary>
    /// <param name="value">The value as on the wire.</param>
    /// <param name="held">Whether it has held before.</param>
    public bool Holds(string value, bool held)
    {
        if (Number is not { } bound)
        {
            return (value == Text) == (Operator == "=");
        }

        double number;
        if (value is "true" or "false")
        {
            number = value == "true" ? 1 : 0;
        }
        else if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out number))
        {
            return Operator == "!=";
        }

        double slack = held ? Hysteresis : 0;
        return Operator switch
        {
            ">" => number > bound - slack,
            ">=" => number >= bound - slack,
            "<" => number < bound + slack,
            "<=" => number <= bound + slack,
            "=" => Math.Abs(number - bound) <= slack,
            _ => Math.Abs(number - bound) > (held ? 0 : slack),
        };
    }
}

/// <summary>What a rule does.</summary>
/// <param name="What">Which parameter.</param>
/// <param name="Value">The value as on the wire.</param>
public sealed record RuleAction(RuleReference What, string Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"{What}={Value}";
}

/// <summary>
/// A local rule, read from one line: <c>cool: if temperature &gt; 30 hysteresis 1 for 2m then fan on else fan off</c> (the README has the whole language).
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Tests">Its comparisons.</param>
/// <param name="Any">Whether one that holds is enough (<c>or</c>), or all must (<c>and</c>).</param>
/// <param name="For">How long the condition must hold.</param>
/// <param name="Then">What is done when it holds.</param>
/// <param name="Else">What is done when it does not.</param>
public sealed record Rule(string Name, IReadOnlyList<RuleTest> Tests, bool Any, TimeSpan For, IReadOnlyList<RuleAction> Then, IReadOnlyList<RuleAction> Else)
{
    /// <summary>Rules at most. Default 64.</summary>
    public const int MaxRules = 64;

    /// <summary>Comparisons and actions of one rule at most. Default 8.</summary>
    public const int MaxParts = 8;

    /// <summary>Characters of one rule at most. Default 500.</summary>
    public const int MaxLength = 500;

    /// <summary>Reads rules: one a line, or several in a line with semicolons between; <c>#</c> begins a comment.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="RuleException">One is wrong.</exception>
    public static IReadOnlyList<Rule> ParseAll(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var rules = new List<Rule>();
        int number = 0;
        foreach (string line in text.Split('\n', ';'))
        {
            number++;
            string rule = (line.IndexOf('#', StringComparison.Ordinal) is >= 0 and var at ? line[..at] : line).Trim();
            if (rule.Length == 0)
            {
                continue;
            }

            if (rules.Count == MaxRules)
            {
                throw new RuleException($"rule {number}: {MaxRules} rules are the most");
            }

            try
            {
                rules.Add(new Reader(rule, $"rule-{rules.Count + 1}").Read());
            }
            catch (RuleException e)
            {
                throw new RuleException($"rule {number}: {e.Message}", e);
            }

            if (rules.Take(rules.Count - 1).Any(r => r.Name == rules[^1].Name))
            {
                throw new RuleException($"rule {number}: there is a rule {rules[^1].Name} already");
            }
        }

        return rules;
    }

    private sealed class Reader
    {
        private readonly List<(string Text, bool Quoted)> _words = [];
        private string _name;
        private int _at;

        public Reader(string rule, string name)
        {
            if (rule.Length > MaxLength)
            {
                throw new RuleException($"it has {rule.Length} characters; {MaxLength} are the most");
            }

            _name = name;
            Split(rule);
        }

        private string Word => _at < _words.Count ? _words[_at].Text : string.Empty;

        private string Here => _at < _words.Count ? $"\"{_words[_at].Text}\"" : "the end";

        public Rule Read()
        {
            if (_words.Count > 1 && _words[1] is { Text: ":", Quoted: false })
            {
                _name = IsName(_words[0].Text) ? _words[0].Text : throw new RuleException($"\"{_words[0].Text}\" is no name: letters, digits, - and _, 32 at most");
                _at = 2;
            }

            Expect("if");
            var tests = new List<RuleTest>();
            string joined = string.Empty;
            while (true)
            {
                tests.Add(Test());
                if (tests.Count > MaxParts)
                {
                    throw new RuleException($"{MaxParts} comparisons are the most");
                }

                if (Word is not ("and" or "or"))
                {
                    break;
                }

                if (joined.Length > 0 && joined != Word)
                {
                    throw new RuleException("\"and\" and \"or\" do not go together in one rule; make two rules");
                }

                joined = Word;
                _at++;
            }

            TimeSpan held = Take("for") ? Duration() : TimeSpan.Zero;
            Expect("then");
            List<RuleAction> then = Actions();
            List<RuleAction> otherwise = Take("else") ? Actions() : [];
            return _at == _words.Count ? new Rule(_name, tests, joined == "or", held, then, otherwise) : throw new RuleException($"{Here} is too much here");
        }

        private RuleTest Test()
        {
            RuleReference what = Reference("a field, such as temperature or node-1.temperature");
            string comparison = Word switch
            {
                ">" or ">=" or "<" or "<=" or "!=" => Word,
                "=" or "==" or "is" => "=",
                _ => throw new RuleException($"behind {what} comes one of > >= < <= = !=, not {Here}"),
            };
            _at++;
            (string text, bool quoted) = Value($"behind {what} {comparison}");
            double? number = null;
            if (!quoted)
            {
                number = text is "true" ? 1 : text is "false" ? 0 : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double n) ? n : null;
            }

            if (number is null && comparison is not ("=" or "!="))
            {
                throw new RuleException($"\"{text}\" is no number; a text is compared by = and != only");
            }

            double hysteresis = 0;
            if (Take("hysteresis"))
            {
                if (number is null || !double.TryParse(Word, NumberStyles.Float, CultureInfo.InvariantCulture, out hysteresis) || !(hysteresis >= 0) || !double.IsFinite(hysteresis))
                {
                    throw new RuleException($"hysteresis is a number from 0 on, of a comparison of numbers, not {Here}");
                }

                _at++;
            }

            return new RuleTest(what, comparison, number, text, hysteresis);
        }

        private List<RuleAction> Actions()
        {
            var actions = new List<RuleAction>();
            do
            {
                RuleReference what = Reference("a parameter, such as fan or node-1.relay");
                Take("=");
                actions.Add(new RuleAction(what, Value($"behind {what}").Text));
                if (actions.Count > MaxParts)
                {
                    throw new RuleException($"{MaxParts} actions are the most");
                }
            }
            while (Take(","));
            return actions;
        }

        private RuleReference Reference(string expected)
        {
            if (_at >= _words.Count || _words[_at].Quoted || !char.IsAsciiLetter(Word[0]))
            {
                throw new RuleException($"{expected} is missing before {Here}");
            }

            string word = _words[_at++].Text;
            int dot = word.IndexOf('.', StringComparison.Ordinal);
            string thing = dot < 0 ? string.Empty : word[..dot];
            string name = word[(dot + 1)..];
            return (dot < 0 || Things.ThingOptions.IsThingId(thing)) && name.Length > 0 ? new RuleReference(thing, name) : throw new RuleException($"\"{word}\" is not {expected}");
        }

        private (string Text, bool Quoted) Value(string where)
        {
            if (_at >= _words.Count || (!_words[_at].Quoted && Word is "then" or "else" or "," or "and" or "or" or "for"))
            {
                throw new RuleException($"{where} a value is missing: a number, on, off, true, false or a \"text\"");
            }

            (string text, bool quoted) = _words[_at++];
            return quoted ? (text, true) : (text switch { "on" => "true", "off" => "false", _ => text }, false);
        }

        private TimeSpan Duration()
        {
            string word = Word;
            string unit = word.TrimStart("0123456789.".ToCharArray());
            double seconds = unit switch { "ms" => 0.001, "s" => 1, "m" or "min" => 60, "h" => 3600, _ => 0 };
            if (seconds == 0 || !double.TryParse(word[..^unit.Length], NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || number * seconds > 604_800)
            {
                throw new RuleException($"behind \"for\" comes a time such as 30s, 5m or 1h, seven days at most, not {Here}");
            }

            _at++;
            return TimeSpan.FromSeconds(number * seconds);
        }

        private bool Take(string word)
        {
            bool there = _at < _words.Count && !_words[_at].Quoted && Word == word;
            _at += there ? 1 : 0;
            return there;
        }

        private void Expect(string word)
        {
            if (!Take(word))
            {
                throw new RuleException($"\"{word}\" is missing before {Here}; a rule is: if FIELD > NUMBER [for TIME] then PARAMETER VALUE [else PARAMETER VALUE]");
            }
        }

        private void Split(string rule)
        {
            for (int i = 0; i < rule.Length;)
            {
                char c = rule[i];
                if (char.IsWhiteSpace(c))
                {
                    i++;
                }
                else if (c == '"')
                {
                    int end = rule.IndexOf('"', i + 1);
                    if (end < 0)
                    {
                        throw new RuleException("a text does not end: its second \" is missing");
                    }

                    _words.Add((rule[(i + 1)..end], true));
                    i = end + 1;
                }
                else if (c is '>' or '<' or '=' or '!' or ',' or ':')
                {
                    int length = i + 1 < rule.Length && rule[i + 1] == '=' && c is not (',' or ':') ? 2 : 1;
                    _words.Add((rule.Substring(i, length), false));
                    i += length;
                }
                else
                {
                    int end = i;
                    while (end < rule.Length && !char.IsWhiteSpace(rule[end]) && rule[end] is not ('>' or '<' or '=' or '!' or ',' or ':' or '"'))
                    {
                        end++;
                    }

                    _words.Add((rule[i..end], false));
                    i = end;
                }
            }
        }

        private static bool IsName(string text) => text.Length is > 0 and <= 32 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
    }
}
