using System.Globalization;
using IotXmpp.Cli.Operator;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Flash;

/// <summary>A thing as the hub has made it.</summary>
/// <param name="Jid">Its account.</param>
/// <param name="Claim">Its claim text (QR code), or "".</param>
internal sealed record ProvisionedThing(Jid Jid, string Claim);

/// <summary>Makes a thing's account and keys at the hub: the command <c>urn:iotxmpp:thing:1#provision</c> of <c>things.DOMAIN</c>.</summary>
internal static class ThingProvisioning
{
    /// <summary>The command's node.</summary>
    public const string Node = Ns.Thing + "#provision";

    /// <summary>Makes the thing, or gives the one that is there new keys.</summary>
    /// <param name="hub">The operator's session.</param>
    /// <param name="thing">Its id.</param>
    /// <param name="owner">Whose it is; null for who asks.</param>
    /// <param name="model">Its model: the board.</param>
    /// <param name="key">Its key; the hub gets only its own part.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="CliException">The hub does not do it.</exception>
    public static async Task<ProvisionedThing> RunAsync(HubClient hub, string thing, string? owner, string model, DeviceKey key, CancellationToken cancel)
    {
        string domain = hub.Connection.Jid.Domain;
        var service = new Jid(string.Empty, "things." + domain, string.Empty);
        var values = new Dictionary<string, string>
        {
            ["thing"] = thing,
            ["salt"] = Convert.ToBase64String(key.Keys.Salt),
            ["iterations"] = key.Keys.Iterations.ToString(CultureInfo.InvariantCulture),
            ["storedKey"] = Convert.ToBase64String(key.StoredKey(DotNetHash.Instance)),
            ["serverKey"] = Convert.ToBase64String(key.Keys.ServerKey),
            ["model"] = model,
        };
        if (owner is not null)
        {
            values["owner"] = owner;
        }

        try
        {
            IReadOnlyDictionary<string, string> result = await AdHocCommand.RunAsync(hub, service, Node, values, cancel);
            return new ProvisionedThing(
                Jid.TryParse(result.GetValueOrDefault("jid", string.Empty), out Jid? jid) ? jid : new Jid(thing, domain, string.Empty), result.GetValueOrDefault("claim", string.Empty));
        }
        catch (CommandRefusedException e)
        {
            throw Errors.CodeOf(e.Error) switch
            {
                ExitCode.Forbidden => new CliException(ExitCode.Forbidden, $"{thing} is there and is not yours ({e.Note}); give another name with --thing, or log in as its owner"),
                ExitCode.NotFound when owner is not null => new CliException(ExitCode.NotFound, $"{owner} cannot own {thing} ({e.Note}); --owner names an account"),
                int code => new CliException(code, $"the hub cannot make {thing}: {e.Note}; give another name with --thing"),
            };
        }
        catch (StanzaException e)
        {
            throw Errors.CodeOf(e.Error) switch
            {
                ExitCode.Forbidden => new CliException(ExitCode.Forbidden, $"the hub lets {hub.Connection.Jid.Bare} make no things ({Errors.Describe(e.Error)}); log in as an administrator, or let your account do it"),
                ExitCode.NotFound => new CliException(ExitCode.Failed, $"{service} makes no things ({Errors.Describe(e.Error)}): this hub is older than this iotxmpp, or it is another server"),
                int code => new CliException(code, $"the hub did not make {thing}: {Errors.Describe(e.Error)}"),
            };
        }
    }
}
