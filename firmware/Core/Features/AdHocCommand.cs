using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>A command that any client can run (XEP-0050). One without a form is done at once; one with a form asks first, page by page.</summary>
public abstract class AdHocCommand
{
    /// <summary>Values of one form at most. Default 16: what one control command may have.</summary>
    public const int MaxValues = 16;

    /// <summary>Names a command.</summary>
    /// <param name="node">Its node, such as <c>set</c>.</param>
    /// <param name="name">Its name for people.</param>
    protected AdHocCommand(string node, string name)
    {
        Node = node;
        Name = name;
    }

    /// <summary>Its node.</summary>
    public string Node { get; }

    /// <summary>Its name for people.</summary>
    public string Name { get; }

    /// <summary>How many pages its form has; 0 for a command without a form.</summary>
    public virtual int Pages
    {
        get { return 0; }
    }

    /// <summary>Writes the fields of a page of its form; the form is open.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="page">Which page, from 0.</param>
    /// <param name="values">What was filled in on the pages so far.</param>
    public virtual void WriteFields(StanzaWriter writer, int page, AdHocValues values)
    {
    }

    /// <summary>Looks at what was filled in on a page, before anything is done.</summary>
    /// <param name="values">All values so far.</param>
    /// <returns>Null, or what is wrong with them, for people.</returns>
    public virtual string Check(AdHocValues values) => null;

    /// <summary>Does it.</summary>
    /// <param name="from">Who asks; null for the own account.</param>
    /// <param name="values">What was filled in.</param>
    /// <returns>What came of it.</returns>
    public abstract AdHocResult Run(Jid from, AdHocValues values);

    /// <summary>Writes the form of its result; nothing by default. Called once after <see cref="Run"/>, when that said that there is one.</summary>
    /// <param name="writer">Where to.</param>
    public virtual void WriteResult(StanzaWriter writer)
    {
    }
}

/// <summary>What came of a command.</summary>
public sealed class AdHocResult
{
    /// <summary>A command that was done.</summary>
    /// <param name="text">What happened, for people; null when the result says it.</param>
    /// <param name="hasForm">Whether the command writes a form as its result.</param>
    public AdHocResult(string text, bool hasForm = false)
    {
        Text = text;
        HasForm = hasForm;
    }

    /// <summary>Something for people to know; a second note beside <see cref="Text"/> that warns; null for none.</summary>
    public string Warning { get; set; }

    /// <summary>What happened, for people; null when the result says it.</summary>
    public string Text { get; }

    /// <summary>Whether the command writes a form as its result.</summary>
    public bool HasForm { get; }

    /// <summary>Whether it could not be done: the note is an error (XEP-0050 §4.6).</summary>
    public bool IsFailure { get; private set; }

    /// <summary>A command that could not be done.</summary>
    /// <param name="text">Why, for people.</param>
    public static AdHocResult Failed(string text)
    {
        AdHocResult result = new AdHocResult(text);
        result.IsFailure = true;
        return result;
    }
}

/// <summary>What was filled in, name by name; the last of two alike counts.</summary>
public sealed class AdHocValues
{
    private readonly string[] _names = new string[AdHocCommand.MaxValues];
    private readonly string[] _texts = new string[AdHocCommand.MaxValues];

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>The name at an index.</summary>
    public string Name(int index) => _names[index];

    /// <summary>The text at an index.</summary>
    public string Text(int index) => _texts[index];

    /// <summary>The text of a name; null when it was not filled in.</summary>
    public string Find(string name)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_names[i] == name)
            {
                return _texts[i];
            }
        }
        return null;
    }

    /// <summary>Fills in a value.</summary>
    /// <returns>False when there is no room.</returns>
    internal bool Set(string name, string text)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_names[i] == name)
            {
                _texts[i] = text;
                return true;
            }
        }
        if (Count == AdHocCommand.MaxValues)
        {
            return false;
        }
        _names[Count] = name;
        _texts[Count++] = text;
        return true;
    }
}
