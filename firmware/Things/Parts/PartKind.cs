using System.Text;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>A kind of part: its name in a part list, the pin it wants, its options, and how it is made.</summary>
public abstract class PartKind
{
    /// <summary>Longest name of a part, in characters. Default 24: it stands in every sample.</summary>
    public const int MaxNameLength = 24;

    /// <summary>Describes a kind.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="role">The board's role for its pin; null when it has none.</param>
    /// <param name="needs">What its pin must be able to do, <see cref="PinCan"/>.</param>
    /// <param name="example">How it is written.</param>
    /// <param name="options">Its options, besides <c>name</c>.</param>
    /// <param name="fields">Its fields.</param>
    /// <param name="parameters">Its parameters that are no fields.</param>
    protected PartKind(string name, string role, int needs, string example, string[] options, string[] fields, string[] parameters)
    {
        Name = name;
        Role = role;
        Needs = needs;
        Example = example;
        Options = options;
        Fields = fields;
        Parameters = parameters;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The board's role for its pin; null when it has none.</summary>
    public string Role { get; }

    /// <summary>What its pin must be able to do.</summary>
    public int Needs { get; }

    /// <summary>How it is written, such as <c>relay@5,lost=off,after=60</c>.</summary>
    public string Example { get; }

    /// <summary>Its options, besides <c>name</c>.</summary>
    public string[] Options { get; }

    /// <summary>Its fields, by their plain names.</summary>
    public string[] Fields { get; }

    /// <summary>Its parameters that are no fields, by their plain names.</summary>
    public string[] Parameters { get; }

    /// <summary>What its pin is shared by, such as <c>onewire</c>; null when the pin is its own.</summary>
    public virtual string SharedBy
    {
        get { return null; }
    }

    /// <summary>Options whose value is a further pin.</summary>
    public virtual string[] PinOptions
    {
        get { return PartKinds.None; }
    }

    /// <summary>The pin of one of <see cref="PinOptions"/>.</summary>
    /// <param name="option">The option.</param>
    /// <param name="spec">The part as written.</param>
    /// <param name="gpio">Its own pin.</param>
    /// <param name="pins">The board's pins.</param>
    /// <returns>The pin, or -1 when there is none.</returns>
    internal virtual int PinOption(string option, PartSpec spec, int gpio, BoardPins pins) => spec.Number(option, -1);

    /// <summary>Its usual address on the I2C bus, where <see cref="PartSpec.Where"/> is an address; -1 when it has a pin.</summary>
    public virtual int Address
    {
        get { return -1; }
    }

    /// <summary>Finds a kind.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The kind, or null.</returns>
    public static PartKind Find(string name) => PartKinds.Create(name);

    /// <summary>The names of all kinds, for people: with commas.</summary>
    public static string AllNames() => PartKinds.Names;

    /// <summary>What is wrong with the options of a part, for people; null when nothing is.</summary>
    /// <param name="spec">The part as written.</param>
    internal string Check(PartSpec spec)
    {
        string name = spec.Option("name");
        return name != null && !IsName(name) ? "a name is 1 to " + MaxNameLength.ToString() + " of a-z, A-Z and 0-9 and begins with a-z" : CheckOptions(spec);
    }

    internal bool HasOption(string name)
    {
        for (int i = 0; i < Options.Length; i++)
        {
            if (Options[i] == name)
            {
                return true;
            }
        }

        return name == "name";
    }

    internal string OptionNames()
    {
        StringBuilder text = new StringBuilder("name");
        for (int i = 0; i < Options.Length; i++)
        {
            text.Append(", ");
            text.Append(Options[i]);
        }

        return text.ToString();
    }

    /// <summary>Makes the part.</summary>
    /// <param name="io">The board.</param>
    /// <param name="spec">The part as written, checked.</param>
    /// <param name="gpio">Its pin; its address on I2C.</param>
    /// <param name="names">What its fields are called.</param>
    /// <param name="settings">Where it keeps what was set.</param>
    internal abstract ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings);

    /// <summary>What is wrong with the options of this kind; null when nothing is.</summary>
    /// <param name="spec">The part as written.</param>
    protected virtual string CheckOptions(PartSpec spec) => null;

    /// <summary>Checks that an option, where given, is a number in a range.</summary>
    protected static string CheckNumber(PartSpec spec, string option, int minimum, int maximum)
    {
        string text = spec.Option(option);
        int number;
        return text == null || (PartSpec.TryNumber(text, out number) && number >= minimum && number <= maximum)
            ? null
            : option + " is a number from " + minimum.ToString() + " to " + maximum.ToString() + ", not \"" + text + "\"";
    }

    /// <summary>Checks that an option, where given, is one of some words.</summary>
    protected static string CheckWord(PartSpec spec, string option, string words)
    {
        string text = spec.Option(option);
        if (text == null)
        {
            return null;
        }

        string[] known = words.Split('|');
        for (int i = 0; i < known.Length; i++)
        {
            if (known[i] == text)
            {
                return null;
            }
        }

        return option + " is one of " + words + ", not \"" + text + "\"";
    }

    private static bool IsName(string name)
    {
        if (name.Length > MaxNameLength)
        {
            return false;
        }

        bool first = true;
        foreach (char c in name.ToCharArray())
        {
            bool small = c >= 'a' && c <= 'z';
            if (!small && (first || !((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))))
            {
                return false;
            }

            first = false;
        }

        return true;
    }
}
