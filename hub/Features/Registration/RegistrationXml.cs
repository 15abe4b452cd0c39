using System.Globalization;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registration;

/// <summary>Registration as XML (XEP-0077 §3 to §5).</summary>
internal static class RegistrationXml
{
    /// <summary>Offers a form and, for old clients, the fields (§5: the form goes first where it is understood).</summary>
    public static IqReply Form(RegistrationOptions options, string? name)
    {
        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.Register).Text("instructions"u8, options.Instructions).Text("username"u8, name ?? "").Empty("password"u8);
        new DataForm(FormType.Form, Ns.Register) { Title = "New account", Instructions = options.Instructions }
            .Add(new FormField("username") { Type = "text-single", Label = "Name", IsRequired = true, Values = name is null ? [] : [name] })
            .Add(new FormField("password") { Type = "text-private", Label = "Password", IsRequired = true })
            .WriteTo(xml);
        return IqReply.Result(xml.Close("query"u8));
    }

    /// <summary>Says that there is an account, and whose (§3.1).</summary>
    public static IqReply Registered(string name)
    {
        using var xml = new XmlBuilder();
        return IqReply.Result(xml.Open("query"u8, Ns.Register).Empty("registered"u8).Text("instructions"u8, "You have an account here; another password can be set.").Text("username"u8, name).Empty("password"u8).Close("query"u8));
    }

    /// <summary>Reads name and password, from the form where there is one; false where the form cannot be read or is another's.</summary>
    public static bool TryRead(Element query, out string? name, out string? password)
    {
        name = query.Child("username")?.Text;
        password = query.Child("password")?.Text;
        if (query.Child("x", Ns.DataForms) is not { } x)
        {
            return true;
        }

        if (DataForm.Read(x) is not { Type: FormType.Submit } form || form.FormType is not (null or Ns.Register or Ns.Register + ":changepassword"))
        {
            return false;
        }

        name = form["username"]?.Value;
        password = form["password"]?.Value;
        return true;
    }

    /// <summary>The error that the standard names (§3).</summary>
    /// <param name="outcome">What came out.</param>
    /// <param name="options">The settings, for texts.</param>
    /// <param name="isChange">Whether it is about an account that is there.</param>
    public static StanzaError Error(RegistrationOutcome outcome, RegistrationOptions options, bool isChange) => outcome switch
    {
        RegistrationOutcome.Incomplete => isChange
            ? StanzaError.BadRequest.With("Your name and a new password that is not empty are needed.")
            : StanzaError.NotAcceptable.With("A name and a password are needed."),
        RegistrationOutcome.BadName => isChange
            ? StanzaError.NotAllowed.With("Only your own password can be changed.")
            : StanzaError.NotAcceptable.With("That name cannot be registered."),
        RegistrationOutcome.BadPassword => StanzaError.NotAcceptable.With(string.Create(
            CultureInfo.InvariantCulture, $"A password has {options.MinPasswordLength} to {AccountService.PasswordLimit} characters, without control characters.")),
        RegistrationOutcome.Taken => StanzaError.Conflict.With("That name is taken."),
        RegistrationOutcome.NotInvited => StanzaError.Forbidden.With("One registers here by invitation: a valid token comes first (XEP-0445)."),
        RegistrationOutcome.TooMany => StanzaError.ResourceConstraint.With("Too many attempts to register; try again later."),
        RegistrationOutcome.IsThing => StanzaError.Forbidden.With("Keys and end of a thing's account are its owner's."),
        RegistrationOutcome.LastAdministrator => StanzaError.NotAllowed.With("The last administrator cannot leave."),
        _ => StanzaError.NotAllowed,
    };
}
