using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Updates of things (<c>urn:iotxmpp:ota:1</c>) at <c>things.&lt;domain&gt;</c>: images, roll-outs, and the pieces that things fetch. Stands behind Registry and Liveness in <c>HubModules</c>.</summary>
/// <param name="database">Where images and roll-outs are kept.</param>
/// <param name="folder">Where the bytes of images lie.</param>
/// <param name="access">Who may maintain which thing.</param>
/// <param name="groups">Groups of things.</param>
/// <param name="registry">The things.</param>
/// <param name="things">Tells when one is forgotten.</param>
/// <param name="liveness">How they are.</param>
/// <param name="operators">Accounts (localparts) that may bring images beside the administrators.</param>
public sealed class FirmwareModule(ISqlDatabase database, string folder, ThingAccess access, AccessModule groups, RegistryStore registry, RegistryModule things, LivenessModule liveness, string[] operators) : IXmppModule
{
    /// <summary>Roll-outs in one answer (50), the newest.</summary>
    private const int MaxRollouts = 50;

    private IHub _hub = null!;
    private FirmwareOptions _options = null!;
    private FirmwareUploads _uploads = null!;

    /// <inheritdoc/>
    public string Name => "Firmware";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The images; after <see cref="Register"/>.</summary>
    public FirmwareService Images { get; private set; } = null!;

    /// <summary>The roll-outs; after <see cref="Register"/>.</summary>
    public RolloutService Rollouts { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _options = module.Options<FirmwareOptions>("Firmware");
        ILogger log = _hub.Loggers.CreateLogger<FirmwareModule>();
        var service = new Jid(string.Empty, RegistryModule.Subdomain + "." + _hub.Domain.Domain, string.Empty);
        Images = new FirmwareService(new FirmwareStore(database), _options, folder, MayManageAsync, _hub.Time, log)
        {
            MaintainsAny = async (who, cancel) => (await access.ThingsAsync(who, ThingRight.Maintain, cancel).ConfigureAwait(false)).Count > 0,
        };
        Rollouts = new RolloutService(
            new RolloutStore(database),
            Images,
            _options,
            new RolloutSurroundings
            {
                MayMaintain = (who, thing, cancel) => access.MayAsync(who, thing, ThingRight.Maintain, null, cancel),
                WhyNot = async (thing, cancel) => await registry.FindAsync(thing, cancel).ConfigureAwait(false) switch
                {
                    null => "has no session of its own: it takes no updates",
                    { IsBehindGateway: true } node => $"is behind {node.Account}, which passes no images on: it takes no updates from here",
                    _ => null,
                },
                ThingsOf = async (who, group, cancel) => groups.Groups is { } all && await all.FindAsync(who, group, cancel).ConfigureAwait(false) is { } found
                    ? [.. found.Things.Keys.Order(StringComparer.Ordinal)]
                    : null,
                IsSame = _hub.Accounts.IsSameAsync,
                IsThere = thing => liveness.Service?.Find(thing) is { IsOnline: true },
                VersionOf = thing => liveness.Service?.Find(thing)?.Status.Firmware ?? "",
                Contact = new UpdateContact(_hub, service, _options),
            },
            _hub.Time,
            log);
        _uploads = new FirmwareUploads(Images, _hub.Time);
        module.Component(RegistryModule.Subdomain).Feature(Ns.Ota)
            .Iq(StanzaType.Get, "chunk", Ns.Ota, ChunkAsync)
            .Iq(StanzaType.Set, "progress", Ns.Ota, ProgressAsync)
            .Iq(StanzaType.Get, "images", Ns.Ota, ImagesAsync)
            .Iq(StanzaType.Set, "image", Ns.Ota, BeginAsync)
            .Iq(StanzaType.Set, "data", Ns.Ota, DataAsync)
            .Iq(StanzaType.Set, "remove", Ns.Ota, RemoveAsync)
            .Iq(StanzaType.Get, "rollouts", Ns.Ota, ListAsync)
            .Iq(StanzaType.Get, "rollout", Ns.Ota, ShowAsync)
            .Iq(StanzaType.Set, "rollout", Ns.Ota, ChangeAsync);
        things.Provisioning.Forgetting += thing => Rollouts.ForgetAsync(thing.Id);
        module.Starting(async cancel =>
        {
            if (liveness.Service is { } states)
            {
                states.Changed += (_, _) => Rollouts.Wake();
            }

            await Images.StartAsync(cancel).ConfigureAwait(false);
            await Rollouts.StartAsync(cancel).ConfigureAwait(false);
        });
        module.Stopping(async _ =>
        {
            _uploads.Dispose();
            await Rollouts.DisposeAsync().ConfigureAwait(false);
            Images.Dispose();
        });
    }

    private async ValueTask<bool> MayManageAsync(Jid who) =>
        await _hub.Accounts.IsAdministratorAsync(who.Bare).ConfigureAwait(false) || (who.Domain == _hub.Domain.Domain && Array.Exists(operators, o => o == who.Local));

    private bool IsThing(Jid from) => from.Domain == _hub.Domain.Domain && from.Resource == "thing";

    // The hot path of an update: one look in memory, one read of the file, no copy but into base64.
    private ValueTask<IqReply> ChunkAsync(IqRequest request, CancellationToken cancel)
    {
        Element chunk = request.Payload();
        if (!long.TryParse(chunk["offset"], NumberStyles.None, CultureInfo.InvariantCulture, out long offset) || !int.TryParse(chunk["length"], NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length == 0)
        {
            return (IqReply)StanzaError.BadRequest;
        }

        if (!IsThing(request.From) || Rollouts.Fetching(request.From.Local, chunk["id"] ?? "", offset) is not { } image)
        {
            return (IqReply)StanzaError.ItemNotFound.With("Nothing of that id is offered to you.");
        }

        if (length > _options.MaxChunkBytes || offset + length > image.Size)
        {
            return (IqReply)(length > _options.MaxChunkBytes ? StanzaError.PolicyViolation.With("A piece has at most Firmware:MaxChunkBytes.") : StanzaError.BadRequest);
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(Base64.GetMaxEncodedToUtf8Length(length));
        try
        {
            if (Images.Read(image.Image, offset, buffer.AsSpan(0, length)) != length)
            {
                return (IqReply)StanzaError.InternalServerError;
            }

            Base64.EncodeToUtf8InPlace(buffer, length, out int written);
            using var xml = new XmlBuilder(written + 128);
            xml.Open("chunk"u8, Ns.Ota).Attribute("id"u8, chunk["id"]).Attribute("offset"u8, offset).Raw(buffer.AsSpan(0, written)).Close("chunk"u8);
            return IqReply.Result(xml);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<IqReply> ProgressAsync(IqRequest request, CancellationToken cancel)
    {
        Element progress = request.Payload();
        if (progress["state"] is not ("downloading" or "verified" or "restarting" or "trial" or "confirmed" or "failed" or "reverted"))
        {
            return StanzaError.BadRequest;
        }

        var report = new UpdateReport(progress["id"] ?? "", progress["state"]!, FirmwareXml.Plain(progress["reason"] ?? ""));
        return IsThing(request.From) && await Rollouts.ReportAsync(request.From.Local, report, cancel).ConfigureAwait(false) ? IqReply.Empty : StanzaError.ItemNotFound;
    }

    private async ValueTask<IqReply> ImagesAsync(IqRequest request, CancellationToken cancel)
    {
        if (await Images.ChoiceAsync(request.From, cancel).ConfigureAwait(false) is not { } images)
        {
            return FirmwareXml.Error(FirmwareOutcome.Forbidden);
        }

        using var xml = new XmlBuilder();
        xml.Open("images"u8, Ns.Ota);
        foreach (FirmwareImage image in images)
        {
            FirmwareXml.WriteImage(xml, image);
        }

        return IqReply.Result(xml.Close("images"u8));
    }

    private async ValueTask<IqReply> BeginAsync(IqRequest request, CancellationToken cancel)
    {
        FirmwareManifest manifest = FirmwareXml.ReadManifest(request.Payload());
        FirmwareOutcome may = await Images.CheckAsync(request.From, manifest, cancel).ConfigureAwait(false);
        if (may != FirmwareOutcome.Done)
        {
            return FirmwareXml.Error(may);
        }

        using var xml = new XmlBuilder();
        if (await Images.FindAsync(manifest.Name, manifest.Version, manifest.Target, cancel).ConfigureAwait(false) is { } image)
        {
            FirmwareXml.WriteImage(xml, image);
            return IqReply.Result(xml);
        }

        return _uploads.Begin(request.From, manifest) is { } upload
            ? IqReply.Result(xml.Open("image"u8, Ns.Ota).Attribute("upload"u8, upload).Attribute("piece"u8, FirmwareUploads.MaxPiece).Close("image"u8))
            : StanzaError.ResourceConstraint.With("You have as many uploads open as you may (Firmware:MaxUploads).");
    }

    private async ValueTask<IqReply> DataAsync(IqRequest request, CancellationToken cancel)
    {
        Element data = request.Payload();
        string text = data.Text;
        byte[] piece = new byte[FirmwareUploads.MaxPiece];
        if (!long.TryParse(data["offset"], NumberStyles.None, CultureInfo.InvariantCulture, out long offset) || !Convert.TryFromBase64String(text, piece, out int count) || count == 0)
        {
            return StanzaError.BadRequest.With("A piece is base64 of at most 98,304 bytes, and says where it begins.");
        }

        (PieceOutcome outcome, FirmwareOutcome whole, FirmwareImage? image) = await _uploads.PutAsync(request.From, data["upload"] ?? "", offset, piece.AsMemory(0, count), cancel).ConfigureAwait(false);
        switch (outcome)
        {
            case PieceOutcome.Taken:
                return IqReply.Empty;
            case PieceOutcome.NotFound:
                return StanzaError.ItemNotFound;
            case PieceOutcome.WrongPlace:
                return StanzaError.UnexpectedRequest.With("Pieces follow each other without gaps.");
            default:
                if (image is null)
                {
                    return FirmwareXml.Error(whole);
                }

                using (var xml = new XmlBuilder())
                {
                    FirmwareXml.WriteImage(xml, image);
                    return IqReply.Result(xml);
                }
        }
    }

    private async ValueTask<IqReply> RemoveAsync(IqRequest request, CancellationToken cancel)
    {
        Element remove = request.Payload();
        if (!await Images.MayManageAsync(request.From).ConfigureAwait(false))
        {
            return FirmwareXml.Error(FirmwareOutcome.Forbidden);
        }

        FirmwareImage? image = await Images.FindAsync(remove["name"] ?? "", remove["version"] ?? "", remove["target"] ?? "", cancel).ConfigureAwait(false);
        FirmwareOutcome outcome = image is null ? FirmwareOutcome.NotFound : await Images.RemoveAsync(request.From, image.Id).ConfigureAwait(false);
        return outcome == FirmwareOutcome.Done ? IqReply.Empty : FirmwareXml.Error(outcome);
    }

    private async ValueTask<IqReply> ListAsync(IqRequest request, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        xml.Open("rollouts"u8, Ns.Ota);
        foreach (Rollout rollout in await Rollouts.ListAsync(request.From, MaxRollouts, cancel).ConfigureAwait(false))
        {
            FirmwareXml.WriteRollout(xml, rollout, withThings: false);
        }

        return IqReply.Result(xml.Close("rollouts"u8));
    }

    private async ValueTask<IqReply> ShowAsync(IqRequest request, CancellationToken cancel) =>
        TryId(request.Payload()["id"], out long id) && await Rollouts.FindAsync(request.From, id, cancel).ConfigureAwait(false) is { } rollout ? Shown(rollout) : StanzaError.ItemNotFound;

    private async ValueTask<IqReply> ChangeAsync(IqRequest request, CancellationToken cancel)
    {
        Element asked = request.Payload();
        RolloutResult result;
        if (asked["id"] is { } text)
        {
            RolloutState? state = asked["action"] switch { "pause" => RolloutState.Paused, "resume" => RolloutState.Running, "cancel" => RolloutState.Cancelled, _ => null };
            if (state is null)
            {
                return StanzaError.BadRequest.With("action is pause, resume or cancel.");
            }

            result = TryId(text, out long id) ? await Rollouts.BecomeAsync(request.From, id, state.Value, cancel).ConfigureAwait(false) : new(RolloutOutcome.NotFound);
        }
        else
        {
            if (FirmwareXml.ReadPlan(asked) is not { } plan)
            {
                return StanzaError.BadRequest.With("A number of the plan is none.");
            }

            FirmwareImage? image = await Images.FindAsync(asked["image"] ?? "", asked["version"] ?? "", asked["target"] ?? "", cancel).ConfigureAwait(false);
            result = await Rollouts.StartAsync(request.From, image?.Id ?? "", plan, cancel).ConfigureAwait(false);
        }

        return result is { Outcome: RolloutOutcome.Done, Rollout: { } rollout } ? Shown(rollout) : FirmwareXml.Error(result);
    }

    private static bool TryId(string? text, out long id) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id);

    // What does not fit a stanza is told without its things: REST pages through them.
    private static IqReply Shown(Rollout rollout)
    {
        using var xml = new XmlBuilder();
        FirmwareXml.WriteRollout(xml, rollout, withThings: rollout.Things.Count <= 500);
        return IqReply.Result(xml);
    }
}
