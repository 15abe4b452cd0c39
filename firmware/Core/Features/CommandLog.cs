using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>
/// Remembers the last 16 queued commands and what became of them, over power loss (wire profile, Commands are IQ): a command that comes again is answered as before and not done again.
/// </summary>
public sealed class CommandLog
{
    /// <summary>How many are remembered.</summary>
    public const int Capacity = 16;

    /// <summary>Bytes of an id at most. Default 64, so that the record stays under 2 KiB of flash.</summary>
    public const int MaxIdBytes = 64;

    /// <summary>The key in the settings.</summary>
    public const string Key = "commands";

    private const byte Version = 1;

    private readonly ISettings _settings;
    private readonly string[] _ids = new string[Capacity];
    private readonly string[] _outcomes = new string[Capacity]; // "" done, else the condition of the error
    private int _next;

    /// <summary>A log in these settings.</summary>
    public CommandLog(ISettings settings)
    {
        _settings = settings;
        Load(settings.Read(Key));
    }

    /// <summary>Whether a text can be a command's id.</summary>
    public static bool IsId(string id)
    {
        return !string.IsNullOrEmpty(id) && Utf8.Encode(id).Length <= MaxIdBytes;
    }

    /// <summary>Looks for a command.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="outcome">"" when it was done, else the condition of its error; <c>undefined-condition</c> when power went while it was being done.</param>
    public bool Find(string id, out string outcome)
    {
        for (int i = 0; i < Capacity; i++)
        {
            if (_ids[i] == id)
            {
                outcome = _outcomes[i];
                return true;
            }
        }
        outcome = null;
        return false;
    }

    /// <summary>Writes down that a command is going to be done.</summary>
    public void Begin(string id)
    {
        Put(id, StanzaError.UndefinedCondition.Condition);
    }

    /// <summary>Writes down what became of it.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="outcome">"" when it was done, else the condition of its error.</param>
    public void End(string id, string outcome)
    {
        Put(id, outcome);
    }

    private void Put(string id, string outcome)
    {
        int at = 0;
        while (at < Capacity && _ids[at] != id)
        {
            at++;
        }
        if (at == Capacity)
        {
            at = _next;
            _next = (_next + 1) % Capacity;
        }
        _ids[at] = id;
        _outcomes[at] = outcome;
        Save();
    }

    // version, then from the oldest: length and bytes of id and of outcome
    private void Save()
    {
        byte[] record = new byte[1 + Capacity * (2 + MaxIdBytes + 32)];
        record[0] = Version;
        int at = 1;
        for (int i = 0; i < Capacity; i++)
        {
            int index = (_next + i) % Capacity;
            if (_ids[index] != null)
            {
                at = Text(record, Text(record, at, _ids[index]), _outcomes[index]);
            }
        }
        byte[] exact = new byte[at];
        System.Array.Copy(record, 0, exact, 0, at);
        _settings.Write(Key, exact);
    }

    private void Load(byte[] record)
    {
        int at = record == null || record.Length == 0 || record[0] != Version ? int.MaxValue : 1;
        while (record != null && at < record.Length && _next < Capacity)
        {
            string id = Part(record, ref at);
            string outcome = id == null ? null : Part(record, ref at);
            if (outcome == null)
            {
                break; // cut short: what was before it holds
            }
            _ids[_next] = id;
            _outcomes[_next++] = outcome;
        }
        _next %= Capacity;
    }

    private static int Text(byte[] record, int at, string text)
    {
        int length = Utf8.Encode(text, record, at + 1);
        record[at] = (byte)length;
        return at + 1 + length;
    }

    private static string Part(byte[] record, ref int at)
    {
        if (at >= record.Length || at + 1 + record[at] > record.Length)
        {
            return null;
        }
        string text = Utf8.Decode(record, at + 1, record[at]);
        at += 1 + record[at];
        return text;
    }
}
