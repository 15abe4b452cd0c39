using System.Globalization;
using System.Text;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Images and roll-outs as XML (<c>urn:iotxmpp:ota:1</c>), and their outcomes as errors.</summary>
internal static class FirmwareXml
{
    /// <summary>Characters of a reason that a thing tells, at most (200); what is more is cut off.</summary>
    public const int MaxReason = 200;

    /// <summary>Writes what an image is, as attributes.</summary>
    public static void WriteManifest(XmlBuilder xml, FirmwareManifest manifest, ReadOnlySpan<byte> name)
    {
        xml.Attribute(name, manifest.Name).Attribute("version"u8, manifest.Version).Attribute("target"u8, manifest.Target).Attribute("size"u8, manifest.Size).Attribute("sha256"u8, manifest.Sha256)
            .Attribute("manifest"u8, manifest.Mac);
        if (manifest.Downgrade)
        {
            xml.Attribute("downgrade"u8, "true");
        }
    }

    /// <summary>Reads what an image is.</summary>
    public static FirmwareManifest ReadManifest(Element image) => new(
        image["name"] ?? "",
        image["version"] ?? "",
        image["target"] ?? "",
        long.TryParse(image["size"], NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size : 0,
        image["sha256"] ?? "",
        image["manifest"] ?? "",
        image["downgrade"] is "true" or "1");

    /// <summary>Writes an image.</summary>
    public static void WriteImage(XmlBuilder xml, FirmwareImage image)
    {
        xml.Open("image"u8, Ns.Ota).Attribute("id"u8, image.Id);
        WriteManifest(xml, image.Manifest, "name"u8);
        xml.Attribute("added"u8, Text(image.Added)).Attribute("by"u8, image.By.ToString()).Close("image"u8);
    }

    /// <summary>Writes a roll-out, with each of its things or with their numbers only.</summary>
    public static void WriteRollout(XmlBuilder xml, Rollout rollout, bool withThings)
    {
        RolloutPlan plan = rollout.Plan;
        xml.Open("rollout"u8, Ns.Ota).Attribute("id"u8, rollout.Id).Attribute("image"u8, rollout.Name).Attribute("version"u8, rollout.Version).Attribute("target"u8, rollout.Target)
            .Attribute("state"u8, Word(rollout.State)).Attribute("by"u8, rollout.By.ToString()).Attribute("created"u8, Text(rollout.Created)).Attribute("deadline"u8, Text(rollout.Deadline))
            .Attribute("waves"u8, string.Join(' ', plan.Waves.Select(w => w.ToString(CultureInfo.InvariantCulture)))).Attribute("rate"u8, plan.PerMinute).Attribute("parallel"u8, plan.Parallel)
            .Attribute("gate"u8, plan.GateMinutes).Attribute("stop-failures"u8, plan.StopFailures).Attribute("stop-percent"u8, plan.StopPercent).Attribute("total"u8, rollout.Things.Count);
        foreach (IGrouping<UpdateStep, RolloutThing> step in rollout.Things.GroupBy(t => t.Step).OrderBy(g => g.Key))
        {
            xml.Attribute(Encoding.UTF8.GetBytes(Word(step.Key)), step.Count());
        }

        if (rollout.Ended is { } ended)
        {
            xml.Attribute("ended"u8, Text(ended));
        }

        if (rollout.Reason.Length > 0)
        {
            xml.Attribute("reason"u8, rollout.Reason);
        }

        foreach (RolloutThing thing in withThings ? rollout.Things : [])
        {
            xml.Open("thing"u8).Attribute("id"u8, thing.Thing).Attribute("wave"u8, thing.Wave + 1).Attribute("state"u8, Word(thing.Step)).Attribute("since"u8, Text(thing.Since));
            if (thing.Step == UpdateStep.Downloading)
            {
                xml.Attribute("offset"u8, thing.Offset);
            }

            if (thing.Reason.Length > 0)
            {
                xml.Attribute("reason"u8, thing.Reason);
            }

            xml.Close("thing"u8);
        }

        xml.Close("rollout"u8);
    }

    /// <summary>Reads how a roll-out shall go; null where a number is none.</summary>
    public static RolloutPlan? ReadPlan(Element rollout)
    {
        var plan = new RolloutPlan { Things = [.. rollout.Children.Where(c => c.Is("thing", Ns.Ota)).Select(c => c["id"] ?? "")], Groups = [.. rollout.Children.Where(c => c.Is("group", Ns.Ota)).Select(c => c["id"] ?? "")] };
        bool good = true;
        int Number(string name, int otherwise)
        {
            good &= rollout[name] is not { } text || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
            return int.TryParse(rollout[name], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : otherwise;
        }

        IReadOnlyList<int>? waves = rollout["waves"] is { } text ? RolloutPlan.ReadWaves(text) : plan.Waves;
        plan = plan with
        {
            Waves = waves ?? [],
            PerMinute = Number("rate", plan.PerMinute),
            Parallel = Number("parallel", plan.Parallel),
            GateMinutes = Number("gate", plan.GateMinutes),
            DeadlineHours = Number("deadline", plan.DeadlineHours),
            StopFailures = Number("stop-failures", plan.StopFailures),
            StopPercent = Number("stop-percent", plan.StopPercent),
        };
        return good && waves is not null ? plan : null;
    }

    /// <summary>A state as a word.</summary>
    public static string Word<T>(T state) where T : struct, Enum => state.ToString().ToLowerInvariant();

    /// <summary>What a thing says, without what a terminal or a page could take for more than text.</summary>
    public static string Plain(string text)
    {
        string cut = text.Length > MaxReason ? text[..MaxReason] : text;
        return string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)).Trim();
    }

    /// <summary>The error that says why a request about images failed.</summary>
    public static StanzaError Error(FirmwareOutcome outcome) => outcome switch
    {
        FirmwareOutcome.Forbidden => StanzaError.Forbidden.With("Only administrators and Registry:Operators may bring images and take them away."),
        FirmwareOutcome.BadManifest => StanzaError.BadRequest.With("An image has a name and a target of 1 to 32 of a-z A-Z 0-9 . _ -, a version of numbers with points, its size, its SHA-256 in hexadecimal and a manifest of 32 bytes in base64."),
        FirmwareOutcome.WrongSize => StanzaError.NotAcceptable.With("The image has not the size that was said."),
        FirmwareOutcome.WrongHash => StanzaError.NotAcceptable.With("The image has not the hash that its manifest names."),
        FirmwareOutcome.Conflict => StanzaError.Conflict.With("There is another image of that name, version and target: a version is given once."),
        FirmwareOutcome.TooLarge => StanzaError.PolicyViolation.With("The image is larger than Firmware:MaxImageBytes."),
        FirmwareOutcome.Full => StanzaError.ResourceConstraint.With("There is no room for it: Firmware:MaxImages or Firmware:TotalBytes is reached. Take old images away."),
        FirmwareOutcome.InUse => StanzaError.Conflict.With("A roll-out that has not ended uses it."),
        _ => StanzaError.ItemNotFound.With("There is no such image."),
    };

    /// <summary>The error that says why a request about roll-outs failed.</summary>
    public static StanzaError Error(RolloutResult result)
    {
        StanzaError error = result.Outcome switch
        {
            RolloutOutcome.Forbidden => StanzaError.Forbidden,
            RolloutOutcome.BadPlan => StanzaError.NotAcceptable,
            RolloutOutcome.Conflict => StanzaError.Conflict,
            RolloutOutcome.Full => StanzaError.ResourceConstraint,
            RolloutOutcome.WrongState => StanzaError.UnexpectedRequest,
            _ => StanzaError.ItemNotFound,
        };
        return result.Text.Length > 0 ? error.With(result.Text) : error;
    }

    private static string Text(DateTimeOffset time) => TimeFormat.Text(time.ToUnixTimeMilliseconds());
}
