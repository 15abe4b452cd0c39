using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;

var kind = new Option<string>("--kind") { Required = true, Description = $"What it is: {string.Join(", ", VirtualKind.Names)}, or a part list such as \"dht22 servo led\"." };
var hub = new Option<string>("--hub") { DefaultValueFactory = _ => "xmpps://127.0.0.1:5223", Description = "Where the hub is: xmpps://HOST:PORT, or xmpp://HOST:PORT for STARTTLS." };
var ca = new Option<FileInfo?>("--ca") { Description = "The hub's certificate authority (PEM); without it the system's are trusted." };
var jid = new Option<string>("--jid") { Required = true, Description = "The thing's account, ID@DOMAIN." };
var password = new Option<string?>("--password") { Description = "Its password; without it the environment's IOTXMPP_PASSWORD." };
var count = new Option<int>("--count") { DefaultValueFactory = _ => 1, Description = "How many; with more than one the ids get -1, -2, … and share the password. At most 1,000." };
var interval = new Option<double?>("--interval") { Description = "Seconds between samples." };
var sleep = new Option<int?>("--sleep") { Description = "Seconds that a battery thing sleeps." };
var board = new Option<FileInfo?>("--board") { Description = "A board with its script (JSON) instead of the kind's own." };
var updateKey = new Option<FileInfo?>("--update-key") { Description = "The fleet's update key (iotxmpp firmware key): then it takes updates." };
var duration = new Option<double?>("--for") { Description = "Seconds to run; without it until Ctrl-C. Exit code 1 when a thing has not published by then." };

var root = new RootCommand("Runs virtual things: the firmware of the boards, on a board in memory, against a real hub.") { kind, hub, ca, jid, password, count, interval, sleep, board, updateKey, duration };
root.SetAction(async (parsed, _) =>
{
    try
    {
        return await RunAsync(parsed);
    }
    catch (Exception e) when (e is FormatException or IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
    {
        await Console.Error.WriteLineAsync($"virtual-device: {e.Message}");
        return 2;
    }
});
// Signals are ours: the streams are closed in good order before the end.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

async Task<int> RunAsync(ParseResult parsed)
{
    string address = parsed.GetRequiredValue(jid);
    if (!Jid.TryParse(address, out Jid account) || !account.IsBare)
    {
        throw new FormatException($"\"{address}\" is no account: ID@DOMAIN is expected.");
    }

    int things = parsed.GetValue(count);
    if (things is < 1 or > 1000)
    {
        throw new FormatException("--count is 1 to 1000.");
    }

    string secret = parsed.GetValue(password) ?? Environment.GetEnvironmentVariable("IOTXMPP_PASSWORD")
        ?? throw new FormatException("no password: give --password or set IOTXMPP_PASSWORD.");
    X509Certificate2Collection? authorities = parsed.GetValue(ca) is { } file ? HostOptions.ReadAuthorities(file.FullName) : null;
    await using var fleet = new VirtualFleet();
    fleet.Happened += e => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{e.Time:HH:mm:ss} {e.ThingId} {e.Text}"));
    for (int i = 1; i <= things; i++)
    {
        fleet.Add(new VirtualThingOptions
        {
            Kind = parsed.GetRequiredValue(kind),
            Account = things == 1 ? account : new Jid($"{account.Local}-{i}", account.Domain, ""),
            Password = secret,
            Hub = ServerAddress.Parse(parsed.GetRequiredValue(hub)),
            Authorities = authorities,
            Interval = parsed.GetValue(interval) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            UpdateKey = parsed.GetValue(updateKey) is { } keyFile ? Convert.FromBase64String((await File.ReadAllTextAsync(keyFile.FullName)).Trim()) : null,
            Sleep = parsed.GetValue(sleep) is { } rest ? TimeSpan.FromSeconds(rest) : null,
            Board = parsed.GetValue(board) is { } path ? BoardFile.Parse(await File.ReadAllTextAsync(path.FullName)) : null,
        });
    }

    using var stop = new CancellationTokenSource();
    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    fleet.Start();
    TimeSpan time = parsed.GetValue(duration) is { } limit ? TimeSpan.FromSeconds(limit) : Timeout.InfiniteTimeSpan;
    await Task.Delay(time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    int silent = fleet.Things.Count(thing => !thing.FirstPublished.IsCompletedSuccessfully);
    await fleet.StopAsync();
    if (silent > 0)
    {
        await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"virtual-device: {silent} of {things} did not publish"));
    }

    return silent == 0 ? 0 : 1;

    void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}
