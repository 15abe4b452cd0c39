using System.Text;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>SASL as RFC 6120 §6 has it; <see cref="Sasl2Feature"/> is the other form.</summary>
internal sealed class SaslFeature(StreamHost host) : IStreamFeature
{
    public string Namespace => Ns.Sasl;

    public void Offer(IClientStream stream, XmlBuilder features)
    {
        if (stream.State != StreamState.Authenticating)
        {
            return;
        }

        features.Open("mechanisms"u8, Ns.Sasl);
        foreach (string mechanism in host.Sasl.Mechanisms(((C2sStream)stream).SaslContext()))
        {
            features.Text("mechanism"u8, mechanism);
        }

        features.Close("mechanisms"u8);
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
                client.Restarting(step.Localpart!);
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
