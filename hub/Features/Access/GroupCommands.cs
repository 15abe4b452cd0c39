using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Access;

/// <summary>Groups as commands of <c>things.&lt;domain&gt;</c>: a thin face over <see cref="GroupService"/>.</summary>
internal sealed class GroupCommands(GroupService groups, string domain)
{
    // What one answer has, at most: a stanza of an operator's client holds that many names.
    private const int GroupsPerAnswer = 100;
    private const int LinesPerAnswer = 500;

    private static readonly FormOption[] Roles = [new("viewer", "Sees the things"), new("operator", "Controls them"), new("administrator", "Maintains them and says who is in the group"), new("none", "Not in the group")];

    private delegate Task<CommandStep> Act(Jid actor, DataForm form, CancellationToken cancel);

    public void AddTo(CommandBook book)
    {
        Add(book, "group-list", "List groups", "The groups that you are in.", [Text("after", "Behind this group")], ListAsync);
        Add(book, "group-show", "Show a group", "Its things, and for administrators of the group its members.", [Group()], async (actor, form, cancel) =>
            await groups.FindAsync(actor, Value(form, "group"), cancel).ConfigureAwait(false) is { } group ? await ShownAsync(actor, group, cancel).ConfigureAwait(false) : Failed(GroupOutcome.NotFound));
        Add(
            book,
            "group-make",
            "Make a group",
            "You own it: you say who and what is in it.",
            [Group(), Text("name", "Name"), new FormField("owner") { Type = "jid-single", Label = "Another owner (administrators only)" }],
            async (actor, form, cancel) => !TryJid(form, "owner", out Jid? owner) ? CommandStep.Bad("The owner is no address.") : await EndAsync(actor, await groups.CreateAsync(actor, Value(form, "group"), Value(form, "name"), owner, cancel).ConfigureAwait(false), cancel).ConfigureAwait(false));
        Add(
            book,
            "group-change",
            "Rename a group or give it away",
            "What is left out stays.",
            [Group(), Text("name", "Name"), new FormField("owner") { Type = "jid-single", Label = "Owner" }],
            ChangeAsync);
        Add(book, "group-delete", "Delete a group", "Its things stay; nobody has rights by it any more.", [Group()], async (actor, form, cancel) =>
            await groups.DeleteAsync(actor, Value(form, "group"), cancel).ConfigureAwait(false) is { Outcome: not GroupOutcome.Done } failed ? Failed(failed.Outcome) : CommandStep.Done(null));
        Add(
            book,
            "group-member",
            "Say what somebody is in a group",
            "An operator may be limited to some parameters, or to all but some.",
            [
                Group(), new FormField("who") { Type = "jid-single", Label = "Who", IsRequired = true }, new FormField("role") { Type = "list-single", Label = "Role", IsRequired = true, Options = Roles, Values = ["viewer"] },
                new FormField("only") { Type = "text-multi", Label = "Operator of these parameters only" }, new FormField("except") { Type = "text-multi", Label = "Operator of all parameters but these" },
            ],
            MemberAsync);
        Add(
            book,
            "group-thing",
            "Put a thing into a group, or take it out",
            "Who puts one in owns the thing and administers the group.",
            [Group(), Text("thing", "Thing (its id)", required: true), FormField.Boolean("in", true, "It is in the group")],
            async (actor, form, cancel) => await EndAsync(
                actor,
                form["in"] is { } isIn && isIn.TryBoolean(out bool put) && !put
                    ? await groups.RemoveThingAsync(actor, Value(form, "group"), Value(form, "thing"), cancel).ConfigureAwait(false)
                    : await groups.AddThingAsync(actor, Value(form, "group"), Value(form, "thing"), cancel).ConfigureAwait(false),
                cancel).ConfigureAwait(false));
    }

    private static string Value(DataForm form, string field) => (form[field]?.Value ?? "").Trim();

    private static FormField Group() => Text("group", "Group (its id)", required: true);

    private static FormField Text(string var, string label, bool required = false) => new(var) { Type = "text-single", Label = label, IsRequired = required };

    private static bool TryJid(DataForm form, string field, out Jid? jid)
    {
        string text = Value(form, field);
        jid = null;
        return text.Length == 0 || JidPrep.TryParse(text, out jid);
    }

    private static CommandStep Failed(GroupOutcome outcome) => CommandStep.Failed(outcome switch
    {
        GroupOutcome.NotFound => StanzaError.ItemNotFound.With("There is no such group, or not for you."),
        GroupOutcome.Forbidden => StanzaError.Forbidden.With("That is for administrators of the group, or its owner."),
        GroupOutcome.Conflict => StanzaError.Conflict.With("There is a group of that id."),
        GroupOutcome.BadId => StanzaError.NotAcceptable.With("A group's id is 1 to 64 of a-z, 0-9 and -."),
        GroupOutcome.BadName => StanzaError.NotAcceptable.With($"A name has 1 to {GroupService.NameChars} characters."),
        GroupOutcome.NoAccount => StanzaError.ItemNotFound.With("There is no such account, or it is not in the group."),
        GroupOutcome.BadParameters => StanzaError.NotAcceptable.With($"Only an operator is limited, to at most {ParameterLimit.MaxNames} parameters."),
        GroupOutcome.NoThing => StanzaError.ItemNotFound.With("There is no such thing, or it is not yours, or it is not in the group."),
        _ => StanzaError.ResourceConstraint.With("There are too many."),
    });

    private void Add(CommandBook book, string name, string title, string instructions, FormField[] fields, Act act)
    {
        string node = Ns.Thing + "#" + name;
        DataForm form = new(FormType.Form, node) { Title = title, Instructions = instructions };
        foreach (FormField field in fields)
        {
            form.Add(field);
        }

        book.Add(RegistryModule.Subdomain, new AdHocCommand(node, title, (who, _) => new(who.Domain == domain && who.Local.Length > 0), (_, _) => new(CommandStep.Ask(form, async (input, cancel) =>
            await act(input.From, input.Form, cancel).ConfigureAwait(false)))));
    }

    private async Task<CommandStep> EndAsync(Jid actor, GroupResult result, CancellationToken cancel) =>
        result.Outcome != GroupOutcome.Done ? Failed(result.Outcome) : result.Group is { } group && await groups.FindAsync(actor, group.Id, cancel).ConfigureAwait(false) is not null ? await ShownAsync(actor, group, cancel).ConfigureAwait(false) : CommandStep.Done(null);

    private async Task<CommandStep> ListAsync(Jid actor, DataForm form, CancellationToken cancel)
    {
        IReadOnlyList<ThingGroup> page = await groups.ListAsync(actor, Value(form, "after"), GroupsPerAnswer, cancel).ConfigureAwait(false);
        return CommandStep.Done(new DataForm(FormType.Result, Ns.Thing + "#group-list")
            .Add(new FormField("group") { Type = "text-multi", Label = "Groups", Values = [.. page.Select(g => g.Id)] })
            .Add(new FormField("name") { Type = "text-multi", Label = "Names", Values = [.. page.Select(g => g.Name)] }));
    }

    private async Task<CommandStep> ChangeAsync(Jid actor, DataForm form, CancellationToken cancel)
    {
        (string id, string name) = (Value(form, "group"), Value(form, "name"));
        if (!TryJid(form, "owner", out Jid? owner))
        {
            return CommandStep.Bad("The owner is no address.");
        }

        GroupResult result = await groups.FindAsync(actor, id, cancel).ConfigureAwait(false) is { } group ? new GroupResult(GroupOutcome.Done, group) : new GroupResult(GroupOutcome.NotFound);
        if (result.Outcome == GroupOutcome.Done && name.Length > 0)
        {
            result = await groups.RenameAsync(actor, id, name, cancel).ConfigureAwait(false);
        }

        if (result.Outcome == GroupOutcome.Done && owner is not null)
        {
            result = await groups.SetOwnerAsync(actor, id, owner, cancel).ConfigureAwait(false);
        }

        return await EndAsync(actor, result, cancel).ConfigureAwait(false);
    }

    private async Task<CommandStep> MemberAsync(Jid actor, DataForm form, CancellationToken cancel)
    {
        if (!TryJid(form, "who", out Jid? who) || who is null)
        {
            return CommandStep.Bad("That is no address.");
        }

        string role = Value(form, "role");
        string[] only = Names(form, "only");
        string[] except = Names(form, "except");
        if (only.Length > 0 && except.Length > 0)
        {
            return CommandStep.Bad("An operator is limited to some parameters, or to all but some, not both.");
        }

        GroupResult result = role == "none"
            ? await groups.RemoveMemberAsync(actor, Value(form, "group"), who, cancel).ConfigureAwait(false)
            : await groups.SetMemberAsync(
                actor, Value(form, "group"), who, Enum.Parse<GroupRole>(role, ignoreCase: true), only.Length > 0 ? ParameterLimit.Only(only) : ParameterLimit.Except(except), cancel).ConfigureAwait(false);
        return await EndAsync(actor, result, cancel).ConfigureAwait(false);
    }

    private static string[] Names(DataForm form, string field) => [.. (form[field]?.Values ?? []).Select(v => v.Trim()).Where(v => v.Length > 0)];

    private async Task<CommandStep> ShownAsync(Jid actor, ThingGroup group, CancellationToken cancel)
    {
        DataForm form = new DataForm(FormType.Result, Ns.Thing + "#group").Add(FormField.Single("group", "text-single", group.Id, "Group")).Add(FormField.Single("name", "text-single", group.Name, "Name"));
        if (group.Owner is { } owner)
        {
            form.Add(FormField.Single("owner", "jid-single", owner.ToString(), "Owner"));
        }

        if (group.RoleOf(actor.Bare) is { } role)
        {
            form.Add(FormField.Single("role", "text-single", Line(role), "You are"));
        }

        form.Add(new FormField("thing") { Type = "text-multi", Label = "Things", Values = [.. group.Things.Keys.Order(StringComparer.Ordinal).Take(LinesPerAnswer)] });
        if (await groups.MayManageAsync(actor, group, cancel).ConfigureAwait(false))
        {
            form.Add(new FormField("member") { Type = "text-multi", Label = "Members", Values = [.. group.Members.OrderBy(m => m.Key.ToString(), StringComparer.Ordinal).Take(LinesPerAnswer).Select(m => $"{m.Key} {Line(m.Value)}")] });
        }

        return CommandStep.Done(form);
    }

    private static string Line(GroupMember member) => member.Role.ToString().ToLowerInvariant() + (member.Parameters.IsAll ? "" : " " + member.Parameters);
}
