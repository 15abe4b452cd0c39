using System.Globalization;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Upload;

/// <summary>HTTP File Upload (XEP-0363) at <c>upload.&lt;domain&gt;</c>: gives slots. The files come over HTTP (<see cref="UploadHttp"/>).</summary>
/// <param name="service">The files.</param>
/// <param name="baseUrl">Where clients reach the HTTP side, without a slash at the end.</param>
public sealed class UploadModule(UploadService service, Func<string> baseUrl) : IXmppModule
{
    /// <summary>The service's part of its address.</summary>
    public const string Subdomain = "upload";

    private const string Namespace = "urn:xmpp:http:upload:0";

    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);

    private ITimer? _timer;
    private Func<DateTimeOffset> _now = null!;

    /// <inheritdoc/>
    public string Name => "Upload";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0363", "HTTP File Upload", "1.2.0", "at upload.<domain>; slots are signed, files are kept for a time and within quotas")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        if (!service.Options.Enabled)
        {
            return;
        }

        _now = module.Hub.Time.GetUtcNow;
        module.Component(Subdomain).Identity("store", "file", "HTTP File Upload").Feature(Namespace).Disco(new Limits(service.Options.MaxFileBytes))
            .Iq(StanzaType.Get, "request", Namespace, OnRequest);
        module.Hub.Accounts.Removed += account => _ = service.RemoveAccountAsync(account);
        module.Starting(async cancel =>
        {
            await service.StartAsync(cancel).ConfigureAwait(false);
            _timer = module.Hub.Time.CreateTimer(_ => _ = service.SweepAsync(), null, SweepInterval, SweepInterval);
        });
        module.Stopping(async _ => await (_timer?.DisposeAsync() ?? default).ConfigureAwait(false));
    }

    private async ValueTask<IqReply> OnRequest(IqRequest request, CancellationToken cancel)
    {
        Element asked = request.Payload();
        if (request.Session is null)
        {
            // §9: only who is known may fill the disk.
            return StanzaError.Forbidden;
        }

        string? type = asked["content-type"];
        if (asked["filename"] is not { Length: > 0 } name || !long.TryParse(asked["size"], NumberStyles.None, CultureInfo.InvariantCulture, out long size) || size == 0 || !IsType(type))
        {
            return StanzaError.BadRequest;
        }

        if (size > service.Options.MaxFileBytes)
        {
            using var large = new XmlBuilder();
            large.Open("file-too-large"u8, Namespace).Text("max-file-size"u8, service.Options.MaxFileBytes.ToString(CultureInfo.InvariantCulture)).Close("file-too-large"u8);
            return StanzaError.NotAcceptable.With($"The largest file has {service.Options.MaxFileBytes} bytes.").WithExtension(large.ToArray());
        }

        (SlotOutcome outcome, UploadSlot? slot) = await service.RequestAsync(request.From.Local, name, type, size).ConfigureAwait(false);
        switch (outcome)
        {
            case SlotOutcome.Given:
                string at = baseUrl();
                using (var xml = new XmlBuilder())
                {
                    xml.Open("slot"u8, Namespace).Open("put"u8).Attribute("url"u8, at + slot!.Put).Close("put"u8).Open("get"u8).Attribute("url"u8, at + slot.Get).Close("get"u8).Close("slot"u8);
                    return IqReply.Result(xml);
                }

            case SlotOutcome.AccountFull:
                return StanzaError.ResourceConstraint.With($"An account may keep {service.Options.AccountBytes} bytes.");
            case SlotOutcome.TooManySlots:
                // §8: the client may try again when it has used what it has.
                using (var retry = new XmlBuilder())
                {
                    retry.Open("retry"u8, Namespace).Attribute("stamp"u8, _now().AddSeconds(service.Options.SlotSeconds).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)).Close("retry"u8);
                    return StanzaError.ResourceConstraint.With($"An account may have {service.Options.MaxOpenSlots} open slots.").WithExtension(retry.ToArray());
                }

            default:
                return StanzaError.ResourceConstraint.With("The service keeps as much as it may.");
        }
    }

    // RFC 9110 §8.3.1, such that it can stand in a header.
    private static bool IsType(string? type) => type is null || (type.Length <= 100 && type.Contains('/', StringComparison.Ordinal) && type.All(c => c is > ' ' and < '\x7F' || c == ' '));

    /// <summary>Tells the largest file (§4).</summary>
    private sealed class Limits(long maxFileBytes) : IDiscoProvider
    {
        private readonly byte[] _form = new DataForm(FormType.Result, Namespace).Add(new FormField("max-file-size") { Values = [maxFileBytes.ToString(CultureInfo.InvariantCulture)] }).ToBytes();

        public ValueTask<(bool IsKnown, StanzaError? Error)> InfoAsync(IqRequest request, string? node, DiscoInfo info, CancellationToken cancel)
        {
            if (node is null)
            {
                info.Forms.Add(_form);
            }

            return new((node is null, null));
        }

        public ValueTask<DiscoItems> ItemsAsync(IqRequest request, string? node, CancellationToken cancel) => new(DiscoItems.Unknown);
    }
}
