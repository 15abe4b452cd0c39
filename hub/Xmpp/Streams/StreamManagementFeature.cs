using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>Stream management (XEP-0198).</summary>
internal sealed class StreamManagementFeature(StreamHost host) : IStreamFeature
{
    public string Namespace => Ns.StreamManagement;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (stream.State == StreamState.Binding || stream.Session is { Management: null })
        {
            features.Empty("sm"u8, Ns.StreamManagement);
        }
    }

    public async ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel)
    {
        var client = (C2sStream)stream;
        switch (element.Name)
        {
            case "r" when client.Session?.Management is { } management:
                using (var xml = new XmlBuilder(64))
                {
                    client.Send(xml.Open("a"u8, Ns.StreamManagement).Attribute("h"u8, management.Received).Close("a"u8));
                }

                break;
            case "a" when client.Session?.Management is { } management:
                Acknowledge(client, management, element["h"]);
                break;
            case "enable":
                Enable(client, element);
                break;
            case "resume":
                if (await ResumeAsync(client, element, null, cancel).ConfigureAwait(false) is { } failure)
                {
                    Fail(client, failure);
                }

                break;
            default:
                Fail(client, "unexpected-request");
                break;
        }
    }

    private static void Acknowledge(C2sStream client, StreamManagement management, string? h)
    {
        if (!uint.TryParse(h, NumberStyles.None, CultureInfo.InvariantCulture, out uint handled))
        {
            client.Fail("bad-format");
        }
        else if (!management.Acknowledge(handled, client.Queue))
        {
            HandledTooMany(client, handled, management.Sent);
        }
    }

    // XEP-0198 §4: a client that has handled more than was sent.
    private static void HandledTooMany(C2sStream client, uint handled, uint sent)
    {
        using var xml = new XmlBuilder();
        xml.Open("handled-count-too-high"u8, Ns.StreamManagement).Attribute("h"u8, handled).Attribute("send-count"u8, sent).Close("handled-count-too-high"u8);
        client.KeepSession = false;
        client.Fail("undefined-condition", null, xml.Written);
    }

    private void Enable(C2sStream client, Element element)
    {
        if (client.State != StreamState.Bound)
        {
            Fail(client, "unexpected-request");
            return;
        }

        if (client.Session!.Management is not null)
        {
            // §3: at most one attempt; a second one is a stream error.
            client.Fail("policy-violation", "Stream management is on already.");
            return;
        }

        using var xml = new XmlBuilder();
        StreamManagement management = Enabled(element, xml);
        client.Queue.Hold();
        client.Send(xml);
        host.Manage(client.Session, management);
        client.Queue.Release();
    }

    /// <summary>Turns it on for a session that is being bound (XEP-0386).</summary>
    public void Enable(Session session, Element element, XmlBuilder bound) => host.Manage(session, Enabled(element, bound));

    private StreamManagement Enabled(Element element, XmlBuilder xml)
    {
        // §3: the client's 'max' is what it prefers; the hub keeps a session no longer than its own.
        int seconds = element["resume"] is "true" or "1" ? host.Options.ResumeSeconds : 0;
        seconds = uint.TryParse(element["max"], out uint preferred) && preferred > 0 ? (int)Math.Min(preferred, (uint)seconds) : seconds;
        var management = new StreamManagement(Convert.ToBase64String(RandomNumberGenerator.GetBytes(18)), seconds, host.Options, host.Hub.Time);
        xml.Open("enabled"u8, Ns.StreamManagement);
        if (seconds > 0)
        {
            xml.Attribute("id"u8, management.Id).Attribute("resume"u8, "true"u8).Attribute("max"u8, seconds);
        }

        xml.Close("enabled"u8);
        return management;
    }

    /// <summary>Takes up a session again (§5).</summary>
    /// <param name="client">The new stream.</param>
    /// <param name="element">The request.</param>
    /// <param name="frame">What stands before and behind <c>resumed</c> (SASL2), or null.</param>
    /// <param name="cancel">Ends the wait for the old stream.</param>
    /// <returns>Why it failed, or null.</returns>
    public async ValueTask<ResumeFailure?> ResumeAsync(C2sStream client, Element element, Func<Session, (byte[] Before, byte[] Behind)>? frame, CancellationToken cancel)
    {
        if (client.State != StreamState.Binding)
        {
            return new ResumeFailure("unexpected-request");
        }

        // §5: both attributes must be there.
        if (element["previd"] is not { } id || !uint.TryParse(element["h"], NumberStyles.None, CultureInfo.InvariantCulture, out uint handled))
        {
            return new ResumeFailure("bad-request");
        }

        if (host.Options.ResumeSeconds == 0)
        {
            return new ResumeFailure("feature-not-implemented");
        }

        Session? session = host.Resumable(id, client.Account!);
        if (session?.Management is not { } management)
        {
            return Gone(id, client);
        }

        if (session.Stream is { } old)
        {
            // The hub had not noticed that the old stream was dead (§5). Only when that has let go is the count of what came over it final.
            old.EndReason = "replaced";
            old.Fail("conflict");
            try
            {
                await old.EndedAsync().WaitAsync(TimeSpan.FromSeconds(host.Options.ProbeSeconds), host.Hub.Time, cancel).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return new ResumeFailure("unexpected-request");
            }
        }

        if (session.EndReason is not null)
        {
            return Gone(id, client);
        }

        (byte[] before, byte[] behind) = frame is null ? ([], []) : frame(session);
        if (!management.Resume(handled, session, client, before, behind))
        {
            // §6: an error about 'resume' is answered by 'failed'; a stream error would bring the client back with the same number.
            return new ResumeFailure("unexpected-request");
        }

        client.Bound(session);
        session.OpenGate(); // XEP-0352 §5.1: a resumed stream is active
        StreamLog.Bound(host.Log, session.Jid, client.Peer, client.IsEncrypted);
        host.Hub.Resumed(session);
        return null;
    }

    /// <summary>Says why it failed.</summary>
    public static void WriteFailed(XmlBuilder xml, ResumeFailure failure)
    {
        xml.Open("failed"u8, Ns.StreamManagement);
        if (failure.Handled is { } handled)
        {
            xml.Attribute("h"u8, handled);
        }

        xml.Empty(Encoding.UTF8.GetBytes(failure.Condition), Ns.StanzaErrors).Close("failed"u8);
    }

    // §5: of a session that has timed out the client is told how much had come.
    private ResumeFailure Gone(string id, C2sStream client) => new("item-not-found", host.TimedOut.Find(id, client.Account!));

    private static void Fail(C2sStream client, string condition) => Fail(client, new ResumeFailure(condition));

    private static void Fail(C2sStream client, ResumeFailure failure)
    {
        using var xml = new XmlBuilder();
        WriteFailed(xml, failure);
        client.Send(xml);
    }
}

/// <summary>Why stream management was not turned on or a session not taken up (XEP-0198 §6).</summary>
/// <param name="Condition">A stanza error's condition (RFC 6120 §8.3.3).</param>
/// <param name="Handled">How many stanzas had come from the client, where that is still known.</param>
internal readonly record struct ResumeFailure(string Condition, uint? Handled = null);
