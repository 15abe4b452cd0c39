using System;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>
/// What a thing is made of, in one line: <c>bme280@0x76 relay@5,lost=off,after=60 dht22</c>. Each part is <c>kind[@where][,name=value…]</c>; without
/// <c>@where</c> it uses the pin that the board gives to its role. <see cref="Parse"/> understands the words, <see cref="Check"/> holds them against a
/// board, <see cref="Make"/> opens the hardware.
/// </summary>
public sealed class PartList
{
    /// <summary>Parts in a list at most. Default 8: their forms and samples still fit a thing's 4 KiB buffers.</summary>
    public const int MaxParts = 8;

    /// <summary>Characters of a list at most. Default 400: eight parts with their options, in a line of a settings file.</summary>
    public const int MaxLength = 400;

    private readonly PartSpec[] _specs;

    private PartList(PartSpec[] specs)
    {
        _specs = specs;
    }

    /// <summary>How many parts.</summary>
    public int Count
    {
        get { return _specs.Length; }
    }

    /// <summary>The part at an index.</summary>
    public PartSpec this[int index]
    {
        get { return _specs[index]; }
    }

    /// <summary>Reads a list.</summary>
    /// <param name="text">The list; parts stand between blanks.</param>
    /// <param name="wrong">Null, or what is wrong, one line for people.</param>
    /// <returns>The list, or null when something is wrong. An empty text is an empty list.</returns>
    public static PartList Parse(string text, out string wrong)
    {
        wrong = null;
        if (text == null || text.Length > MaxLength)
        {
            wrong = "a part list has at most " + MaxLength.ToString() + " characters";
            return null;
        }

        string[] words = text.Split(' ');
        PartSpec[] specs = new PartSpec[MaxParts];
        int count = 0;
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i].Length == 0)
            {
                continue;
            }

            if (count == MaxParts)
            {
                wrong = "a thing has at most " + MaxParts.ToString() + " parts; \"" + words[i] + "\" is one too many";
                return null;
            }

            specs[count] = PartSpec.Parse(words[i], out wrong);
            if (specs[count++] == null)
            {
                return null;
            }
        }

        PartSpec[] all = new PartSpec[count];
        Array.Copy(specs, 0, all, 0, count);
        return new PartList(all);
    }

    /// <summary>Holds the list against a board: pins that it has not or reserves, two parts on one pin, names that are used twice.</summary>
    /// <param name="pins">The board's pins.</param>
    /// <returns>Null, or what is wrong, one line for people.</returns>
    public string Check(BoardPins pins)
    {
        PinUse use = new PinUse(pins);
        for (int i = 0; i < _specs.Length; i++)
        {
            string wrong = use.Take(_specs[i]);
            if (wrong != null)
            {
                return "\"" + _specs[i].Text + "\": " + wrong;
            }
        }

        PartNames[] names;
        return NameAll(out names);
    }

    /// <summary>Whether a part of the list uses a pin.</summary>
    /// <param name="pins">The board's pins.</param>
    /// <param name="gpio">The pin.</param>
    public bool Uses(BoardPins pins, int gpio)
    {
        PinUse use = new PinUse(pins);
        for (int i = 0; i < _specs.Length; i++)
        {
            use.Take(_specs[i]);
        }

        return use.Has(gpio);
    }

    /// <summary>Whether a board's second serial line can be opened: the board has pins for it, and nothing else uses them.</summary>
    /// <param name="pins">The board's pins.</param>
    /// <param name="parts">The part list; one that cannot be read makes no parts, and so uses no pin.</param>
    /// <param name="other">A pin that something else uses; -1 for none.</param>
    public static bool IsSerialFree(BoardPins pins, string parts, int other)
    {
        string wrong;
        PartList list = Parse(parts, out wrong);
        return pins.SerialTx >= 0 && pins.SerialTx != other && pins.SerialRx != other && (list == null || (!list.Uses(pins, pins.SerialTx) && !list.Uses(pins, pins.SerialRx)));
    }

    /// <summary>Checks the list, opens the hardware and makes the parts.</summary>
    /// <param name="io">The board.</param>
    /// <param name="settings">Where parts keep what was set.</param>
    /// <param name="wrong">Null, or what is wrong, one line for people.</param>
    /// <returns>The parts in the order of the list, or null when something is wrong.</returns>
    public ThingPart[] Make(IBoardIo io, ISettings settings, out string wrong)
    {
        wrong = Check(io.Pins);
        PartNames[] names;
        NameAll(out names);
        ThingPart[] parts = new ThingPart[_specs.Length];
        for (int i = 0; i < _specs.Length && wrong == null; i++)
        {
            PartSpec spec = _specs[i];
            try
            {
                parts[i] = spec.Kind.Make(io, spec, PinUse.Where(spec, io.Pins), names[i], settings);
            }
#pragma warning disable CA1031 // drivers throw what they like; here it becomes one line
            catch (Exception e)
#pragma warning restore CA1031
            {
                wrong = "\"" + spec.Text + "\": " + e.Message;
            }
        }

        return wrong == null ? parts : null;
    }

    // Fields and parameters of all parts are one list on the wire, so no two may be called the same.
    private string NameAll(out PartNames[] names)
    {
        names = new PartNames[_specs.Length];
        string[] taken = new string[MaxParts * Sample.MaxFields];
        int count = 0;
        int fields = 0;
        for (int i = 0; i < _specs.Length; i++)
        {
            PartSpec spec = _specs[i];
            string name = spec.Option("name");
            int number = 1;
            names[i] = new PartNames(spec.Kind.Name, name, number);
            while (name == null && Taken(spec.Kind, names[i], taken, count) != null)
            {
                names[i] = new PartNames(spec.Kind.Name, null, ++number);
            }

            string twice = Taken(spec.Kind, names[i], taken, count);
            if (twice != null)
            {
                return "\"" + spec.Text + "\": \"" + twice + "\" is there already; give the part another name=";
            }

            count = Add(spec.Kind.Fields, names[i], taken, count);
            count = Add(spec.Kind.Parameters, names[i], taken, count);
            fields += spec.Kind.Fields.Length;
        }

        return fields > Sample.MaxFields ? "the parts have " + fields.ToString() + " fields; a sample holds " + Sample.MaxFields.ToString() : null;
    }

    private static int Add(string[] plain, PartNames names, string[] taken, int count)
    {
        for (int i = 0; i < plain.Length; i++)
        {
            taken[count++] = names.Of(plain[i]);
        }

        return count;
    }

    private static string Taken(PartKind kind, PartNames names, string[] taken, int count)
    {
        string twice = Taken(kind.Fields, names, taken, count);
        return twice == null ? Taken(kind.Parameters, names, taken, count) : twice;
    }

    private static string Taken(string[] plain, PartNames names, string[] taken, int count)
    {
        for (int i = 0; i < plain.Length; i++)
        {
            string name = names.Of(plain[i]);
            for (int k = 0; k < count; k++)
            {
                if (taken[k] == name)
                {
                    return name;
                }
            }
        }

        return null;
    }
}
