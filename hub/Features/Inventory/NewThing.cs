using System.Text;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>A thing that an import has made, with what is told of it this once.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Address">Its account (bare JID).</param>
/// <param name="Password">The secret that it logs in with; the hub keeps SCRAM keys of it.</param>
/// <param name="ClaimText">The text of its QR code, with its KEY; the hub keeps a hash of it.</param>
public sealed record MadeThing(string Id, Jid Address, string Password, string ClaimText);

/// <summary>What was made, as text.</summary>
public static class MadeThings
{
    /// <summary>Lines of CSV without their ends, with a head: thing, address, password, claim code.</summary>
    public static IEnumerable<string> Lines(IEnumerable<MadeThing> made)
    {
        ArgumentNullException.ThrowIfNull(made);
        return made.Select(m => Line(m.Id, m.Address.ToString(), m.Password, m.ClaimText)).Prepend(Line("thing", "jid", "password", "claim"));
    }

    private static string Line(params ReadOnlySpan<string> cells)
    {
        var text = new StringBuilder();
        Csv.Write(text, cells);
        return text.ToString().TrimEnd('\r', '\n');
    }
}

/// <summary>A thing that an import shall make.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Owner">Whose it shall be (bare JID).</param>
/// <param name="SerialNumber">Tag SN, by which it is claimed.</param>
/// <param name="Model">Tag MODEL, likewise; empty for none.</param>
/// <param name="Manufacturer">Tag MAN, likewise; empty for none.</param>
internal sealed record NewThing(string Id, Jid Owner, string SerialNumber, string Model, string Manufacturer);

/// <summary>A thing that is about to be written, with its keys.</summary>
internal sealed record FreshThing(Thing Thing, ScramCredentials Keys, string Password, string ClaimText)
{
    private const int Length = 32; // as of iotxmpp thing add

    /// <summary>Makes its secrets.</summary>
    public static FreshThing Make(NewThing wish, ThingDetails details, DateTimeOffset now)
    {
        string password = RandomText.New(Length);
        // The secret is random: more iterations protect no better, and boards count each of them.
        ScramCredentials keys = ScramCredentials.Derive(ScramHash.Sha256, password, ScramCredentials.DefaultIterations);
        (Thing thing, string claim) = ThingProvisioning.New(
            new Provision(wish.Id, wish.Owner, keys) { SerialNumber = wish.SerialNumber, Model = wish.Model, Manufacturer = wish.Manufacturer }, now);
        return new FreshThing(details.ApplyTo(thing), keys, password, claim);
    }

    /// <summary>The thing, where there is none of its id.</summary>
    /// <exception cref="IdTakenException">There is one.</exception>
    public Thing Over(Thing? before) => before is null ? Thing : throw new IdTakenException(Thing.Id);
}

/// <summary>An id that an import wants is not free: all of it is undone.</summary>
internal sealed class IdTakenException(string id) : Exception(id);
