using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Firmware;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp firmware key|sign|push|list|remove</c>: images for updates over the air, signed here and kept by the hub.</summary>
internal static class ImageCommands
{
    /// <summary>Bytes of a piece when the hub says nothing smaller. Default 98,304, what it takes at most.</summary>
    private const int PieceBytes = 98_304;

    public static Command Key()
    {
        var file = new Argument<string?>("FILE") { Description = $"where to (IOTXMPP_UPDATE_KEY; default {UpdateKey.DefaultPath})", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("key", "Make the fleet's update key: it signs images, and things that are flashed with it take no others. Keep it off the hub") { file, json };
        command.SetAction(parsed =>
        {
            string path = Path.GetFullPath(parsed.GetValue(file) ?? UpdateKey.DefaultPath);
            UpdateKey.Create(path);
            var screen = new Screen(parsed.GetValue(json));
            screen.Json(() => new JsonObject { ["event"] = "key", ["file"] = path });
            screen.Line($"{path} (keep a copy in a safe place: without it nothing that was flashed with it can be updated)");
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Sign()
    {
        var file = new Argument<string>("FILE") { Description = "the image: a .pe for boards, a .tar.gz for gateways" };
        var name = new Option<string>("--image") { Description = "its name, such as greenhouse", HelpName = "NAME", Required = true };
        var version = new Option<string>("--version") { Description = "its version, such as 1.5.0", HelpName = "VERSION", Required = true };
        var target = new Option<string>("--target") { Description = "what it runs on: nano, linux-arm64, linux-x64", HelpName = "TARGET", Required = true };
        var downgrade = new Option<bool>("--downgrade") { Description = "it may take the place of a newer one" };
        Option<string?> key = KeyOption();
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("sign", "Sign an image with the fleet's key: writes FILE.json beside it") { file, name, version, target, downgrade, key, json };
        command.SetAction(parsed =>
        {
            string image = parsed.GetValue(file)!;
            ImageManifest made = ImageManifest.Sign(image, parsed.GetValue(name)!, parsed.GetValue(version)!, parsed.GetValue(target)!, parsed.GetValue(downgrade), UpdateKey.Read(parsed.GetValue(key) ?? UpdateKey.DefaultPath));
            made.Write(ImageManifest.PathOf(image));
            var screen = new Screen(parsed.GetValue(json));
            screen.Json(() => JsonOf("signed", made.ToElement("image")));
            screen.Line($"{ImageManifest.PathOf(image)}: {made.Name} {made.Version} for {made.Target}, {made.Size:N0} bytes");
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Push()
    {
        var file = new Argument<string>("FILE") { Description = "the image, with its FILE.json beside it" };
        var command = new Command("push", "Bring a signed image to the hub") { file };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => PushAsync(client, parsed, parsed.GetValue(file)!, cancel));
        return command;
    }

    public static Command List()
    {
        var command = new Command("list", "List the images that the hub has");
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => ListAsync(client, parsed, cancel));
        return command;
    }

    public static Command Remove()
    {
        var name = new Argument<string>("NAME") { Description = "the image's name" };
        var version = new Argument<string>("VERSION") { Description = "its version" };
        var target = new Option<string>("--target") { Description = "what it runs on", HelpName = "TARGET", DefaultValueFactory = _ => "nano" };
        var command = new Command("remove", "Take an image away from the hub") { name, version, target };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            Element remove = new Element(Ns.Ota, "remove").Set("name", parsed.GetValue(name)!).Set("version", parsed.GetValue(version)!).Set("target", parsed.GetValue(target)!);
            await AskAsync(hub, "set", remove, cancel);
            screen.Json(() => JsonOf("removed", remove));
            screen.Line($"{remove.Attribute("name")} {remove.Attribute("version")} for {remove.Attribute("target")} is gone");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The option that names the fleet's key.</summary>
    public static Option<string?> KeyOption() => new("--update-key") { Description = $"the fleet's update key (IOTXMPP_UPDATE_KEY; default {UpdateKey.DefaultPath})", HelpName = "FILE" };

    /// <summary>Asks the hub, and says in one line what it refuses.</summary>
    public static async Task<Element> AskAsync(HubClient hub, string type, Element payload, CancellationToken cancel)
    {
        try
        {
            return await hub.AskAsync(type, hub.Things, payload, cancel);
        }
        catch (StanzaException e) when (e.Error.Condition is "service-unavailable" or "feature-not-implemented" or "remote-server-not-found")
        {
            throw new CliException(ExitCode.Failed, $"{hub.Things} knows no updates ({e.Error.Condition}): the server is no IotXmpp hub, or an older one");
        }
        catch (StanzaException e)
        {
            throw new CliException(Errors.CodeOf(e.Error), Errors.Describe(e.Error).TrimEnd('.'));
        }
    }

    /// <summary>An element's attributes as JSON; numbers as such.</summary>
    public static JsonObject JsonOf(string kind, Element element)
    {
        var json = new JsonObject { ["event"] = kind };
        for (int i = 0; i < element.AttributeCount; i++)
        {
            string value = element.AttributeValueAt(i);
            json[element.AttributeNameAt(i)] = element.AttributeNameAt(i) is not ("version" or "name" or "image") && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : value;
        }

        return json;
    }

    private static async Task<int> PushAsync(ClientArguments client, ParseResult parsed, string file, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        ImageManifest manifest = ImageManifest.Read(ImageManifest.PathOf(file));
        await using FileStream image = ImageManifest.Open(file);
        if (image.Length != manifest.Size)
        {
            throw new CliException(ExitCode.Usage, $"{file} has changed since it was signed; sign it anew: iotxmpp firmware sign");
        }

        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        Element begun = (await AskAsync(hub, "set", manifest.ToElement("image"), cancel)).Child(Ns.Ota, "image") ?? throw new CliException(ExitCode.Failed, $"{hub.Things} gave an answer that is none");
        if (begun.Attribute("upload") is { } upload)
        {
            int most = int.TryParse(begun.Attribute("piece"), NumberStyles.None, CultureInfo.InvariantCulture, out int piece) ? Math.Min(piece, PieceBytes) : PieceBytes;
            byte[] buffer = new byte[most];
            using Progress progress = Screen.Wait($"bringing {manifest.Size:N0} bytes");
            for (long at = 0; at < manifest.Size;)
            {
                int count = await image.ReadAtLeastAsync(buffer, (int)Math.Min(most, manifest.Size - at), throwOnEndOfStream: true, cancel);
                var data = new Element(Ns.Ota, "data").Set("upload", upload).Set("offset", at.ToString(CultureInfo.InvariantCulture));
                data.Text = Convert.ToBase64String(buffer, 0, count);
                await AskAsync(hub, "set", data, cancel);
                at += count;
            }
        }

        screen.Json(() => JsonOf("pushed", manifest.ToElement("image")));
        screen.Line($"{manifest.Name} {manifest.Version} for {manifest.Target} is at the hub{(begun.Attribute("upload") is null ? " already" : string.Empty)}");
        return ExitCode.Ok;
    }

    private static async Task<int> ListAsync(ClientArguments client, ParseResult parsed, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        Element answer = await AskAsync(hub, "get", new Element(Ns.Ota, "images"), cancel);
        var rows = new List<(string, string?)[]>();
        foreach (Element image in answer.Child(Ns.Ota, "images")?.Children() ?? [])
        {
            screen.Json(() => JsonOf("image", image));
            rows.Add([(image.Attribute("name") ?? "", "bold"), (image.Attribute("version") ?? "", null), (image.Attribute("target") ?? "", null), (image.Attribute("size") ?? "", null), (image.Attribute("added") ?? "", "dim"), (image.Attribute("by") ?? "", "dim")]);
        }

        if (!screen.IsJson)
        {
            if (rows.Count == 0)
            {
                screen.Line("The hub has no images; iotxmpp firmware push brings one.");
            }
            else
            {
                screen.Table(["IMAGE", "VERSION", "TARGET", "BYTES", "SINCE", "BY"], rows);
            }
        }

        return ExitCode.Ok;
    }
}
