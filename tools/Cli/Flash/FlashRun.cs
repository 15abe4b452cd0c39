using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Boards;
using IotXmpp.Cli.Flash.Nanoff;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Cli.Serial;
using IotXmpp.Esp32;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Flash;

/// <summary>
/// From a bare board to a thing that is online. What can fail without leaving anything behind comes first: port, tool, hub, chip, build; then the account, whose name may be taken; then
/// runtime, firmware and settings; then the wait.
/// </summary>
internal sealed class FlashRun(FlashWish wish, Login login, IProcessRunner runner, string nanoffProgram, TimeSpan answerLimit, Screen screen)
{
    private readonly System.Diagnostics.Stopwatch _clock = System.Diagnostics.Stopwatch.StartNew();

    private string Target => wish.Target ?? wish.Board.Nano!.Target;

    private Action<string>? ToolLine => wish.Verbose ? line => Screen.Note("    " + line) : null;

    /// <summary>Does it all.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        HubAddress address = HubAddress.Of(wish.HubAddress, login.Server, HubAddress.OwnAddresses());
        byte[] authority = BoardFiles.AuthorityOf(login);
        BoardConfig config = BoardFiles.ConfigOf(wish, login.Account, address, wish.Owner ?? login.Account.ToString());
        string? root = wish.Image is null && !wish.SettingsOnly && !wish.Improv ? FirmwareBuild.NeedRoot() : null;
        SerialPorts.Check(wish.Port);
        NanoffTool? nanoff = wish.Improv ? null : await NanoffTool.FindAsync(runner, nanoffProgram, ToolLine, cancel);
        var wait = new OnlineWait(wish.Thing);
        await using HubClient hub = await HubClient.ConnectAsync(login, answerLimit, available: true, cancel, wait.Attach);
        Step("hub", $"{login.Server} as {login.Account}; the board will find it at {address}");
        if (await address.TryAsync(cancel) is { } unreachable)
        {
            if (!address.Given)
            {
                throw new CliException(ExitCode.Unreachable, unreachable);
            }

            Screen.Error($"from here, {unreachable}; going on, because the board may see more");
        }

        bool isBare = nanoff is not null && !wish.SettingsOnly;
        string image = isBare ? await PrepareAsync(nanoff!, root, cancel) : string.Empty;
        DeviceKey key = BoardFiles.NewKey();
        ProvisionedThing thing = await ThingProvisioning.RunAsync(hub, wish.Thing, wish.Owner, wish.Board.Board, key, cancel);
        Step("account", $"{thing.Jid}, with keys of its own{(thing.Claim.Length > 0 ? $"; claim {thing.Claim}" : string.Empty)}");
        if (isBare)
        {
            await ProgramAsync(nanoff!, image, cancel);
        }

        await wait.BeginAsync(hub, cancel);
        // A thing that the hub has just made knows its own label; another one has one that the hub does not tell again.
        key.Claim = thing.Claim;
        key.Update = wish.UpdateKey;
        var files = new BoardFiles(config.Write(), key.Write(), authority);
        if (nanoff is not null)
        {
            await SettleAsync(nanoff, files, cancel);
        }
        else
        {
            await ImprovSession.SettleAsync(wish, files, Step, cancel);
        }

        return wish.Wait ? await WaitAsync(wait, address, cancel) : Done("written; the board starts by itself");
    }

    // Nothing is written yet: the chip is asked, the firmware built.
    private async Task<string> PrepareAsync(NanoffTool nanoff, string? root, CancellationToken cancel)
    {
        using (Progress progress = Screen.Wait("asking the chip what it is"))
        {
            ChipDetails? chip = await nanoff.DetailsAsync(Target, wish.Port, cancel);
            if (chip is not null && chip.Type != wish.Board.Nano!.ChipFamily)
            {
                string[] fit = [.. BoardPinout.All.Where(b => b.Nano?.ChipFamily == chip.Type).Select(b => b.Board)];
                throw new CliException(
                    ExitCode.Failed, $"the chip at {wish.Port} is an {chip.Name}, and {wish.Board.Board} has an {wish.Board.Nano!.ChipFamily}; nothing was written; {(fit.Length > 0 ? $"--board {string.Join(" or ", fit)} is right" : "no board that iotxmpp knows has this chip (iotxmpp board list)")}");
            }

            Step("chip", chip is null ? "did not say what it is" : $"{chip.Name}{(chip.Mac.Length > 0 ? $", {chip.Mac}" : string.Empty)} at {wish.Port}, by {nanoff.What}");
        }

        string image = wish.Image ?? string.Empty;
        if (root is not null)
        {
            using Progress progress = Screen.Wait("building the firmware");
            image = await FirmwareBuild.RunAsync(runner, root, FirmwareBuild.PropertiesOf(wish.Board), ToolLine, cancel);
        }

        long bytes = new FileInfo(image).Length;
        int most = wish.Board.Nano!.DeployBytes;
        if (most > 0 && bytes > most)
        {
            throw new CliException(ExitCode.Failed, $"the firmware has {bytes:N0} bytes and {wish.Board.Board} has room for {most:N0}; nothing was written");
        }

        Step("firmware", $"{image}, {bytes:N0} bytes");
        return image;
    }

    private async Task ProgramAsync(NanoffTool nanoff, string image, CancellationToken cancel)
    {
        using (Progress progress = Screen.Wait($"writing the runtime {Target}"))
        {
            await nanoff.UpdateAsync(Target, wish.Port, cancel);
        }

        Step("runtime", $"{Target} written");
        using (Progress progress = Screen.Wait("writing the firmware"))
        {
            await nanoff.DeployAsync(Target, wish.Port, image, KnownBoards.Hex(wish.Board.Nano!.DeployAddress), cancel);
        }

        Step("firmware", $"written at {KnownBoards.Hex(wish.Board.Nano.DeployAddress)}");
    }

    private async Task SettleAsync(NanoffTool nanoff, BoardFiles files, CancellationToken cancel)
    {
        using PrivateFolder folder = PrivateFolder.Create();
        using Progress progress = Screen.Wait("writing the settings");
        string network = folder.Write("network.json", Encoding.UTF8.GetBytes(NanoffFiles.Network(wish.Port, wish.Ssid, wish.Password)));
        await nanoff.NetworkAsync(wish.Port, network, cancel);
        List<(string Destination, string Source)> sources = [.. files.All.Select(f => (f.Destination, folder.Write(f.Destination[(f.Destination.LastIndexOf('\\') + 1)..], f.Bytes)))];
        string json = folder.Write("files.json", Encoding.UTF8.GetBytes(NanoffFiles.Files(wish.Port, sources)));
        await nanoff.FilesAsync(wish.Port, json, [.. sources.Select(s => s.Destination)], cancel);
        Step("settings", $"Wi-Fi {wish.Ssid}, {string.Join(", ", sources.Select(s => s.Destination))} written");
    }

    private async Task<int> WaitAsync(OnlineWait wait, HubAddress address, CancellationToken cancel)
    {
        var watch = new BoardWatch(wish, address, (words, style) =>
        {
            screen.Json(() => new JsonObject { ["event"] = "board", ["text"] = words });
            screen.Line(("  ", null), (words, style ?? "dim"));
        });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        ISerialPort port = SerialPorts.Open(wish.Port);
        if (!wish.Improv && !await BoardReset.RunAsync(port, TimeProvider.System, cancel))
        {
            Screen.Note($"{wish.Port} has no reset line: press the board's reset button now.");
        }

        Task listening = watch.ListenAsync(port, () => SerialPorts.Open(wish.Port), TimeProvider.System, end.Token);
        string words;
        try
        {
            words = await WaitAsync(wait, watch, cancel);
        }
        finally
        {
            await end.CancelAsync();
            await listening;
        }

        return Done(words); // the last line, whatever the board goes on saying
    }

    private async Task<string> WaitAsync(OnlineWait wait, BoardWatch watch, CancellationToken cancel)
    {
        using Progress progress = Screen.Wait($"waiting for {wish.Thing} to come online");
        Task limit = Task.Delay(wish.OnlineLimit, cancel);
        Task first = await Task.WhenAny(wait.Online, watch.Failed, limit);
        cancel.ThrowIfCancellationRequested();
        if (first == watch.Failed)
        {
            throw await watch.Failed;
        }

        if (first == limit)
        {
            throw new CliException(
                ExitCode.TimedOut, $"{wish.Thing} did not come online within {Words.Span(wish.OnlineLimit)}; the last that is known: {watch.Last}; see what it does with: iotxmpp monitor --port {wish.Port} --reset");
        }

        ThingView thing = await wait.Online;
        screen.Json(() => thing.ToJson("presence"));
        Step("online", $"{thing.Jid.Bare}{(thing.Details().Length > 0 ? $": {thing.Details()}" : string.Empty)}");
        progress.Say($"waiting for the first sample of {wish.Thing}");
        first = await Task.WhenAny(wait.Sample, limit);
        cancel.ThrowIfCancellationRequested();
        if (first == limit)
        {
            throw new CliException(ExitCode.TimedOut, $"{wish.Thing} is online and has sent no sample within {Words.Span(wish.OnlineLimit)}; is the sensor wired as hardware/Boards/{wish.Board.Board} shows? {watch.Last}");
        }

        ThingSample sample = await wait.Sample;
        screen.Json(() => sample.ToJson("sample", wish.Thing));
        Step("sample", sample.Text);
        return $"online after {Words.Span(_clock.Elapsed)}{(wish.Parts.Length == 0 ? "; nothing is wired to it yet: name its parts with --parts and --settings-only" : string.Empty)}";
    }

    private int Done(string words)
    {
        screen.Json(() => new JsonObject { ["event"] = "flashed", ["thing"] = wish.Thing, ["board"] = wish.Board.Board, ["port"] = wish.Port, ["seconds"] = Math.Round(_clock.Elapsed.TotalSeconds, 1) });
        screen.Line((wish.Thing, "bold"), ($" is {words}. Next: iotxmpp watch {wish.Thing} · iotxmpp monitor --port {wish.Port}", "green"));
        return ExitCode.Ok;
    }

    private void Step(string name, string words)
    {
        screen.Json(() => new JsonObject { ["event"] = "step", ["step"] = name, ["text"] = words });
        screen.Line((name.PadRight(10), "bold"), (words, null));
    }
}
