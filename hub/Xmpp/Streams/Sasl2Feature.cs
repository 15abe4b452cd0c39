using System.Globalization;
using System.Text;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>
/// The Extensible SASL Profile (XEP-0388), with what can be negotiated inside of it: resumption (XEP-0198 §9), Bind 2 (XEP-0386), tokens (XEP-0484).
/// The mechanisms are those of <see cref="SaslFeature"/>.
/// </summary>
internal sealed class Sasl2Feature(StreamHost host, StreamManagementFeature management, Bind2 bind) : IStreamFeature
{
    public string Namespace => Ns.Sasl2;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        // §4: after TLS only, also where the settings allow a password without.
        if (stream.State != StreamState.Authenticating || !stream.IsEncrypted || host.Sasl.Offer(((C2sStream)stream).SaslContext()) is not { Mechanisms.Count: > 0 } offer)
        {
            return;
        }

        features.Open("authentication"u8, Ns.Sasl2);
        WriteMechanisms(features, offer.Mechanisms);
        features.Open("inline"u8).Empty("sm"u8, Ns.StreamManagement);
        bind.Offer(features);
        if (offer.TokenMechanisms.Count > 0)
        {
            features.Open("fast"u8, Ns.Fast);
            WriteMechanisms(features, offer.TokenMechanisms);
            features.Close("fast"u8);
        }

        features.Close("inline"u8).Close("authentication"u8);
    }

    public async ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel)
    {
        var client = (C2sStream)stream;
        if (stream.Account is not null || stream.State is not (StreamState.Authenticating or StreamState.Securing))
        {
            // §5.6: one authentication a stream.
            client.Fail("not-authorized");
            return;
        }

        if (!stream.IsEncrypted)
        {
            Refuse(client, SaslError.EncryptionRequired);
            return;
        }

        SaslNegotiation sasl = client.Sasl;
        StreamNegotiation negotiation = client.Negotiation;
        SaslStep step;
        switch (element.Name)
        {
            case "authenticate" when negotiation.Sasl2 is null:
                string mechanism = element["mechanism"] ?? string.Empty;
                bool isToken = host.Sasl.Offer(client.SaslContext()).TokenMechanisms.Contains(mechanism, StringComparer.Ordinal);
                negotiation.Sasl2 = Sasl2Request.Read(element, isToken);
                step = negotiation.Sasl2 is { } request
                    ? await sasl.AuthenticateAsync(mechanism, request.Use, element.Child("initial-response") is { } initial ? Data(initial) : default(ReadOnlyMemory<byte>?), cancel).ConfigureAwait(false)
                    : sasl.Refuse(SaslError.MalformedRequest);
                break;
            case "response" when negotiation.Sasl2 is not null:
                step = await sasl.ResponseAsync(Data(element), cancel).ConfigureAwait(false);
                break;
            case "abort":
                step = sasl.Refuse(SaslError.Aborted);
                break;
            case "response":
                step = sasl.Refuse(SaslError.MalformedRequest);
                break;
            default:
                // §2.4: while one is under way there is no other; tasks (§2.6.3) are never asked for.
                client.Fail("not-authorized");
                return;
        }

        if (sasl.Delay > TimeSpan.Zero)
        {
            await Task.Delay(sasl.Delay, host.Hub.Time, cancel).ConfigureAwait(false);
        }

        if (step.Kind == SaslStepKind.Challenge)
        {
            using var xml = new XmlBuilder();
            client.Send(xml.Open("challenge"u8, Ns.Sasl2).Text(Convert.ToBase64String(step.Data ?? [])).Close("challenge"u8));
        }
        else if (step.Kind == SaslStepKind.Success)
        {
            await SucceedAsync(client, step, sasl.Token, negotiation.Sasl2!, cancel).ConfigureAwait(false);
        }
        else
        {
            negotiation.Sasl2 = null;
            Refuse(client, step.Error);
            if (sasl.Failures >= host.Options.MaxSaslAttempts)
            {
                // RFC 6120 §6.4.5: after its last attempt the client must come anew.
                client.Fail("policy-violation", "Too many failed attempts to authenticate.");
            }
        }
    }

    /// <summary>Does what was asked for inside of the authentication (§2.6.1), in the order of XEP-0386 §3.2: resumption first, and only if that fails a new session.</summary>
    private async ValueTask SucceedAsync(C2sStream client, SaslStep step, FastToken? used, Sasl2Request request, CancellationToken cancel)
    {
        string? renew = NewTokenFor(host.Sasl.Offer(client.SaslContext()), used, request);
        client.Continuing(step.Localpart!);
        IssuedToken? token = renew is null ? null : await host.Sasl.IssueTokenAsync(step.Localpart!, request.Agent.Id!.Value, renew, cancel).ConfigureAwait(false);
        using var failed = new XmlBuilder(128);
        if (request.Resume is { } resume)
        {
            ResumeFailure? failure = await management.ResumeAsync(client, resume, session => Frame(session.Jid, step.Data, token), cancel).ConfigureAwait(false);
            if (failure is not { } why || client.State == StreamState.Closed)
            {
                return; // XEP-0198 §9.2: no features follow
            }

            StreamManagementFeature.WriteFailed(failed, why);
        }

        using var xml = new XmlBuilder(1024);
        if (request.Bind is null)
        {
            Begin(xml, new Jid(step.Localpart!, host.Hub.Domain.Domain, string.Empty), step.Data);
            xml.Raw(failed.Written);
            End(xml, token);
            client.Send(xml);
            SendFeatures(client, xml);
            return;
        }

        Session session = bind.Make(client, request);
        Begin(xml, session.Jid, step.Data);
        xml.Raw(failed.Written);
        await bind.WriteBoundAsync(session, request.Bind, xml, cancel).ConfigureAwait(false);
        End(xml, token);
        client.Bound(session);
        // The answer must be the first that the client gets: what is for the new session waits behind it.
        client.Queue.Hold();
        client.Send(xml);
        SendFeatures(client, xml);
        if (!host.Bind(client, session))
        {
            client.NotBound();
            client.Fail("resource-constraint", "The account has as many sessions as it may.");
        }

        client.Queue.Release();
    }

    private static void SendFeatures(C2sStream client, XmlBuilder xml)
    {
        xml.Clear();
        client.WriteFeatures(xml);
        client.Send(xml);
    }

    // XEP-0484 §3.2, §3.5, §3.6: asked for, or due; one that was invalidated is followed by another only if that was asked for.
    private static string? NewTokenFor(SaslOffer offer, FastToken? used, Sasl2Request request)
    {
        if (request.Agent.Id is null)
        {
            return null;
        }

        if (request.NewTokenFor is { } wanted && offer.TokenMechanisms.Contains(wanted, StringComparer.Ordinal))
        {
            return wanted;
        }

        return used is { IsDue: true } && request.Use is { Invalidate: false } ? used.Mechanism : null;
    }

    private static void Begin(XmlBuilder xml, Jid jid, byte[]? data)
    {
        xml.Open("success"u8, Ns.Sasl2);
        if (data is not null)
        {
            xml.Text("additional-data"u8, Convert.ToBase64String(data));
        }

        xml.Text("authorization-identifier"u8, jid.ToString());
    }

    private static void End(XmlBuilder xml, IssuedToken? token)
    {
        if (token is not null)
        {
            xml.Open("token"u8, Ns.Fast).Attribute("expiry"u8, token.Expiry.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            xml.Attribute("token"u8, token.Token).Close("token"u8);
        }

        xml.Close("success"u8);
    }

    // What stands before and behind <resumed/>.
    private static (byte[] Before, byte[] Behind) Frame(Jid jid, byte[]? data, IssuedToken? token)
    {
        using var xml = new XmlBuilder();
        Begin(xml, jid, data);
        int middle = xml.Written.Length;
        End(xml, token);
        byte[] all = xml.ToArray();
        return (all[..middle], all[middle..]);
    }

    private static void WriteMechanisms(XmlBuilder xml, IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            xml.Text("mechanism"u8, name);
        }
    }

    // §2.2 advises against white space around base64, and its own examples have it.
    private static byte[] Data(Element element) => Encoding.UTF8.GetBytes(element.Text.Trim());

    private void Refuse(C2sStream client, SaslError error)
    {
        string name = SaslNegotiation.ElementName(error);
        StreamLog.NotAuthenticated(host.Log, client.Peer, name);
        using var xml = new XmlBuilder();
        client.Send(xml.Open("failure"u8, Ns.Sasl2).Empty(Encoding.UTF8.GetBytes(name), Ns.Sasl).Close("failure"u8));
    }
}
