using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Whether a roll-out may be started: its plan is right, and every thing of it is for who asks to maintain.</summary>
internal static class RolloutAdmission
{
    /// <summary>Groups that one roll-out names at most. Default 100.</summary>
    public const int MaxGroups = 100;

    /// <summary>Puts the things of groups into a plan and looks at all of it.</summary>
    /// <returns>The plan with all its things, and null; or why not.</returns>
    public static async ValueTask<(RolloutPlan Plan, RolloutResult? Refusal)> SettleAsync(Jid by, RolloutPlan plan, RolloutSurroundings around, FirmwareOptions options, CancellationToken cancel)
    {
        if (plan.Groups.Count > MaxGroups)
        {
            return (plan, new RolloutResult(RolloutOutcome.BadPlan, Text: $"a roll-out has at most {MaxGroups} groups"));
        }

        foreach (string group in plan.Groups)
        {
            if (await around.ThingsOf(by, group, cancel).ConfigureAwait(false) is not { } members)
            {
                return (plan, new RolloutResult(RolloutOutcome.Forbidden, Text: $"'{group}' is no group of yours"));
            }

            var known = plan.Things.ToHashSet(StringComparer.Ordinal);
            var more = new List<string>(plan.Things);
            foreach (string thing in members.Where(known.Add))
            {
                if (await around.IsUpdatable(thing, cancel).ConfigureAwait(false))
                {
                    more.Add(thing);
                }
            }

            plan = plan with { Things = more };
        }

        if (plan.Check() is { } wrong)
        {
            return (plan, new RolloutResult(RolloutOutcome.BadPlan, Text: wrong));
        }

        if (plan.Things.Count > options.MaxThings)
        {
            return (plan, new RolloutResult(RolloutOutcome.Full, Text: $"a roll-out has at most {options.MaxThings} things"));
        }

        foreach (string thing in plan.Things)
        {
            if (!await around.MayMaintain(by, thing, cancel).ConfigureAwait(false))
            {
                // The same for one that is somebody else's and one that there is not.
                return (plan, new RolloutResult(RolloutOutcome.Forbidden, Text: $"'{thing}' is not yours to maintain, or there is no such thing"));
            }

            if (!await around.IsUpdatable(thing, cancel).ConfigureAwait(false))
            {
                return (plan, new RolloutResult(RolloutOutcome.BadPlan, Text: $"'{thing}' is no thing with a session of its own: it takes no updates"));
            }
        }

        return (plan with { Groups = [] }, null);
    }
}
