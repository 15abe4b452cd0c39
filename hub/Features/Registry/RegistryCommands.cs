using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>The commands of <c>things.&lt;domain&gt;</c> (wire profile, registry): a thin face over <see cref="ThingProvisioning"/>.</summary>
internal sealed class RegistryCommands(ThingProvisioning things, ThingRights rights)
{
    private const int MinIterations = ScramCredentials.DefaultIterations; // RFC 7677 §4
    private const int MaxIterations = 1_000_000; // more would keep a board busy for minutes and protects no better a secret that is random
    private const int MinSalt = 8;
    private const int MaxSalt = 64;
    private const int KeyBytes = 32;

    private delegate Task<ThingResult> Act(Jid actor, string id, DataForm form, CancellationToken cancel);

    public void AddTo(CommandBook book)
    {
        book.Add(RegistryModule.Subdomain, new AdHocCommand(Ns.Thing + "#provision", "Provision a thing", things.MayProvisionAsync, (input, _) => new(CommandStep.Ask(ProvisionForm(input.From), ProvisionAsync))));
        Add(book, "revoke", "Revoke a thing", "The thing's keys are taken away: its sessions end at once, and it cannot log in until it is provisioned again.", [], (actor, id, _, cancel) => things.RevokeAsync(actor, id, cancel));
        Add(
            book,
            "reset",
            "Reset a thing to factory state",
            "The thing becomes nobody's: its owner loses all rights. Its code claims it again, unless it gets a new one.",
            [FormField.Boolean("new-key", false, "Make a new claim code; the old one counts no more")],
            (actor, id, form, cancel) => things.ResetAsync(actor, id, form["new-key"] is { } field && field.TryBoolean(out bool isNew) && isNew, cancel));
        Add(
            book,
            "rename",
            "Name a thing",
            "A name for people; the thing's id and address stay. An empty name takes it away.",
            [new FormField("name") { Type = "text-single", Label = "Name" }],
            (actor, id, form, cancel) => things.RenameAsync(actor, id, (form["name"]?.Value ?? "").Trim(), cancel));
        Add(book, "key", "Make a new claim code", "The thing's old code counts no more.", [], (actor, id, _, cancel) => things.NewKeyAsync(actor, id, cancel));
        Add(book, "show", "Show a thing", "What the registry has of it.", [], async (actor, id, _, cancel) =>
            await rights.FindAsync(id, cancel).ConfigureAwait(false) is { } thing && await (things.Sees ?? things.MayManageAsync)(actor, thing, cancel).ConfigureAwait(false)
                ? new ThingResult(RegistryOutcome.Done, thing)
                : RegistryOutcome.NotFound);
    }

    private void Add(CommandBook book, string name, string title, string instructions, FormField[] fields, Act act)
    {
        string node = Ns.Thing + "#" + name;
        DataForm form = new DataForm(FormType.Form, node) { Title = title, Instructions = instructions }.Add(Text("thing", "Thing (its id)", required: true));
        foreach (FormField field in fields)
        {
            form.Add(field);
        }

        // Any account of this domain: which things it may do this to is asked when it names one.
        book.Add(RegistryModule.Subdomain, new AdHocCommand(node, title, (who, _) => new(who.Domain == rights.Domain.Domain && who.Local.Length > 0), (_, _) => new(CommandStep.Ask(form, async (input, cancel) =>
            End(node, await act(input.From, input.Form["thing"]!.Value, input.Form, cancel).ConfigureAwait(false))))));
    }

    private static DataForm ProvisionForm(Jid asker) => new DataForm(FormType.Form, Ns.Thing + "#provision")
    {
        Title = "Provision a thing",
        Instructions = "The client makes a random secret and sends its SCRAM-SHA-256 keys (RFC 5802 §3) in base64; the secret itself it keeps for the device. Again for the same thing: new keys, nothing else.",
    }
        .Add(Text("thing", "Thing (1 to 64 of a-z, 0-9 and -)", required: true))
        .Add(new FormField("owner") { Type = "jid-single", Label = "Owner", Values = [asker.Bare.ToString()] })
        .Add(new FormField("storedKey") { Type = "text-private", Label = "StoredKey", IsRequired = true })
        .Add(new FormField("serverKey") { Type = "text-private", Label = "ServerKey", IsRequired = true })
        .Add(new FormField("salt") { Type = "text-private", Label = "Salt", IsRequired = true })
        .Add(Text("iterations", "Iterations", required: true, MinIterations.ToString(CultureInfo.InvariantCulture)))
        .Add(Text("model", "Model"))
        .Add(Text("sn", "Serial number"))
        .Add(Text("man", "Manufacturer (a domain)"));

    private async ValueTask<CommandStep> ProvisionAsync(CommandInput input, CancellationToken cancel)
    {
        DataForm form = input.Form;
        string id = form["thing"]!.Value;
        if (!ThingProvisioning.IsThingId(id))
        {
            return CommandStep.Bad($"'{id}' is no id of a thing: 1 to 64 of a-z, 0-9 and -.");
        }

        if (!TryKey(form["storedKey"]!, out byte[] storedKey) || !TryKey(form["serverKey"]!, out byte[] serverKey))
        {
            return CommandStep.Bad($"storedKey and serverKey are {KeyBytes} bytes in base64 (SCRAM-SHA-256).");
        }

        if (!TryBytes(form["salt"]!, out byte[] salt) || salt.Length is < MinSalt or > MaxSalt)
        {
            return CommandStep.Bad($"salt is {MinSalt} to {MaxSalt} bytes in base64.");
        }

        if (!int.TryParse(form["iterations"]!.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int iterations) || iterations is < MinIterations or > MaxIterations)
        {
            return CommandStep.Bad($"iterations are {MinIterations} to {MaxIterations} (RFC 7677 §4).");
        }

        foreach (string tag in (string[])["model", "sn", "man"])
        {
            if (form[tag] is { } field && (field.Value.Length > MetaTags.ValueLimit || field.Value.Any(char.IsControl)))
            {
                return CommandStep.Bad($"{tag} has at most {MetaTags.ValueLimit} characters.");
            }
        }

        Jid owner = form["owner"] is { Value.Length: > 0 } named && JidPrep.TryParse(named.Value, out Jid? jid) ? jid.Bare : input.From.Bare;
        ThingResult result = await things.ProvisionAsync(
            input.From,
            new Provision(id, owner, new ScramCredentials(ScramHash.Sha256, salt, iterations, storedKey, serverKey))
            {
                Model = form["model"]?.Value ?? "",
                SerialNumber = form["sn"]?.Value ?? "",
                Manufacturer = form["man"]?.Value ?? "",
            },
            cancel).ConfigureAwait(false);
        return End(Ns.Thing + "#provision", result);
    }

    private static bool TryKey(FormField field, out byte[] bytes) => TryBytes(field, out bytes) && bytes.Length == KeyBytes;

    private static bool TryBytes(FormField field, out byte[] bytes)
    {
        bytes = new byte[MaxSalt + 2];
        bool ok = Convert.TryFromBase64String(field.Value, bytes, out int written);
        bytes = bytes[..written];
        return ok && written > 0;
    }

    private CommandStep End(string node, ThingResult result)
    {
        if (result.Thing is not { } thing)
        {
            return CommandStep.Failed(Error(result.Outcome));
        }

        DataForm form = new DataForm(FormType.Result, node)
            .Add(Text("thing", "Thing", value: thing.Id))
            .Add(FormField.Single("jid", "jid-single", rights.Of(thing.Account).ToString(), "Address"));
        if (thing.IsBehindGateway)
        {
            form.Add(Text("nodeId", "Node behind it", value: thing.NodeId));
        }

        form.Add(Text("state", "State in the registry", value: thing.Revoked is null ? thing.State.ToString().ToLowerInvariant() : "revoked"));
        if (thing.Owner is { } owner)
        {
            form.Add(FormField.Single("owner", "jid-single", owner.ToString(), "Owner"));
        }

        foreach (MetaTag tag in thing.Tags.Values.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            form.Add(Text("tag#" + tag.Name, tag.Name, value: tag.Value));
        }

        if (result.ClaimText is { } text)
        {
            form.Add(Text("claim", "Claim code, shown this once", value: text));
            return CommandStep.Done(form, new CommandNote(NoteType.Info, "The claim code is shown this once."));
        }

        return CommandStep.Done(form);
    }

    private static FormField Text(string var, string label, bool required = false, string value = "") =>
        new(var) { Type = "text-single", Label = label, IsRequired = required, Values = value.Length > 0 ? [value] : [] };

    private static StanzaError Error(RegistryOutcome outcome) => outcome switch
    {
        RegistryOutcome.NotFound => StanzaError.ItemNotFound.With("There is no such thing, or not for you."),
        RegistryOutcome.Forbidden => StanzaError.Forbidden.With("Only the thing's owner or an administrator may do that."),
        RegistryOutcome.Conflict => StanzaError.Conflict.With("That id is taken: by an account that is no thing, or by a thing behind a gateway."),
        RegistryOutcome.NotAllowed => StanzaError.NotAllowed.With("A thing behind a gateway has no keys of its own: revoke its gateway."),
        RegistryOutcome.NoOwner => StanzaError.ItemNotFound.With("There is no account of that owner."),
        RegistryOutcome.BadId => StanzaError.NotAcceptable.With("A thing's id is 1 to 64 of a-z, 0-9 and -; a name has at most 128 characters."),
        _ => StanzaError.ResourceConstraint,
    };
}
