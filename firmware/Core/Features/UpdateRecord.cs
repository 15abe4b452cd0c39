using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>Where an update stands. The numbers are on flash: never change one.</summary>
public enum UpdateState
{
    /// <summary>There was none.</summary>
    None = 0,
    /// <summary>The image is being fetched.</summary>
    Downloading = 1,
    /// <summary>It is whole and checked; the next starts run it, until the hub confirms it or it fails.</summary>
    Trial = 2,
    /// <summary>It is the image from now on.</summary>
    Confirmed = 3,
    /// <summary>It came to nothing before it ran.</summary>
    Failed = 4,
    /// <summary>It ran and was given up.</summary>
    Reverted = 5,
}

/// <summary>
/// All that a device knows of its images and of the update under way, in one value of the settings under <see cref="Key"/>: each step is one write, so a power cut leaves the step before or the step after.
/// </summary>
public sealed class UpdateRecord
{
    /// <summary>The key in the settings.</summary>
    public const string Key = "update";

    /// <summary>The slot of the image that was flashed or installed: it is always there and never written.</summary>
    public const int Base = 2;

    private const byte Form = 1;
    private const int Slots = 2;
    private const int MaxReason = 80;

    private readonly ISettings _settings;

    private UpdateRecord(ISettings settings)
    {
        _settings = settings;
    }

    /// <summary>Where the update stands.</summary>
    public UpdateState State { get; private set; }

    /// <summary>The slot of the image that holds: 0, 1 or <see cref="Base"/>.</summary>
    public int Active { get; private set; } = Base;

    /// <summary>The slot of the update's image, 0 or 1.</summary>
    public int Candidate { get; private set; }

    /// <summary>The slot that may be written: the one that does not hold.</summary>
    public int Spare
    {
        get { return Active == 0 ? 1 : 0; }
    }

    /// <summary>Starts in this trial.</summary>
    public int Starts { get; private set; }

    /// <summary>Whether the hub knows how it ended.</summary>
    public bool IsTold { get; private set; }

    /// <summary>Seconds of the trial.</summary>
    public int TrialSeconds { get; private set; }

    /// <summary>The id of the offer.</summary>
    public string Id { get; private set; } = string.Empty;

    /// <summary>Why it came to nothing, for people.</summary>
    public string Reason { get; private set; } = string.Empty;

    private int[] Sizes { get; } = new int[Slots];

    private byte[][] Hashes { get; } = { new byte[32], new byte[32] };

    private string[] Versions { get; } = { string.Empty, string.Empty };

    private string[] Images { get; } = { string.Empty, string.Empty };

    /// <summary>Reads what is kept; what cannot be read is as if there was none: the base image runs.</summary>
    public static UpdateRecord Load(ISettings settings)
    {
        UpdateRecord record = new UpdateRecord(settings);
        byte[] kept = settings.Read(Key);
        if (kept != null && !record.TryRead(kept))
        {
            record = new UpdateRecord(settings);
        }

        return record;
    }

    /// <summary>Bytes of the image in a slot.</summary>
    public int SizeOf(int slot) => Sizes[slot];

    /// <summary>Its SHA-256.</summary>
    public byte[] HashOf(int slot) => Hashes[slot];

    /// <summary>Its version; "" for the base image's, which knows it itself.</summary>
    public string VersionOf(int slot) => slot == Base ? string.Empty : Versions[slot];

    /// <summary>Its name; "" for the base image's.</summary>
    public string ImageOf(int slot) => slot == Base ? string.Empty : Images[slot];

    /// <summary>An offer was accepted.</summary>
    public void Accept(UpdateOffer offer)
    {
        State = UpdateState.Downloading;
        Candidate = Spare;
        Id = offer.Id;
        TrialSeconds = offer.TrialSeconds;
        Starts = 0;
        IsTold = false;
        Reason = string.Empty;
        Sizes[Candidate] = offer.Size;
        Hashes[Candidate] = offer.Sha256;
        Versions[Candidate] = offer.Version;
        Images[Candidate] = offer.Image;
        Save();
    }

    /// <summary>The image is whole and its hash is right: the next start runs it.</summary>
    public void Activate()
    {
        State = UpdateState.Trial;
        Save();
    }

    /// <summary>A start on trial begins.</summary>
    public void CountStart()
    {
        Starts++;
        Save();
    }

    /// <summary>The hub has confirmed it.</summary>
    public void Confirm()
    {
        State = UpdateState.Confirmed;
        Active = Candidate;
        IsTold = false;
        Save();
    }

    /// <summary>It came to nothing.</summary>
    /// <param name="state">Failed or Reverted.</param>
    /// <param name="reason">Why, for people.</param>
    public void End(UpdateState state, string reason)
    {
        State = state;
        IsTold = false;
        Reason = reason.Length > MaxReason ? reason.Substring(0, MaxReason) : reason;
        Save();
    }

    /// <summary>The image that held is damaged: the base image holds.</summary>
    public void FallBack()
    {
        Active = Base;
        Save();
    }

    /// <summary>The hub knows how it ended.</summary>
    public void Told()
    {
        if (!IsTold)
        {
            IsTold = true;
            Save();
        }
    }

    // Form (1), state, active, candidate, starts, told: 1 byte each; trial: 4; for each slot size (4), hash (32), version, image; id; reason. Texts have their length in front. Frozen by a test.
    private void Save()
    {
        byte[] buffer = new byte[512];
        int at = 0;
        buffer[at++] = Form;
        buffer[at++] = (byte)State;
        buffer[at++] = (byte)Active;
        buffer[at++] = (byte)Candidate;
        buffer[at++] = (byte)(Starts < 255 ? Starts : 255);
        buffer[at++] = IsTold ? (byte)1 : (byte)0;
        at = Put(buffer, at, TrialSeconds);
        for (int i = 0; i < Slots; i++)
        {
            at = Put(buffer, at, Sizes[i]);
            System.Array.Copy(Hashes[i], 0, buffer, at, 32);
            at = Put(buffer, at + 32, Versions[i]);
            at = Put(buffer, at, Images[i]);
        }

        at = Put(buffer, at, Id);
        at = Put(buffer, at, Reason);
        byte[] value = new byte[at];
        System.Array.Copy(buffer, 0, value, 0, at);
        _settings.Write(Key, value);
    }

    private bool TryRead(byte[] kept)
    {
        if (kept.Length < 10 || kept[0] != Form || kept[1] > (int)UpdateState.Reverted || kept[2] > Base || kept[3] >= Slots)
        {
            return false;
        }

        State = (UpdateState)kept[1];
        Active = kept[2];
        Candidate = kept[3];
        Starts = kept[4];
        IsTold = kept[5] != 0;
        int at = 6;
        TrialSeconds = Get(kept, at);
        at += 4;
        for (int i = 0; i < Slots; i++)
        {
            if (at + 36 > kept.Length)
            {
                return false;
            }

            Sizes[i] = Get(kept, at);
            System.Array.Copy(kept, at + 4, Hashes[i], 0, 32);
            at += 36;
            string version;
            string image;
            if (!TryText(kept, ref at, out version) || !TryText(kept, ref at, out image))
            {
                return false;
            }

            Versions[i] = version;
            Images[i] = image;
        }

        string id;
        string reason;
        if (!TryText(kept, ref at, out id) || !TryText(kept, ref at, out reason))
        {
            return false;
        }

        Id = id;
        Reason = reason;
        return true;
    }

    private static int Put(byte[] buffer, int at, int value)
    {
        for (int i = 0; i < 4; i++)
        {
            buffer[at + i] = (byte)(value >> (8 * i));
        }

        return at + 4;
    }

    private static int Put(byte[] buffer, int at, string text)
    {
        byte[] bytes = Utf8.Encode(text);
        int length = bytes.Length > 120 ? 120 : bytes.Length;
        buffer[at] = (byte)length;
        System.Array.Copy(bytes, 0, buffer, at + 1, length);
        return at + 1 + length;
    }

    private static int Get(byte[] buffer, int at) => buffer[at] | (buffer[at + 1] << 8) | (buffer[at + 2] << 16) | (buffer[at + 3] << 24);

    private static bool TryText(byte[] buffer, ref int at, out string text)
    {
        text = string.Empty;
        if (at >= buffer.Length || at + 1 + buffer[at] > buffer.Length)
        {
            return false;
        }

        text = Utf8.Decode(buffer, at + 1, buffer[at]);
        at += 1 + buffer[at];
        return true;
    }
}
