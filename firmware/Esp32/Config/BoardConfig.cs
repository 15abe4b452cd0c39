using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>
/// What a board is told about itself: the file <see cref="Path"/> on its flash, lines <c>name=value</c>. The command line writes it with this class, the board reads it
/// with this class. Nothing in it is secret; the keys are in <see cref="DeviceKey"/>.
/// </summary>
public sealed class BoardConfig
{
    /// <summary>Where it lies on a board.</summary>
    public const string Path = "I:\\thing.conf";

    /// <summary>Where the hub's authority lies on a board when <see cref="CaPath"/> says nothing else: PEM with its closing NUL.</summary>
    public const string DefaultCaPath = "I:\\ca.pem";

    /// <summary>The port of direct TLS (XEP-0368). Default 5223, as in the wire profile.</summary>
    public const int DefaultPort = 5223;

    /// <summary>Bytes of the file at most. Default 2,048: read at once, and no allocation of a board is over 4 KB.</summary>
    public const int MaxBytes = 2048;

    private const int NameCount = 14;

    /// <summary><c>thing</c>: the thing's id, 1 to 64 of <c>a-z 0-9 -</c>, the local part of its JID. Required.</summary>
    public string Thing = string.Empty;

    /// <summary><c>domain</c>: the hub's domain, which its certificate must name. Required.</summary>
    public string Domain = string.Empty;

    /// <summary><c>host</c>: where the hub is reached, a name or an address. Default: the domain.</summary>
    public string Host = string.Empty;

    /// <summary><c>port</c>: the hub's port for direct TLS. Default <see cref="DefaultPort"/>.</summary>
    public int Port = DefaultPort;

    /// <summary><c>board</c>: which board it is, such as <c>esp32-s3-devkitc-1</c>. Required.</summary>
    public string Board = string.Empty;

    /// <summary><c>parts</c>: the part list, such as <c>bme280@0x76 relay@5,lost=off,after=60</c>. Default none.</summary>
    public string Parts = string.Empty;

    /// <summary><c>owner</c>: the bare JID whose asks to see the presence are granted. Default nobody.</summary>
    public string Owner = string.Empty;

    /// <summary><c>keepalive</c>: seconds between signs of life, 10 to 1,200. Default 60, as in the wire profile.</summary>
    public int KeepAliveSeconds = 60;

    /// <summary><c>interval</c>: seconds between samples, 1 to 86,400. Default 10.</summary>
    public int IntervalSeconds = 10;

    /// <summary><c>sleep</c>: seconds of deep sleep after each publish, up to 604,800 (a week); 0 for a thing that stays awake. Default 0.</summary>
    public int SleepSeconds;

    /// <summary><c>timeserver</c>: the SNTP server. Default <c>pool.ntp.org</c>.</summary>
    public string TimeServer = "pool.ntp.org";

    /// <summary><c>ca</c>: the file with the hub's authority. Default <see cref="DefaultCaPath"/>.</summary>
    public string CaPath = DefaultCaPath;

    /// <summary><c>log=stanzas</c>: every stanza is also told on the serial line, which whoever holds the board can read. Default no.</summary>
    public bool LogStanzas;

    /// <summary><c>watchdog</c>: the pin that feeds a watchdog chip on the board's reset line; -1 for none. Default none.</summary>
    public int WatchdogPin = -1;

    /// <summary>What in a parsed file was passed over, one line for people, such as a misspelled name; null when nothing was. A board goes on, the command line refuses.</summary>
    public string Warning { get; private set; }

    /// <summary>The thing's account, bare.</summary>
    public Jid Account
    {
        get { return new Jid(Thing, Domain, string.Empty); }
    }

    /// <summary>Where the hub is reached: <see cref="Host"/>, or the domain.</summary>
    public string HubHost
    {
        get { return Host.Length > 0 ? Host : Domain; }
    }

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its bytes; null when there is none.</param>
    /// <param name="error">What is wrong, one line for people; null when nothing is.</param>
    /// <returns>The configuration, or null with an error.</returns>
    public static BoardConfig Parse(byte[] file, out string error)
    {
        error = null;
        if (file == null)
        {
            error = "there is no " + Path;
            return null;
        }

        if (file.Length > MaxBytes)
        {
            error = "the file is larger than " + MaxBytes.ToString() + " bytes";
            return null;
        }

        BoardConfig config = new BoardConfig();
        FlashLines lines = new FlashLines(file);
        while (error == null && lines.Next())
        {
            error = lines.IsBad ? "name=value is expected" : config.Take(lines.Name, lines.Value, lines.Line);
            if (error != null)
            {
                error = "line " + lines.Line.ToString() + ": " + error;
            }
        }

        error = error == null ? config.Check() : error;
        return error == null ? config : null;
    }

    /// <summary>What is wrong with the values, one line for people; null when nothing is.</summary>
    public string Check()
    {
        if (!ThingOptions.IsThingId(Thing))
        {
            return "thing must be 1 to 64 of a-z, 0-9 and -" + Given(Thing);
        }

        Jid domain;
        if (!Jid.TryParse(Domain, out domain) || domain.Local.Length > 0 || domain.Resource.Length > 0)
        {
            return "domain must be the hub's domain, such as example.org" + Given(Domain);
        }

        if (Board.Length == 0)
        {
            return "board is missing, such as esp32-s3-devkitc-1";
        }

        Jid owner;
        if (Owner.Length > 0 && (!Jid.TryParse(Owner, out owner) || owner.Local.Length == 0 || owner.Resource.Length > 0))
        {
            return "owner must be an address such as ann@example.org" + Given(Owner);
        }

        if (Port < 1 || Port > 65535)
        {
            return "port must be from 1 to 65535" + Given(Port.ToString());
        }

        if (KeepAliveSeconds < 10 || KeepAliveSeconds > 1200)
        {
            return "keepalive must be from 10 to 1200 seconds" + Given(KeepAliveSeconds.ToString());
        }

        if (IntervalSeconds < 1 || IntervalSeconds > 86400)
        {
            return "interval must be from 1 to 86400 seconds" + Given(IntervalSeconds.ToString());
        }

        if (SleepSeconds < 0 || SleepSeconds > 604800)
        {
            return "sleep must be from 0 to 604800 seconds" + Given(SleepSeconds.ToString());
        }

        for (int i = 0; i < NameCount; i++)
        {
            if (!FlashLines.CanHold(Get(NameAt(i))))
            {
                return NameAt(i) + " must be one line, without white space at its ends";
            }
        }

        return null;
    }

    /// <summary>The file: every setting, one a line.</summary>
    /// <returns>Its bytes, at most <see cref="MaxBytes"/> when <see cref="Check"/> finds nothing and the values are of a sensible length.</returns>
    public byte[] Write()
    {
        string text = "# What this board is told about itself. No secret is in here.\n";
        for (int i = 0; i < NameCount; i++)
        {
            string value = Get(NameAt(i));
            if (value.Length > 0)
            {
                text = text + NameAt(i) + "=" + value + "\n";
            }
        }

        return Utf8.Encode(text);
    }

    private static string Given(string value) => value.Length == 0 ? string.Empty : ", not \"" + value + "\"";

    // A switch: a table of strings would stay on the heap for as long as the board runs.
    private static string NameAt(int index)
    {
        switch (index)
        {
            case 0: return "thing";
            case 1: return "domain";
            case 2: return "host";
            case 3: return "port";
            case 4: return "board";
            case 5: return "parts";
            case 6: return "owner";
            case 7: return "keepalive";
            case 8: return "interval";
            case 9: return "sleep";
            case 10: return "timeserver";
            case 11: return "ca";
            case 12: return "log";
            default: return "watchdog";
        }
    }

    private string Take(string name, string value, int line)
    {
        switch (name)
        {
            case "thing":
                Thing = value;
                return null;
            case "domain":
                Domain = value;
                return null;
            case "host":
                Host = value;
                return null;
            case "port":
                return Number(name, value, ref Port);
            case "board":
                Board = value;
                return null;
            case "parts":
                Parts = value;
                return null;
            case "owner":
                Owner = value;
                return null;
            case "keepalive":
                return Number(name, value, ref KeepAliveSeconds);
            case "interval":
                return Number(name, value, ref IntervalSeconds);
            case "sleep":
                return Number(name, value, ref SleepSeconds);
            case "timeserver":
                TimeServer = value;
                return null;
            case "ca":
                CaPath = value;
                return null;
            case "log":
                LogStanzas = value == "stanzas";
                return LogStanzas || value.Length == 0 ? null : "log can be stanzas or nothing" + Given(value);
            case "watchdog":
                return Number(name, value, ref WatchdogPin);
            default:
                // A file of a newer command line must not keep an older board from starting.
                Warning = "line " + line.ToString() + ": there is no setting \"" + name + "\"";
                return null;
        }
    }

    private string Get(string name)
    {
        switch (name)
        {
            case "thing": return Thing;
            case "domain": return Domain;
            case "host": return Host;
            case "port": return Port.ToString();
            case "board": return Board;
            case "parts": return Parts;
            case "owner": return Owner;
            case "keepalive": return KeepAliveSeconds.ToString();
            case "interval": return IntervalSeconds.ToString();
            case "sleep": return SleepSeconds.ToString();
            case "timeserver": return TimeServer;
            case "ca": return CaPath;
            case "watchdog": return WatchdogPin < 0 ? string.Empty : WatchdogPin.ToString();
            default: return LogStanzas ? "stanzas" : string.Empty;
        }
    }

    private static string Number(string name, string value, ref int number)
    {
        byte[] digits = Utf8.Encode(value);
        long read;
        if (!Utf8.TryParseLong(digits, 0, digits.Length, out read) || read < int.MinValue || read > int.MaxValue)
        {
            return name + " must be a whole number" + Given(value);
        }

        number = (int)read;
        return null;
    }
}
