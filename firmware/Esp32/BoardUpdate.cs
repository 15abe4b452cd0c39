using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>The images of a board: chooses the one that this life runs before anything of it is loaded, makes its parts, and lets the loop take updates.</summary>
internal sealed class BoardUpdate : IUpdateObserver
{
    /// <summary>The target of images for boards: a .pe is the same for every chip.</summary>
    public const string Target = "nano";

    /// <summary>Bytes of an image at most. Default 16,384: it is loaded into memory in one piece, and two of them take 8 of the 64 blocks of a 4 MB board's file system, of which the telemetry ring has 44.</summary>
    public const int MaxImageBytes = 16384;

    private readonly SegmentUpdateStore _store;
    private readonly UpdateBoot _boot;
    private readonly SerialReport _serial;

    public BoardUpdate(IBoard board, ISettings settings, StartGuard guard, SerialReport serial)
    {
        _serial = serial;
        _store = new SegmentUpdateStore(board.Images, MaxImageBytes);
        _boot = new UpdateBoot(settings, _store, guard.IsSafe);
        if (_boot.HasReverted)
        {
            guard.Pardon();
        }
    }

    /// <summary>Whether this life is to end at once: the image on trial cannot be run, and another one shall.</summary>
    public bool WantsRestart { get; private set; }

    /// <summary>Whether an image waits for its first start: a board in safe mode then leaves it for a try.</summary>
    public bool IsActivated
    {
        get { return _boot.Record.State == UpdateState.Trial; }
    }

    /// <summary>The version that runs.</summary>
    /// <param name="flashed">That of the firmware that was flashed.</param>
    public string Version(string flashed) => _boot.Version.Length == 0 ? flashed : _boot.Version;

    /// <summary>Makes the parts: those of the image, or those that were flashed.</summary>
    public ThingPart[] MakeParts(IBoard board, BoardConfig config, ISettings settings, out string wrong)
    {
        byte[] image = _boot.Slot == UpdateRecord.Base ? null : _store.ReadAll(_boot.Slot);
        ThingPart[] parts = board.MakeParts(config, settings, image, out wrong);
        if (parts == null && _boot.IsTrial)
        {
            _boot.Revert("parts: " + wrong);
            WantsRestart = true;
            parts = new ThingPart[0];
        }

        return parts;
    }

    /// <summary>What the loop needs to take updates.</summary>
    /// <param name="key">The fleet's key; null where none was flashed.</param>
    public UpdatePlatform Platform(byte[] key)
        => new UpdatePlatform { Boot = _boot, Store = _store, Options = new UpdateOptions { Key = key, Target = Target }, Observer = this };

    /// <inheritdoc/>
    public void UpdateChanged(string text) => _serial.Write(SerialReport.Update, "text", text);
}
