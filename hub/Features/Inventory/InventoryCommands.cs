using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>The inventory as commands of <c>things.&lt;domain&gt;</c>: a thin face over <see cref="InventoryService"/> and <see cref="ImportService"/>.</summary>
internal sealed class InventoryCommands(InventoryService inventory, ImportService import, ThingProvisioning things, ThingAccess access, string domain)
{
    // What one answer has, at most: a stanza of an operator's client holds it.
    private const int ThingsPerAnswer = 200;
    private const int NotesPerAnswer = 50;

    private static readonly FormField s_thing = new("thing") { Type = "text-single", Label = "Thing (its id)", IsRequired = true };

    public void AddTo(CommandBook book)
    {
        FormField[] search =
        [
            Text("text", "Text in id, owner or tags"), Text("place", "At this place"), Text("model", "Of this model"), Text("tag", "With this tag (NAME or NAME:value)"), Text("group", "In this group"),
            new FormField("state") { Type = "list-single", Label = "In this state", Options = [new FormOption("", "any"), .. ThingQuery.States.Select(s => new FormOption(s))] }, Text("firmware", "With this firmware"), Text("after", "Behind this thing"),
        ];
        Add(book, "list", "Find things", "All that is given must hold.", search, ListAsync);
        Add(book, "export", "Take out what is told of things", "All that is given must hold.", [.. search, FormField.Boolean("json", false, "As JSON, one thing a line")], ExportAsync);
        Add(
            book,
            "describe",
            "Change what is told of a thing",
            "What is left out stays; a tag without a value goes.",
            [s_thing, Text("name", "Name"), Text("place", "Place"), Text("model", "Model"), Text("manufacturer", "Manufacturer (a domain)"), new FormField("tag") { Type = "text-multi", Label = "Tags, each NAME:value" }, new FormField("clear") { Type = "text-multi", Label = "Taken away: name, place, model, manufacturer" }],
            DescribeAsync);
        Add(book, "note", "Write a note on a thing", "Who sees the thing reads it.", [s_thing, new FormField("text") { Type = "text-multi", Label = "Note", IsRequired = true }], async (actor, form, cancel) =>
        {
            (NoteOutcome outcome, ThingNote? note) = await inventory.AddNoteAsync(actor, Value(form, "thing"), string.Join('\n', form["text"]!.Values), cancel).ConfigureAwait(false);
            return note is null ? Failed(outcome) : CommandStep.Done(new DataForm(FormType.Result, Ns.Thing + "#note").Add(FormField.Single("note", "text-single", note.Id.ToString(CultureInfo.InvariantCulture), "Number")));
        });
        Add(book, "note-remove", "Take a note away", "Who wrote it, and who owns the thing.", [s_thing, new FormField("note") { Type = "text-single", Label = "Number", IsRequired = true }], async (actor, form, cancel) =>
            !long.TryParse(Value(form, "note"), NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? CommandStep.Bad("That is no number.")
            : await inventory.RemoveNoteAsync(actor, Value(form, "thing"), id, cancel).ConfigureAwait(false) is not NoteOutcome.Done and var outcome ? Failed(outcome)
            : CommandStep.Done(null));
        Add(book, "notes", "Read the notes on a thing", "The newest first.", [s_thing, Text("before", "Before this number")], NotesAsync);
        string node = Ns.Thing + "#import";
        book.Add(RegistryModule.Subdomain, new AdHocCommand(node, "Take in what is told of things", IsLocal, (_, _) => new(CommandStep.AskNext(ImportForm(node), (input, cancel) => ImportAsync(node, new StringBuilder(), input, cancel), canComplete: true))));
    }

    private static string Value(DataForm form, string field) => (form[field]?.Value ?? "").Trim();

    private static string? Optional(DataForm form, string field) => Value(form, field) is { Length: > 0 } value ? value : null;

    private static FormField Text(string var, string label) => new(var) { Type = "text-single", Label = label };

    private static ThingQuery Query(DataForm form) => new()
    {
        Text = Optional(form, "text"),
        Place = Optional(form, "place"),
        Model = Optional(form, "model"),
        Tag = Optional(form, "tag"),
        Group = Optional(form, "group"),
        State = Optional(form, "state"),
        Firmware = Optional(form, "firmware"),
    };

    private static CommandStep Failed(NoteOutcome outcome) => CommandStep.Failed(outcome switch
    {
        NoteOutcome.NotFound => StanzaError.ItemNotFound.With("There is no such thing or note, or not for you."),
        NoteOutcome.Forbidden => StanzaError.Forbidden.With("Only who maintains the thing writes notes; who wrote one, or owns the thing, takes it away."),
        NoteOutcome.BadText => StanzaError.NotAcceptable.With("A note is empty, too long, or has control characters."),
        _ => StanzaError.ResourceConstraint.With("There are too many notes on the thing: take old ones away."),
    });

    private ValueTask<bool> IsLocal(Jid who, CancellationToken cancel) => new(who.Domain == domain && who.Local.Length > 0);

    private void Add(CommandBook book, string name, string title, string instructions, FormField[] fields, Func<Jid, DataForm, CancellationToken, Task<CommandStep>> act)
    {
        string node = Ns.Thing + "#" + name;
        DataForm form = new(FormType.Form, node) { Title = title, Instructions = instructions };
        foreach (FormField field in fields)
        {
            form.Add(field);
        }

        book.Add(RegistryModule.Subdomain, new AdHocCommand(node, title, IsLocal, (_, _) => new(CommandStep.Ask(form, async (input, cancel) => await act(input.From, input.Form, cancel).ConfigureAwait(false)))));
    }

    private async Task<CommandStep> ListAsync(Jid actor, DataForm form, CancellationToken cancel)
    {
        ThingPage page = await inventory.SearchAsync(actor, Query(form), Value(form, "after"), ThingsPerAnswer, cancel).ConfigureAwait(false);
        DataForm result = new DataForm(FormType.Result, Ns.Thing + "#list")
            .Add(FormField.Single("count", "text-single", page.Count.ToString(CultureInfo.InvariantCulture), "Found"))
            .Add(new FormField("thing") { Type = "text-multi", Label = "Things", Values = [.. page.Things.Select(t => t.Id)] })
            .Add(new FormField("name") { Type = "text-multi", Label = "Names", Values = [.. page.Things.Select(t => t.Name)] });
        return CommandStep.Done(Next(result, page.Next));
    }

    private async Task<CommandStep> ExportAsync(Jid actor, DataForm form, CancellationToken cancel)
    {
        bool isJson = form["json"] is { } field && field.TryBoolean(out bool json) && json;
        (IReadOnlyList<ThingRow> rows, string? next) = await import.ExportAsync(actor, Query(form), Value(form, "after"), ThingsPerAnswer, cancel).ConfigureAwait(false);
        IEnumerable<string> lines = isJson ? rows.Select(ThingRows.Json) : (Value(form, "after").Length == 0 ? new[] { ThingRows.Head } : []).Concat(rows.Select(ThingRows.Line)).Select(l => l.TrimEnd('\r', '\n'));
        return CommandStep.Done(Next(new DataForm(FormType.Result, Ns.Thing + "#export").Add(new FormField("line") { Type = "text-multi", Label = "Lines", Values = [.. lines] }), next));
    }

    private static DataForm Next(DataForm form, string? next) => next is null ? form : form.Add(FormField.Single("next", "text-single", next, "There are more behind"));

    private async Task<CommandStep> DescribeAsync(Jid actor, DataForm form, CancellationToken cancel)
    {
        var tags = new List<MetaTag>();
        foreach (string tag in (form["tag"]?.Values ?? []).Where(t => t.Trim().Length > 0))
        {
            if (ThingDetails.TryTags(tag.Trim(), out IReadOnlyList<MetaTag> read) is { } wrong)
            {
                return CommandStep.Bad($"{tag}: {wrong}.");
            }

            tags.AddRange(read);
        }

        string[] clear = [.. (form["clear"]?.Values ?? []).Select(c => c.Trim().ToLowerInvariant()).Where(c => c.Length > 0)];
        if (clear.FirstOrDefault(c => c is not ("name" or "place" or "model" or "manufacturer")) is { } odd)
        {
            return CommandStep.Bad($"'{odd}' cannot be taken away here.");
        }

        string? Field(string name) => clear.Contains(name) ? "" : Optional(form, name);
        string id = Value(form, "thing");
        ThingResult result = await things.DescribeAsync(actor, id, new ThingDetails { Name = Field("name"), Place = Field("place"), Model = Field("model"), Manufacturer = Field("manufacturer"), Changes = tags }, cancel).ConfigureAwait(false);
        return result.Outcome switch
        {
            RegistryOutcome.Done => CommandStep.Done(Shown(result.Thing!)),
            RegistryOutcome.Forbidden when await access.MayAsync(actor, id, ThingRight.See, null, cancel).ConfigureAwait(false) => CommandStep.Failed(StanzaError.Forbidden.With("Only who maintains the thing changes that.")),
            RegistryOutcome.Forbidden or RegistryOutcome.NotFound => CommandStep.Failed(StanzaError.ItemNotFound.With("There is no such thing, or not for you.")),
            RegistryOutcome.TooMany => CommandStep.Failed(StanzaError.ResourceConstraint.With($"A thing has at most {MetaTags.CountLimit} tags.")),
            _ => CommandStep.Failed(StanzaError.NotAcceptable.With($"A value has at most {MetaTags.ValueLimit} characters, none of them a control character.")),
        };
    }

    private static DataForm Shown(Thing thing)
    {
        DataForm form = new DataForm(FormType.Result, Ns.Thing + "#describe").Add(FormField.Single("thing", "text-single", thing.Id, "Thing"));
        foreach (MetaTag tag in thing.Tags.Values.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            form.Add(FormField.Single("tag#" + tag.Name, "text-single", tag.Value, tag.Name));
        }

        return form;
    }

    private async Task<CommandStep> NotesAsync(Jid actor, DataForm form, CancellationToken cancel)
    {
        long? before = long.TryParse(Value(form, "before"), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
        if (await inventory.NotesAsync(actor, Value(form, "thing"), before, NotesPerAnswer, cancel).ConfigureAwait(false) is not { } notes)
        {
            return Failed(NoteOutcome.NotFound);
        }

        DataForm result = new(FormType.Result, Ns.Thing + "#notes");
        foreach (ThingNote note in notes)
        {
            string head = string.Create(CultureInfo.InvariantCulture, $"{note.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} {note.Author?.ToString() ?? "-"}");
            result.Add(new FormField($"note#{note.Id.ToString(CultureInfo.InvariantCulture)}") { Type = "text-multi", Label = head, Values = [head, .. note.Text.Split('\n')] });
        }

        return CommandStep.Done(result);
    }

    private DataForm ImportForm(string node) => new DataForm(FormType.Form, node)
    {
        Title = "Take in what is told of things",
        Instructions = $"CSV with a head, or an array in JSON, line by line; more lines go with the next form. At most {inventory.Options.ImportThings} things. All of it is done or nothing.",
    }
        .Add(new FormField("line") { Type = "text-multi", Label = "Lines" })
        .Add(FormField.Boolean("partial", false, "Do what is right, leave out what is wrong"))
        .Add(FormField.Boolean("check", false, "Change nothing, only tell"))
        .Add(FormField.Boolean("create", false, $"Make what is not there, {inventory.Options.ImportNewThings} things at most; their secrets are told this once"));

    private async ValueTask<CommandStep> ImportAsync(string node, StringBuilder text, CommandInput input, CancellationToken cancel)
    {
        foreach (string line in input.Form["line"]?.Values ?? [])
        {
            if (text.Length + line.Length > inventory.Options.ImportChars)
            {
                return CommandStep.Failed(StanzaError.ResourceConstraint.With($"An import has at most {inventory.Options.ImportChars} characters."));
            }

            text.Append(line).Append('\n');
        }

        if (input.Action == CommandAction.Next)
        {
            return CommandStep.AskNext(ImportForm(node), (more, ended) => ImportAsync(node, text, more, ended), canComplete: true);
        }

        bool Flag(string name) => input.Form[name] is { } field && field.TryBoolean(out bool value) && value;
        ImportResult result = await import.ImportAsync(input.From, text.ToString(), new ImportWish(Flag("partial"), Flag("check"), Flag("create")), cancel).ConfigureAwait(false);
        DataForm answer = new DataForm(FormType.Result, node)
            .Add(FormField.Boolean("done", result.IsDone, "Taken over"))
            .Add(FormField.Single("changed", "text-single", result.Changed.ToString(CultureInfo.InvariantCulture), "Changed"))
            .Add(FormField.Single("created", "text-single", result.Created.ToString(CultureInfo.InvariantCulture), "Made"))
            .Add(FormField.Single("unchanged", "text-single", result.Unchanged.ToString(CultureInfo.InvariantCulture), "As they were"))
            .Add(FormField.Single("faults", "text-single", result.FaultCount.ToString(CultureInfo.InvariantCulture), "Faults"))
            .Add(new FormField("fault") { Type = "text-multi", Label = "What is wrong", Values = [.. result.Faults.Select(f => $"line {f.Line}{(f.Id.Length > 0 ? $", {f.Id}" : "")}: {f.Why}")] });
        return result.Made.Count == 0
            ? CommandStep.Done(answer)
            : CommandStep.Done(
                answer.Add(new FormField("made") { Type = "text-multi", Label = "What was made, as CSV", Values = [.. MadeThings.Lines(result.Made)] }),
                new CommandNote(NoteType.Info, "Passwords and claim codes are shown this once."));
    }
}
