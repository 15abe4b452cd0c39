using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>How a roll-out stands. The numbers are on disk: never change one.</summary>
public enum RolloutState
{
    /// <summary>Things are updated, wave by wave.</summary>
    Running = 1,

    /// <summary>Nothing new is offered; what was offered goes on.</summary>
    Paused = 2,

    /// <summary>It has ended with every thing looked after.</summary>
    Done = 3,

    /// <summary>It was stopped by failures or by its deadline.</summary>
    Stopped = 4,

    /// <summary>Somebody has cancelled it.</summary>
    Cancelled = 5,
}

/// <summary>How far a thing is in a roll-out. The numbers are on disk: never change one.</summary>
public enum UpdateStep
{
    /// <summary>Its turn has not come, or it is not there.</summary>
    Waiting = 0,

    /// <summary>The offer is on its way.</summary>
    Offered = 1,

    /// <summary>It fetches the image.</summary>
    Downloading = 2,

    /// <summary>It has the image, checked, and starts anew.</summary>
    Restarting = 3,

    /// <summary>It runs the image on trial.</summary>
    Trial = 4,

    /// <summary>It keeps the image.</summary>
    Confirmed = 5,

    /// <summary>It did not come to run the image, or was not heard of again.</summary>
    Failed = 6,

    /// <summary>It ran the image and went back.</summary>
    Reverted = 7,

    /// <summary>The roll-out ended before it.</summary>
    Cancelled = 8,

    /// <summary>It had the version already, or can take no updates: then its reason says why.</summary>
    Skipped = 9,
}

/// <summary>How a roll-out shall go.</summary>
public sealed record RolloutPlan
{
    /// <summary>The things, in the order in which they are updated; each once.</summary>
    public IReadOnlyList<string> Things { get; init; } = [];

    /// <summary>Groups whose things come behind those that are named, by their ids; those that can take no updates, such as things behind gateways, are <see cref="UpdateStep.Skipped"/> from the beginning, and say why. What they hold at the start counts.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>How many percent of the things each wave reaches, rising; a last one of 100 is added where it is missing. Default 5, 25, 100: a few show what all would suffer.</summary>
    public IReadOnlyList<int> Waves { get; init; } = [5, 25, 100];

    /// <summary>Offers a minute. Default 60.</summary>
    public int PerMinute { get; init; } = 60;

    /// <summary>Things that fetch or try the image at once. Default 20.</summary>
    public int Parallel { get; init; } = 20;

    /// <summary>Minutes that a thing must have stayed with the new image before it is confirmed, 0 to 1,440. Default 10.</summary>
    public int GateMinutes { get; init; } = 10;

    /// <summary>Hours after which what has not been offered is given up. Default 72.</summary>
    public int DeadlineHours { get; init; } = 72;

    /// <summary>Failures that stop the roll-out. Default 1; 0: the number does not.</summary>
    public int StopFailures { get; init; } = 1;

    /// <summary>Percent of the things whose failure stops the roll-out. Default 0: the share does not.</summary>
    public int StopPercent { get; init; }

    /// <summary>Reads waves: percents with blanks, commas or semicolons between; null where one is none.</summary>
    public static IReadOnlyList<int>? ReadWaves(string text)
    {
        var waves = new List<int>();
        foreach (string part in text.Split([' ', ',', ';', '%'], StringSplitOptions.RemoveEmptyEntries).Take(21))
        {
            if (!int.TryParse(part, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int percent))
            {
                return null;
            }

            waves.Add(percent);
        }

        return waves;
    }

    /// <summary>Which of its inputs a thing comes by: its own name, or a group's.</summary>
    internal RolloutInput WhereIs(string thing) => Things.Contains(thing, StringComparer.Ordinal) ? RolloutInput.Things : RolloutInput.Groups;

    /// <summary>What is wrong with it, one line, and the input that it is about; null when nothing is.</summary>
    public (RolloutInput About, string Text)? Check() => Things.Count == 0 ? (Groups.Count > 0 ? RolloutInput.Groups : RolloutInput.Things, "there are no things")
        : Waves.Count is < 1 or > 20 || Waves.Any(w => w is < 1 or > 100) || Waves.Zip(Waves.Skip(1)).Any(w => w.Second <= w.First) ? (RolloutInput.Waves, "waves are 1 to 20 rising percents")
        : PerMinute is < 1 or > 10_000 ? (RolloutInput.Rate, "the rate is 1 to 10,000 things a minute")
        : Parallel is < 1 or > 10_000 ? (RolloutInput.Parallel, "1 to 10,000 things at once")
        : GateMinutes is < 0 or > 1_440 ? (RolloutInput.Gate, "the health gate is 0 to 1,440 minutes")
        : DeadlineHours is < 1 or > 8_760 ? (RolloutInput.Deadline, "the deadline is 1 to 8,760 hours")
        : StopFailures is < 0 or > 1_000_000 ? (RolloutInput.StopFailures, "what stops it is 0 to 1,000,000 failures")
        : StopPercent is < 0 or > 100 ? (RolloutInput.StopPercent, "what stops it is 0 to 100 percent")
        : Things.Distinct(StringComparer.Ordinal).Count() != Things.Count ? (RolloutInput.Things, "a thing is named twice")
        : null;
}

/// <summary>A thing in a roll-out; immutable.</summary>
/// <param name="Thing">Its id.</param>
/// <param name="Wave">Its wave, from 0.</param>
/// <param name="Step">How far it is.</param>
/// <param name="Since">Since when.</param>
/// <param name="Reason">Why it failed, in words for people; else empty.</param>
public sealed record RolloutThing(string Thing, int Wave, UpdateStep Step, DateTimeOffset Since, string Reason = "")
{
    /// <summary>Bytes that it has asked for; of this process only.</summary>
    public long Offset { get; init; }

    /// <summary>Whether nothing more happens to it.</summary>
    public bool IsOver => Step >= UpdateStep.Confirmed;

    /// <summary>Whether it is being updated.</summary>
    public bool IsBusy => Step is > UpdateStep.Waiting and < UpdateStep.Confirmed;

    /// <summary>Whether it can take no updates, and is there to be seen.</summary>
    public bool IsLeftOut => Step == UpdateStep.Skipped && Reason.Length > 0;

    /// <summary>Whether it counts as a failure.</summary>
    public bool IsFailure => Step is UpdateStep.Failed or UpdateStep.Reverted;
}

/// <summary>A roll-out; immutable.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Image">The image's id; it may be gone when the roll-out has ended.</param>
/// <param name="Name">The image's name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Target">Its target.</param>
/// <param name="State">How it stands.</param>
/// <param name="By">Who started it, bare.</param>
/// <param name="Created">When.</param>
public sealed record Rollout(long Id, string Image, string Name, string Version, string Target, RolloutState State, Jid By, DateTimeOffset Created)
{
    /// <summary>How it goes; its list of things is empty here: <see cref="Things"/> has them.</summary>
    public required RolloutPlan Plan { get; init; }

    /// <summary>Seconds of a thing's trial.</summary>
    public int TrialSeconds { get; init; }

    /// <summary>When what has not been offered is given up.</summary>
    public DateTimeOffset Deadline { get; init; }

    /// <summary>When the last thing had ended; null before.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Why it was stopped; else empty.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Its things, in their order.</summary>
    public IReadOnlyList<RolloutThing> Things { get; init; } = [];

    /// <summary>The id that its offers have.</summary>
    public string OfferId => OfferIdOf(Id);

    /// <summary>How many things are at a step.</summary>
    public int Count(UpdateStep step) => Things.Count(t => t.Step == step);

    internal static string OfferIdOf(long id) => "R" + id.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>How a request about roll-outs ended.</summary>
public enum RolloutOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>There is no such roll-out, image or thing, or not for who asks.</summary>
    NotFound,

    /// <summary>Who asks may not maintain one of the things.</summary>
    Forbidden,

    /// <summary>The plan is wrong; the text says how.</summary>
    BadPlan,

    /// <summary>A thing is in another roll-out that has not ended; the text says which.</summary>
    Conflict,

    /// <summary>A bound is reached.</summary>
    Full,

    /// <summary>Not in this state.</summary>
    WrongState,
}

/// <summary>What of a request for a roll-out a refusal is about: so that a form can say it beside the input.</summary>
public enum RolloutInput
{
    /// <summary>None of them, or all together.</summary>
    None,

    /// <summary>The image.</summary>
    Image,

    /// <summary><see cref="RolloutPlan.Things"/>.</summary>
    Things,

    /// <summary><see cref="RolloutPlan.Groups"/>.</summary>
    Groups,

    /// <summary><see cref="RolloutPlan.Waves"/>.</summary>
    Waves,

    /// <summary><see cref="RolloutPlan.PerMinute"/>.</summary>
    Rate,

    /// <summary><see cref="RolloutPlan.Parallel"/>.</summary>
    Parallel,

    /// <summary><see cref="RolloutPlan.GateMinutes"/>.</summary>
    Gate,

    /// <summary><see cref="RolloutPlan.DeadlineHours"/>.</summary>
    Deadline,

    /// <summary><see cref="RolloutPlan.StopFailures"/>.</summary>
    StopFailures,

    /// <summary><see cref="RolloutPlan.StopPercent"/>.</summary>
    StopPercent,
}

/// <summary>What came of a request about roll-outs.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Rollout">The roll-out, where it is done.</param>
/// <param name="Text">More for people; else empty.</param>
/// <param name="About">The input that a refusal is about.</param>
public sealed record RolloutResult(RolloutOutcome Outcome, Rollout? Rollout = null, string Text = "", RolloutInput About = RolloutInput.None);

/// <summary>How a thing answered.</summary>
public enum UpdateAnswer
{
    /// <summary>It took it.</summary>
    Accepted,

    /// <summary>It refused; the text says why.</summary>
    Refused,

    /// <summary>It is not there, or did not answer.</summary>
    Silent,
}

/// <summary>Port: speaks to things.</summary>
public interface IUpdateContact
{
    /// <summary>Offers an image.</summary>
    Task<(UpdateAnswer Answer, string Text)> OfferAsync(string thing, string offerId, FirmwareManifest manifest, int trialSeconds, CancellationToken cancel);

    /// <summary>Confirms the image that a thing has on trial.</summary>
    Task<(UpdateAnswer Answer, string Text)> CommitAsync(string thing, string offerId, CancellationToken cancel);
}
