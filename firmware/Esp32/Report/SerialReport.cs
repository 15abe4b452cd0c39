using IotXmpp.Xml;

namespace IotXmpp.Esp32;

/// <summary>
/// What a board says of itself on its serial line, one line an event: <c>iotxmpp: EVENT name=value name="a value"</c>. A value that is empty or has a space, a quote,
/// a backslash or an equals sign stands in quotes, with \" and \\; control characters become spaces. <c>iotxmpp flash</c> and <c>iotxmpp monitor</c> read these lines;
/// the words are part of that interface, and a test holds them. Passwords and keys are never among them.
/// </summary>
public sealed class SerialReport
{
    /// <summary>What each line begins with: anything else on the serial line is the runtime's.</summary>
    public const string Prefix = "iotxmpp: ";

    /// <summary>The firmware has started: <c>board, thing, fw, boot</c>.</summary>
    public const string Started = "started";

    /// <summary>The settings cannot be used: <c>reason</c>.</summary>
    public const string BadSettings = "bad-settings";

    /// <summary>A part of the board is missing or broken: <c>part, reason</c>.</summary>
    public const string PartFailed = "part-failed";

    /// <summary>The radio begins to connect: <c>ssid</c>.</summary>
    public const string WifiConnecting = "wifi-connecting";

    /// <summary>An attempt failed: <c>ssid, reason</c>, the reason one of <c>not-found</c>, <c>refused</c> (the password is wrong, as a rule), <c>no-address</c>, <c>timeout</c>.</summary>
    public const string WifiRefused = "wifi-refused";

    /// <summary>The radio has an address: <c>ssid, address, dbm</c>.</summary>
    public const string WifiUp = "wifi-up";

    /// <summary>The radio has lost its access point: <c>ssid</c>.</summary>
    public const string WifiLost = "wifi-lost";

    /// <summary>The time is known: <c>utc, server</c>.</summary>
    public const string ClockSet = "clock-set";

    /// <summary>A time server did not answer, or not well: <c>server, reason</c>.</summary>
    public const string ClockFailed = "clock-failed";

    /// <summary>The board begins to connect to its hub: <c>host, port</c>.</summary>
    public const string HubConnecting = "hub-connecting";

    /// <summary>The hub cannot be reached: <c>host, port, reason</c>.</summary>
    public const string HubUnreachable = "hub-unreachable";

    /// <summary>The hub's certificate is not trusted: <c>host, reason</c>.</summary>
    public const string HubUntrusted = "hub-untrusted";

    /// <summary>The hub does not take the thing's keys: <c>jid, reason</c>.</summary>
    public const string HubRefused = "hub-refused";

    /// <summary>The thing is online: <c>jid</c>.</summary>
    public const string Online = "online";

    /// <summary>It is not any more: <c>reason</c>.</summary>
    public const string Offline = "offline";

    /// <summary>It sleeps: <c>until</c>.</summary>
    public const string Sleeping = "sleeping";

    /// <summary>It restarts: <c>reason</c>.</summary>
    public const string Restarting = "restarting";

    /// <summary>An update took a step: <c>text</c>.</summary>
    public const string Update = "update";

    /// <summary>The hub has acknowledged samples: <c>samples</c>.</summary>
    public const string Published = "published";

    /// <summary>The thing has another owner: <c>jid</c>, empty when it is nobody's.</summary>
    public const string Owner = "owner";

    /// <summary>A stanza: <c>dir</c> (<c>out</c> to the hub, <c>in</c> from it), <c>bytes</c> (its whole size), and last <c>xml=</c>, which runs to the end of the line without quotes.</summary>
    public const string Stanza = "stanza";

    /// <summary>Bytes of a stanza that are shown. Default 400: a telemetry item with its first value, on a line that a serial line of 115,200 baud carries in 40 ms.</summary>
    public const int StanzaBytes = 400;

    /// <summary>Bytes of a line; what does not fit is cut off.</summary>
    private const int LineBytes = 480;

    private readonly IReportOutput _output;
    private byte[] _line;
    private int _length;

    /// <summary>Begins a report.</summary>
    /// <param name="output">Where it goes.</param>
    public SerialReport(IReportOutput output)
    {
        _output = output;
    }

    /// <summary>Whether stanzas are reported, too. Default false: a busy thing would wait for its serial line.</summary>
    public bool Stanzas { get; set; }

    /// <summary>Writes an event without values.</summary>
    public void Write(string @event)
    {
        Begin(@event);
        End();
    }

    /// <summary>Writes an event with one value.</summary>
    public void Write(string @event, string name, string value)
    {
        Begin(@event);
        Value(name, value);
        End();
    }

    /// <summary>Writes an event with two values.</summary>
    public void Write(string @event, string name, string value, string name2, string value2)
    {
        Begin(@event);
        Value(name, value);
        Value(name2, value2);
        End();
    }

    /// <summary>Writes an event with three values.</summary>
    public void Write(string @event, string name, string value, string name2, string value2, string name3, string value3)
    {
        Begin(@event);
        Value(name, value);
        Value(name2, value2);
        Value(name3, value3);
        End();
    }

    /// <summary>Writes that the firmware has started.</summary>
    /// <param name="board">The board's name.</param>
    /// <param name="thing">The thing's id.</param>
    /// <param name="firmware">The firmware's version.</param>
    /// <param name="boot">Why it started (wire profile).</param>
    public void Start(string board, string thing, string firmware, string boot)
    {
        Begin(Started);
        Value("board", board);
        Value("thing", thing);
        Value("fw", firmware);
        Value("boot", boot);
        End();
    }

    /// <summary>Writes a stanza that has gone to the hub, when <see cref="Stanzas"/> says so. What carries secrets is shown by its name only.</summary>
    /// <param name="buffer">Holds it, in UTF-8.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="count">Its bytes.</param>
    public void Sent(byte[] buffer, int offset, int count)
    {
        WriteStanza("out", buffer, offset, count);
    }

    /// <summary>The same for one that has come from the hub.</summary>
    /// <param name="buffer">Holds it, in UTF-8.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="count">Its bytes.</param>
    public void Received(byte[] buffer, int offset, int count)
    {
        WriteStanza("in", buffer, offset, count);
    }

    private void WriteStanza(string direction, byte[] buffer, int offset, int count)
    {
        if (!Stanzas || count <= 0)
        {
            return;
        }

        Begin(Stanza);
        Value("dir", direction);
        Value("bytes", count.ToString());
        Raw(" xml=");
        int shown = ShownBytes(buffer, offset, count);
        Bytes(buffer, offset, shown);
        if (shown < count)
        {
            Raw("…");
        }

        End();
    }

    // A name only for what carries log-in data; else the beginning, cut between characters.
    private static int ShownBytes(byte[] buffer, int offset, int count)
    {
        int name = 1;
        while (name < count && buffer[offset + name] != ' ' && buffer[offset + name] != '>' && buffer[offset + name] != '/')
        {
            name++;
        }

        if (buffer[offset] == '<' && IsSecret(buffer, offset + 1, name - 1))
        {
            return name;
        }

        int shown = count < StanzaBytes ? count : StanzaBytes;
        while (shown < count && (buffer[offset + shown] & 0xC0) == 0x80)
        {
            shown--;
        }

        // A password that is set, the KEY that is announced, log-in data behind something else in one write: what follows the word is not shown.
        shown = Before(buffer, offset, shown, "assword");
        shown = Before(buffer, offset, shown, "KEY");
        shown = Before(buffer, offset, shown, "<auth");
        return Before(buffer, offset, shown, "<response");
    }

    // The bytes up to the end of a word; all of them when it is not among them.
    private static int Before(byte[] buffer, int offset, int count, string word)
    {
        byte[] bytes = Utf8.Encode(word);
        for (int i = 0; i + bytes.Length <= count; i++)
        {
            int k = 0;
            while (k < bytes.Length && buffer[offset + i + k] == bytes[k])
            {
                k++;
            }

            if (k == bytes.Length)
            {
                return i + k;
            }
        }

        return count;
    }

    private static bool IsSecret(byte[] buffer, int offset, int count)
    {
        switch (Utf8.Decode(buffer, offset, count))
        {
            case "auth":
            case "authenticate":
            case "response":
            case "challenge":
            case "success":
                return true;
            default:
                return false;
        }
    }

    private void Begin(string @event)
    {
        _line = new byte[LineBytes];
        _length = 0;
        Raw(Prefix);
        Raw(@event);
    }

    private void End()
    {
        string line = Utf8.Decode(_line, 0, _length);
        _line = null; // between two lines it takes nothing
        _output.WriteLine(line);
    }

    private void Value(string name, string value)
    {
        Raw(" ");
        Raw(name);
        Raw("=");
        byte[] bytes = Utf8.Encode(value == null ? string.Empty : value);
        bool quoted = bytes.Length == 0;
        for (int i = 0; i < bytes.Length && !quoted; i++)
        {
            quoted = bytes[i] <= ' ' || bytes[i] == '"' || bytes[i] == '\\' || bytes[i] == '=' || bytes[i] == 0x7F;
        }

        if (!quoted)
        {
            Bytes(bytes, 0, bytes.Length);
            return;
        }

        Raw("\"");
        int from = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '"' || bytes[i] == '\\')
            {
                Bytes(bytes, from, i - from);
                Raw("\\");
                from = i;
            }
        }

        Bytes(bytes, from, bytes.Length - from);
        Raw("\"");
    }

    private void Raw(string text)
    {
        byte[] bytes = Utf8.Encode(text);
        Bytes(bytes, 0, bytes.Length);
    }

    private void Bytes(byte[] buffer, int offset, int count)
    {
        if (_length + count > LineBytes)
        {
            count = LineBytes - _length;
            while (count > 0 && (buffer[offset + count] & 0xC0) == 0x80)
            {
                count--;
            }
        }

        for (int i = 0; i < count; i++)
        {
            byte b = buffer[offset + i];
            _line[_length++] = b < ' ' || b == 0x7F ? (byte)' ' : b;
        }
    }
}
