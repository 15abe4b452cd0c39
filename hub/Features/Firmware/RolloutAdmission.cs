using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Whether a roll-out may be started: its plan is right, and every thing of it is for who asks to maintain.</summary>
internal static class RolloutAdmission
{
    /// <summary>Groups that one roll-out names at most. Default 100.</summary>
    public const int MaxGroups = 100;

    /// <summary>Puts the things of groups into a plan and looks at all of it.</summary>
    /// <returns>The plan with all its things, those of its groups that can take no updates and why; or why it may not be.</returns>
    public static async ValueTask<(RolloutPlan Plan, IReadOnlyList<(string Thing, string Why)> LeftOut, RolloutResult? Refusal)> SettleAsync(Jid by, RolloutPlan plan, RolloutSurroundings around, FirmwareOptions options, CancellationToken cancel)
    {
        RolloutPlan wish = plan;
        var leftOut = new Dictionary<string, string>(StringComparer.Ordinal);
        if (plan.Groups.Count > MaxGroups)
        {
            return Refused(RolloutOutcome.BadPlan, RolloutInput.Groups, $"a roll-out has at most {MaxGroups} groups");
        }

        foreach (string group in plan.Groups)
        {
            if (await around.ThingsOf(by, group, cancel).ConfigureAwait(false) is not { } members)
            {
                return Refused(RolloutOutcome.Forbidden, RolloutInput.Groups, $"'{group}' is no group of yours");
            }

            var known = plan.Things.ToHashSet(StringComparer.Ordinal);
            var more = new List<string>(plan.Things);
            foreach (string thing in members.Where(known.Add))
            {
                if (await around.WhyNot(thing, cancel).ConfigureAwait(false) is { } why)
                {
                    leftOut.TryAdd(thing, why);
                }
                else
                {
                    more.Add(thing);
                }
            }

            plan = plan with { Things = more };
        }

        if (plan.Check() is { } wrong)
        {
            return Refused(RolloutOutcome.BadPlan, wrong.About, plan.Things.Count == 0 && leftOut.Count > 0 ? $"none of them takes updates; '{leftOut.First().Key}' {leftOut.First().Value}" : wrong.Text);
        }

        if (plan.Things.Count + leftOut.Count > options.MaxThings)
        {
            return Refused(RolloutOutcome.Full, wish.Things.Count > 0 ? RolloutInput.Things : RolloutInput.Groups, $"a roll-out has at most {options.MaxThings} things");
        }

        foreach (string thing in plan.Things)
        {
            if (!await around.MayMaintain(by, thing, cancel).ConfigureAwait(false))
            {
                // The same for one that is somebody else's and one that there is not.
                return Refused(RolloutOutcome.Forbidden, wish.WhereIs(thing), $"'{thing}' is not yours to maintain, or there is no such thing");
            }

            if (await around.WhyNot(thing, cancel).ConfigureAwait(false) is { } why)
            {
                return Refused(RolloutOutcome.BadPlan, wish.WhereIs(thing), $"'{thing}' {why}");
            }
        }

        return (plan with { Groups = [] }, [.. leftOut.Select(l => (l.Key, l.Value))], null);

        (RolloutPlan, IReadOnlyList<(string, string)>, RolloutResult?) Refused(RolloutOutcome outcome, RolloutInput about, string text) => (plan, [], new RolloutResult(outcome, Text: text, About: about));
    }
}
