using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.AdHoc;

/// <summary>Commands as XML (XEP-0050 §4) and the errors of its §4.4.</summary>
public static class AdHocXml
{
    /// <summary>FORM_TYPE of what a failed command tells programs: the field <c>condition</c> has a stanza error condition (RFC 6120 §8.3.3).</summary>
    public const string FailureType = Ns.Command + "#failure";

    internal static StanzaError MalformedAction { get; } = Error("malformed-action");

    internal static StanzaError BadAction { get; } = Error("bad-action");

    internal static StanzaError BadLocale { get; } = Error("bad-locale");

    internal static StanzaError BadPayload { get; } = Error("bad-payload");

    internal static StanzaError BadSessionId { get; } = Error("bad-sessionid");

    internal static StanzaError SessionExpired { get; } = StanzaError.NotAllowed.WithExtension("session-expired", Ns.Commands);

    // §4.4: not the type that RFC 6120 recommends.
    internal static StanzaError Forbidden { get; } = StanzaError.Forbidden.With(StanzaErrorType.Cancel);

    internal static IqReply Write(AdHocCommand command, string sessionId, ReadOnlySpan<byte> status, CommandStep? step, bool hasPrevious)
    {
        using var xml = new XmlBuilder();
        xml.Open("command"u8, Ns.Commands).Attribute("node"u8, command.Node).Attribute("sessionid"u8, sessionId).Attribute("status"u8, status).Attribute("xml:lang"u8, "en"u8);
        if (step?.Submitted is not null)
        {
            // §3.4: what "execute" means must be among what is allowed.
            xml.Open("actions"u8).Attribute("execute"u8, step.HasNext ? "next"u8 : "complete"u8);
            if (hasPrevious)
            {
                xml.Empty("prev"u8);
            }

            if (step.HasNext)
            {
                xml.Empty("next"u8);
            }

            if (step.CanComplete)
            {
                xml.Empty("complete"u8);
            }

            xml.Close("actions"u8);
        }

        step?.Form?.WriteTo(xml);
        if (step?.Failure is { } failure)
        {
            new DataForm(FormType.Result, FailureType).Add(FormField.Single("condition", "text-single", failure.Condition)).WriteTo(xml);
            Note(xml, new CommandNote(NoteType.Error, failure.Text ?? failure.Condition));
        }

        foreach (CommandNote note in step?.Notes ?? [])
        {
            Note(xml, note);
        }

        return IqReply.Result(xml.Close("command"u8));
    }

    private static void Note(XmlBuilder xml, CommandNote note) => xml.Open("note"u8).Attribute("type"u8, note.Type switch
    {
        NoteType.Error => "error"u8,
        NoteType.Warn => "warn"u8,
        _ => "info"u8,
    }).Text(note.Text).Close("note"u8);

    private static StanzaError Error(string condition) => StanzaError.BadRequest.WithExtension(condition, Ns.Commands);
}
