using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;

namespace IotXmpp.Hub.Features.ContactAddresses;

/// <summary>Whom people write to about this hub (settings section <c>Contact</c>): URIs such as <c>mailto:abuse@example.org</c> or <c>xmpp:admin@example.org</c>.</summary>
public sealed class ContactOptions
{
    /// <summary>Addresses of one kind, at most: a form that everybody reads stays small.</summary>
    private const int MaxAddresses = 16;

    /// <summary>About abuse.</summary>
    public string[] Abuse { get; set; } = [];

    /// <summary>Administrators.</summary>
    public string[] Admin { get; set; } = [];

    /// <summary>For feedback.</summary>
    public string[] Feedback { get; set; } = [];

    /// <summary>For sales.</summary>
    public string[] Sales { get; set; } = [];

    /// <summary>About security.</summary>
    public string[] Security { get; set; } = [];

    /// <summary>Where the state of the hub is told.</summary>
    public string[] Status { get; set; } = [];

    /// <summary>For support.</summary>
    public string[] Support { get; set; } = [];

    /// <summary>What is wrong with these settings, one line each.</summary>
    public IEnumerable<string> Validate()
    {
        foreach ((string kind, string[] addresses) in All)
        {
            if (addresses.Length > MaxAddresses)
            {
                yield return $"Contact:{kind} has more than {MaxAddresses} addresses.";
            }

            foreach (string address in addresses)
            {
                if (!Uri.TryCreate(address, UriKind.Absolute, out _))
                {
                    yield return $"Contact:{kind}: '{address}' is no URI, such as mailto:admin@example.org.";
                }
            }
        }
    }

    internal IEnumerable<(string Kind, string[] Addresses)> All =>
        [(nameof(Abuse), Abuse), (nameof(Admin), Admin), (nameof(Feedback), Feedback), (nameof(Sales), Sales), (nameof(Security), Security), (nameof(Status), Status), (nameof(Support), Support)];
}

/// <summary>Contact Addresses for XMPP Services (XEP-0157).</summary>
public sealed class ContactAddressesModule(ContactOptions options) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "ContactAddresses";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0157", "Contact Addresses for XMPP Services", "1.1.1")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (options.Validate().FirstOrDefault() is { } wrong)
        {
            throw new ArgumentException(wrong);
        }

        var form = new DataForm(FormType.Result, "http://jabber.org/network/serverinfo");
        foreach ((string kind, string[] addresses) in options.All)
        {
            if (addresses.Length > 0)
            {
                form.Add(new FormField(kind.ToLowerInvariant() + "-addresses") { Type = "list-multi", Values = addresses });
            }
        }

        if (form.Fields.Count > 0)
        {
            module.Domain.Form(form);
        }
    }
}
