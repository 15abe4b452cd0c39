using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>
/// Knows why the board started and how often it failed to stay up, over restarts: four bytes in the settings under <see cref="Key"/> (failed starts, announced reason, at risk, reserved).
/// A start failed when the next one comes before <see cref="StableMs"/> and nobody announced it. A board that does not tell its reset reason is known by what it wrote before.
/// </summary>
public sealed class StartGuard
{
    /// <summary>The key in the settings.</summary>
    public const string Key = "start";

    /// <summary>Failed starts in a row after which the board starts in safe mode. Default 4: three can be a loose plug.</summary>
    public const int MaxFailedStarts = 4;

    /// <summary>Milliseconds after which a start has not failed. Default 120,000: longer than the watchdog, shorter than somebody's patience.</summary>
    public const int StableMs = 120000;

    /// <summary>Milliseconds after which a board in safe mode tries a usual start. Default 3,600,000: an hour, so that nobody has to come for a fault that went away.</summary>
    public const int SafeMs = 3600000;

    private const byte Nothing = 0;
    private const byte Software = 1;
    private const byte Watchdog = 2;
    private const byte Panic = 3;
    private const byte WordCount = 4;

    private readonly ISettings _settings;
    private byte _announced;
    private bool _atRisk;
    private bool _good;

    /// <summary>Begins a start: reads what the last one left, and counts.</summary>
    /// <param name="settings">Where it is kept.</param>
    /// <param name="hardware">Why the board started as far as the hardware tells, in the words of the wire profile; "" where it does not.</param>
    public StartGuard(ISettings settings, string hardware)
    {
        _settings = settings;
        byte[] kept = settings.Read(Key);
        bool wasAtRisk = false;
        byte announced = Nothing;
        if (kept != null && kept.Length == 4)
        {
            FailedStarts = kept[0];
            announced = kept[1] < WordCount ? kept[1] : Nothing;
            wasAtRisk = kept[2] != 0;
            WasFrozen = wasAtRisk;
        }

        if (announced != Nothing && (hardware.Length == 0 || hardware == "software"))
        {
            Reason = WordAt(announced);
        }
        else if (hardware.Length > 0)
        {
            Reason = hardware;
        }
        else
        {
            Reason = WordAt(wasAtRisk ? Watchdog : Nothing);
        }

        // Neither a hub that hangs in the handshake nor what was announced is a fault of the parts.
        bool innocent = wasAtRisk || announced == Software || Reason == "deep-sleep";
        if (!innocent && FailedStarts < byte.MaxValue)
        {
            FailedStarts++;
        }

        IsSafe = FailedStarts > MaxFailedStarts;
        Save();
    }

    /// <summary>Why the board started, in the words of the wire profile.</summary>
    public string Reason { get; }

    /// <summary>Starts in a row that were not followed by two good minutes, this one included.</summary>
    public int FailedStarts { get; private set; }

    /// <summary>Whether the last life ended in the middle of what may block for ever.</summary>
    public bool WasFrozen { get; }

    /// <summary>Whether this start is to be a safe one.</summary>
    public bool IsSafe { get; private set; }

    /// <summary>Two minutes are over: this start is a good one. A safe start stays one until <see cref="LeaveSafe"/>.</summary>
    public void Good()
    {
        if (!_good && !IsSafe)
        {
            _good = true;
            FailedStarts = 0;
            Save();
        }
    }

    /// <summary>The next start is to be a usual one; when it fails at once, the one after it is safe again.</summary>
    public void LeaveSafe()
    {
        FailedStarts = MaxFailedStarts;
        Save();
    }

    /// <summary>The starts that failed were those of an image on trial, which is given up: they say nothing of the one that runs now.</summary>
    public void Pardon()
    {
        FailedStarts = 1;
        IsSafe = false;
        Save();
    }

    /// <summary>The board is about to sleep: a good end of a start.</summary>
    public void Sleep()
    {
        FailedStarts = 0;
        Save();
    }

    /// <summary>Writes down why the board will start next; before a restart.</summary>
    /// <param name="reason"><c>software</c>, <c>watchdog</c> or <c>panic</c>.</param>
    public void Announce(string reason)
    {
        for (byte i = 1; i < WordCount; i++)
        {
            if (WordAt(i) == reason)
            {
                _announced = i;
            }
        }

        Save();
    }

    /// <summary>Writes down why the board will start next, when there is no application that could: nothing of the present start is changed but that.</summary>
    /// <param name="settings">Where it is kept.</param>
    /// <param name="reason"><c>watchdog</c> or <c>panic</c>.</param>
    public static void Announce(ISettings settings, string reason)
    {
        byte[] kept = settings.Read(Key);
        if (kept != null && kept.Length == 4)
        {
            kept[1] = reason == WordAt(Panic) ? Panic : Watchdog;
            settings.Write(Key, kept);
        }
    }

    /// <summary>Writes down that something begins or has ended which may block for ever, such as a TLS handshake.</summary>
    /// <param name="atRisk">True before, false after.</param>
    public void Risk(bool atRisk)
    {
        if (_atRisk != atRisk)
        {
            _atRisk = atRisk;
            Save();
        }
    }

    private static string WordAt(int index)
    {
        switch (index)
        {
            case 0: return "power-on";
            case 1: return "software";
            case 2: return "watchdog";
            default: return "panic";
        }
    }

    private void Save() => _settings.Write(Key, new byte[] { (byte)FailedStarts, _announced, _atRisk ? (byte)1 : (byte)0, 0 });
}
