using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>STARTTLS (RFC 6120 §5): required unless the settings allow a peer on loopback to go without.</summary>
internal sealed class StartTlsFeature(bool isPossible) : IStreamFeature
{
    public string Namespace => Ns.Tls;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (isPossible && !stream.IsEncrypted && stream.Account is null)
        {
            features.Open("starttls"u8, Ns.Tls);
            if (stream.State == StreamState.Securing)
            {
                features.Empty("required"u8);
            }

            features.Close("starttls"u8);
        }
    }

    public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        if (!isPossible || stream.IsEncrypted || stream.Account is not null || element.Name != "starttls")
        {
            // RFC 6120 §5.4.2.2: failure ends the stream.
            stream.Send(xml.Empty("failure"u8, Ns.Tls).Raw("</stream:stream>"u8));
            ((C2sStream)stream).Close();
            return default;
        }

        stream.Send(xml.Empty("proceed"u8, Ns.Tls));
        ((C2sStream)stream).BeginTls();
        return default;
    }
}

/// <summary>SASL (RFC 6120 §6).</summary>
internal sealed class SaslFeature(StreamHost host) : IStreamFeature
{
    public string Namespace => Ns.Sasl;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (stream.State != StreamState.Authenticating)
        {
            return;
        }

        SaslContext context = ((C2sStream)stream).SaslContext();
        features.Open("mechanisms"u8, Ns.Sasl);
        foreach (string mechanism in host.Sasl.Mechanisms(context))
        {
            features.Text("mechanism"u8, mechanism);
        }

        features.Close("mechanisms"u8);
        IReadOnlyList<string> bindings = host.Sasl.ChannelBindings(context);
        if (bindings.Count > 0)
        {
            // XEP-0440: a client that knows only one kind of binding would fail with -PLUS where it is another.
            features.Open("sasl-channel-binding"u8, "urn:xmpp:sasl-cb:0");
            foreach (string binding in bindings)
            {
                features.Open("channel-binding"u8).Attribute("type"u8, binding).Close("channel-binding"u8);
            }

            features.Close("sasl-channel-binding"u8);
        }
    }

    public async ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel)
    {
        var client = (C2sStream)stream;
        if (stream.State == StreamState.Securing)
        {
            Fail(client, SaslError.EncryptionRequired);
            return;
        }

        if (stream.State != StreamState.Authenticating)
        {
            client.Fail("not-authorized");
            return;
        }

        SaslNegotiation sasl = client.Sasl;
        byte[] text = Encoding.UTF8.GetBytes(element.Text);
        SaslStep step;
        switch (element.Name)
        {
            case "auth":
                step = await sasl.AuthAsync(element["mechanism"] ?? string.Empty, text, cancel).ConfigureAwait(false);
                break;
            case "response":
                step = await sasl.ResponseAsync(text, cancel).ConfigureAwait(false);
                break;
            case "abort":
                step = sasl.Abort();
                break;
            default:
                client.Fail("unsupported-stanza-type");
                return;
        }

        if (sasl.Delay > TimeSpan.Zero)
        {
            await Task.Delay(sasl.Delay, host.Hub.Time, cancel).ConfigureAwait(false);
        }

        using var xml = new XmlBuilder();
        switch (step.Kind)
        {
            case SaslStepKind.Challenge:
                client.Send(xml.Open("challenge"u8, Ns.Sasl).Text(Convert.ToBase64String(step.Data ?? [])).Close("challenge"u8));
                break;
            case SaslStepKind.Success:
                xml.Open("success"u8, Ns.Sasl);
                if (step.Data is { } data)
                {
                    xml.Text(data.Length == 0 ? "=" : Convert.ToBase64String(data));
                }

                client.Send(xml.Close("success"u8));
                client.Authenticated(step.Localpart!);
                break;
            default:
                Fail(client, step.Error);
                if (sasl.Failures >= host.Options.MaxSaslAttempts)
                {
                    // RFC 6120 §6.4.5: after its last attempt the client must come anew.
                    client.Fail("policy-violation", "Too many failed attempts to authenticate.");
                }

                break;
        }
    }

    private void Fail(C2sStream client, SaslError error)
    {
        string name = SaslNegotiation.ElementName(error);
        StreamLog.NotAuthenticated(host.Log, client.Peer, name);
        using var xml = new XmlBuilder();
        client.Send(xml.Open("failure"u8, Ns.Sasl).Empty(Encoding.UTF8.GetBytes(name)).Close("failure"u8));
    }
}

/// <summary>Resource binding (RFC 6120 §7), and the session request of RFC 3921, which has meant nothing since.</summary>
internal sealed class BindFeature(StreamHost host) : IStreamFeature
{
    public string Namespace => Ns.Bind;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (stream.State == StreamState.Binding)
        {
            features.Empty("bind"u8, Ns.Bind);
            features.Open("session"u8, Ns.Session).Empty("optional"u8).Close("session"u8);
        }
    }

    public ValueTask HandleAsync(IClientStream stream, Element element, CancellationToken cancel)
    {
        var client = (C2sStream)stream;
        string? id = element["id"];
        if (element.Name != "iq" || stream.State != StreamState.Binding)
        {
            client.Fail("unsupported-stanza-type");
            return default;
        }

        Element? bind = element.Child("bind", Ns.Bind);
        string wanted = bind?.Child("resource")?.Text ?? string.Empty;
        if (id is null || element["type"] != "set" || bind is null)
        {
            Refuse(client, id, StanzaError.BadRequest);
            return default;
        }

        string? resource;
        if (wanted.Length == 0)
        {
            resource = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        }
        else if (!JidPrep.TryResourcepart(wanted, out resource))
        {
            // RFC 6120 §7.7.2.1.
            Refuse(client, id, StanzaError.BadRequest);
            return default;
        }

        var jid = new Jid(client.Account!, host.Hub.Domain.Domain, resource);
        if (host.Options.ConflictPolicy == "rename-new" && host.Hub.Sessions.TryGet(jid, out _))
        {
            jid = jid.WithResource(resource + "-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)));
        }

        // The answer must be the first that the client gets: what Opened handlers send waits behind it.
        client.Queue.Hold();
        using var xml = new XmlBuilder();
        xml.Open("iq"u8).Attribute("type"u8, "result"u8).Attribute("id"u8, id).Open("bind"u8, Ns.Bind).Open("jid"u8);
        client.Send(xml.Text(jid.ToString()).Close("jid"u8).Close("bind"u8).Close("iq"u8));
        if (host.Bind(client, jid) is null)
        {
            client.Queue.Forget();
            client.Queue.Release();
            Refuse(client, id, StanzaError.ResourceConstraint);
            return default;
        }

        client.Queue.Release();
        return default;
    }

    private static void Refuse(C2sStream client, string? id, StanzaError error)
    {
        using var xml = new XmlBuilder();
        xml.Open("iq"u8).Attribute("type"u8, "error"u8).Attribute("id"u8, id);
        error.WriteTo(xml);
        client.Send(xml.Close("iq"u8));
    }
}

/// <summary>Stream management (XEP-0198).</summary>
internal sealed class StreamManagementFeature(StreamHost host) : IStreamFeature
{
    public string Namespace => Ns.StreamManagement;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (stream.State == StreamState.Binding)
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
                await ResumeAsync(client, element, cancel).ConfigureAwait(false);
                break;
            default:
                Fail(client, "unexpected-request");
                break;
        }
    }

    private static void Acknowledge(C2sStream client, StreamManagement management, string? h)
    {
        if (!uint.TryParse(h, out uint handled))
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
        if (client.State != StreamState.Bound || client.Session!.Management is not null)
        {
            Fail(client, "unexpected-request");
            return;
        }

        bool resume = element["resume"] is "true" or "1" && host.Options.ResumeSeconds > 0;
        var management = new StreamManagement(Convert.ToBase64String(RandomNumberGenerator.GetBytes(18)), resume, host.Options);
        using var xml = new XmlBuilder();
        xml.Open("enabled"u8, Ns.StreamManagement);
        if (resume)
        {
            xml.Attribute("id"u8, management.Id).Attribute("resume"u8, "true"u8).Attribute("max"u8, host.Options.ResumeSeconds);
        }

        client.Queue.Hold();
        client.Send(xml.Close("enabled"u8));
        host.Manage(client.Session, management);
        client.Queue.Release();
    }

    private async ValueTask ResumeAsync(C2sStream client, Element element, CancellationToken cancel)
    {
        if (client.State != StreamState.Binding || element["previd"] is not { } id || !uint.TryParse(element["h"], out uint handled))
        {
            Fail(client, "unexpected-request");
            return;
        }

        Session? session = host.Resumable(id, client.Account!);
        if (session?.Management is not { } management)
        {
            Fail(client, "item-not-found");
            return;
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
                Fail(client, "unexpected-request");
                return;
            }
        }

        if (session.EndReason is not null)
        {
            Fail(client, "item-not-found");
            return;
        }

        if (!management.Resume(handled, session, client.Queue, client))
        {
            Fail(client, "unexpected-request");
            return;
        }

        client.Bound(session);
        StreamLog.Bound(host.Log, session.Jid, client.Peer, client.IsEncrypted);
        host.OnResumed(session);
    }

    private static void Fail(C2sStream client, string condition)
    {
        using var xml = new XmlBuilder();
        client.Send(xml.Open("failed"u8, Ns.StreamManagement).Empty(Encoding.UTF8.GetBytes(condition), Ns.StanzaErrors).Close("failed"u8));
    }
}
