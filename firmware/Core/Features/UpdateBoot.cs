using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>Where a device keeps two images beside the one that was flashed. Slots are 0 and 1; only the one that does not run is written.</summary>
public interface IUpdateStore
{
    /// <summary>Bytes of an image at most.</summary>
    int MaxBytes { get; }

    /// <summary>Bytes that a slot has.</summary>
    int Length(int slot);

    /// <summary>Drops of a slot what a power cut may have torn; called once, before the download goes on in another life.</summary>
    /// <returns>Bytes that are left.</returns>
    int Trim(int slot);

    /// <summary>Adds to the end of a slot. True means that the bytes survive a power cut.</summary>
    /// <returns>False when there is no room.</returns>
    bool TryAppend(int slot, byte[] buffer, int offset, int count);

    /// <summary>Reads from a slot.</summary>
    /// <returns>Bytes read.</returns>
    int Read(int slot, int position, byte[] buffer, int offset, int count);

    /// <summary>Empties a slot.</summary>
    void Clear(int slot);

    /// <summary>Makes an image ready to run whose hash was found right, such as unpacking it. Called again until it is done; a second time after a power cut.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="wrong">Why it cannot be; null while nothing is wrong.</param>
    /// <returns>Whether it is ready; false with nothing wrong: not yet.</returns>
    bool Prepare(int slot, out string wrong);

    /// <summary>Whether the image in a slot still is the one that was checked; asked at each start before it runs.</summary>
    bool IsWhole(int slot, int size, byte[] sha256);
}

/// <summary>
/// Which image a start runs: the one that holds; one on trial as long as its starts are not used up; and never one whose hash is not right. Made before anything of an image runs.
/// </summary>
public sealed class UpdateBoot
{
    /// <summary>Starts in a trial; a further one goes back. Default 3: below the 4 failed starts that lead a board to safe mode.</summary>
    public const int MaxTrialStarts = 3;

    private readonly IUpdateStore _store;

    /// <summary>Begins a start.</summary>
    /// <param name="settings">Where the record is.</param>
    /// <param name="store">The images.</param>
    /// <param name="isSafe">Whether this start is a safe one, without any image but the base.</param>
    public UpdateBoot(ISettings settings, IUpdateStore store, bool isSafe)
    {
        _store = store;
        Record = UpdateRecord.Load(settings);
        bool tried = Record.State == UpdateState.Trial && Record.Starts > 0;
        if (isSafe && tried)
        {
            Revert("it did not stay up");
        }

        // The device is not safe any more for what an image on trial did; safe it is for what else failed.
        Slot = isSafe && !tried ? UpdateRecord.Base : Choose();
        HasReverted = tried && Record.State == UpdateState.Reverted;
    }

    /// <summary>Goes on with a start that was begun: who runs was chosen, and the start counted.</summary>
    /// <param name="settings">Where the record is.</param>
    /// <param name="store">The images.</param>
    /// <param name="slot">The slot that was chosen.</param>
    public UpdateBoot(ISettings settings, IUpdateStore store, int slot)
    {
        _store = store;
        Record = UpdateRecord.Load(settings);
        Slot = slot;
    }

    /// <summary>What is kept.</summary>
    public UpdateRecord Record { get; }

    /// <summary>The slot of the image to run: 0, 1 or <see cref="UpdateRecord.Base"/>.</summary>
    public int Slot { get; }

    /// <summary>Whether this start gave a trial up: starts that failed were those of its image.</summary>
    public bool HasReverted { get; }

    /// <summary>Its version; "" for the base image's.</summary>
    public string Version
    {
        get { return Record.VersionOf(Slot); }
    }

    /// <summary>Whether it runs on trial.</summary>
    public bool IsTrial
    {
        get { return Record.State == UpdateState.Trial && Slot == Record.Candidate; }
    }

    /// <summary>Gives the trial up; the next start runs what held before. The caller starts the device anew.</summary>
    /// <param name="reason">Why, for people.</param>
    public void Revert(string reason)
    {
        if (Record.State == UpdateState.Trial)
        {
            Record.End(UpdateState.Reverted, reason);
        }
    }

    private int Choose()
    {
        if (Record.State == UpdateState.Trial)
        {
            if (Record.Starts >= MaxTrialStarts)
            {
                Revert("it did not stay up: " + MaxTrialStarts.ToString() + " starts failed");
            }
            else if (!_store.IsWhole(Record.Candidate, Record.SizeOf(Record.Candidate), Record.HashOf(Record.Candidate)))
            {
                Revert("the image is damaged");
            }
            else
            {
                // Written before it runs: whatever it does, the starts are counted.
                Record.CountStart();
                return Record.Candidate;
            }
        }

        int active = Record.Active;
        if (active != UpdateRecord.Base && !_store.IsWhole(active, Record.SizeOf(active), Record.HashOf(active)))
        {
            Record.FallBack();
        }

        return Record.Active;
    }
}
