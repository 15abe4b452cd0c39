namespace IotXmpp.Things;

/// <summary>One part of a list as it was written: <c>kind[@where][,name=value…]</c>.</summary>
public sealed class PartSpec
{
    /// <summary>Options of one part at most. Default 8: more than any part has.</summary>
    public const int MaxOptions = 8;

    private readonly string[] _names = new string[MaxOptions];
    private readonly string[] _values = new string[MaxOptions];
    private int _count;

    private PartSpec(string text, PartKind kind)
    {
        Text = text;
        Kind = kind;
        Where = -1;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>What it is.</summary>
    public PartKind Kind { get; }

    /// <summary>Its pin or address; -1 when it was not said.</summary>
    public int Where { get; private set; }

    /// <summary>The value of an option.</summary>
    /// <param name="name">The option.</param>
    /// <returns>The value, or null when it was not given.</returns>
    public string Option(string name)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_names[i] == name)
            {
                return _values[i];
            }
        }

        return null;
    }

    /// <summary>The number that an option has; it has been checked.</summary>
    /// <param name="name">The option.</param>
    /// <param name="otherwise">What it is when it was not given.</param>
    /// <returns>The number.</returns>
    public int Number(string name, int otherwise)
    {
        int number;
        return TryNumber(Option(name), out number) ? number : otherwise;
    }

    /// <summary>Reads a number, decimal or with <c>0x</c>.</summary>
    /// <param name="text">The text, or null.</param>
    /// <param name="number">The number, 0 or more.</param>
    /// <returns>False when it is none.</returns>
    internal static bool TryNumber(string text, out int number)
    {
        number = 0;
        if (string.IsNullOrEmpty(text) || text.Length > 9)
        {
            return false;
        }

        bool hex = text.StartsWith("0x");
        if (hex && text.Length < 3)
        {
            return false;
        }

        foreach (char c in (hex ? text.Substring(2) : text).ToCharArray())
        {
            int digit = c >= '0' && c <= '9' ? c - '0' : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : hex && c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
            if (digit < 0)
            {
                return false;
            }

            number = (number * (hex ? 16 : 10)) + digit;
        }

        return number >= 0;
    }

    internal static PartSpec Parse(string text, out string wrong)
    {
        string[] pieces = text.Split(',');
        string head = pieces[0];
        int at = head.IndexOf('@');
        string kindName = at < 0 ? head : head.Substring(0, at);
        PartKind kind = PartKind.Find(kindName);
        if (kind == null)
        {
            wrong = "\"" + text + "\": there is no part \"" + kindName + "\"; there are " + PartKind.AllNames();
            return null;
        }

        PartSpec spec = new PartSpec(text, kind);
        int where;
        if (at >= 0 && !TryNumber(head.Substring(at + 1), out where))
        {
            wrong = "\"" + text + "\": after @ comes a number, such as " + kind.Example;
            return null;
        }

        if (at >= 0)
        {
            TryNumber(head.Substring(at + 1), out where);
            spec.Where = where;
        }

        wrong = spec.AddOptions(pieces);
        if (wrong == null)
        {
            wrong = kind.Check(spec);
        }

        wrong = wrong == null ? null : "\"" + text + "\": " + wrong;
        return wrong == null ? spec : null;
    }

    private string AddOptions(string[] pieces)
    {
        for (int i = 1; i < pieces.Length; i++)
        {
            int equals = pieces[i].IndexOf('=');
            string name = equals < 0 ? pieces[i] : pieces[i].Substring(0, equals);
            if (!Kind.HasOption(name))
            {
                return "there is no option \"" + name + "\" of " + Kind.Name + "; there are " + Kind.OptionNames();
            }

            if (equals < 0 || equals == pieces[i].Length - 1)
            {
                return "the option \"" + name + "\" has no value: " + name + "=…";
            }

            if (Option(name) != null)
            {
                return "the option \"" + name + "\" is given twice";
            }

            if (_count == MaxOptions)
            {
                return "there are more than " + MaxOptions.ToString() + " options";
            }

            _names[_count] = name;
            _values[_count++] = pieces[i].Substring(equals + 1);
        }

        return null;
    }
}
