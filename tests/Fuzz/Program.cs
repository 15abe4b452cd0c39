using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using IotXmpp.Fuzz.Engine;
using IotXmpp.Fuzz.Targets;
using IotXmpp.TestKit;

// One input may take this long; then the run says which it was and ends.
var hang = TimeSpan.FromSeconds(30);
Coverage.Prepare();
if (args.Length == 0 || args[0] is "-h" or "--help")
{
    Console.WriteLine("""
        fuzz TARGET [--minutes N | --inputs N] [--seed N] [--plain]   TARGET or "all"; 1 minute each by default; --plain: branches are not watched
        fuzz TARGET --try 'LINE'                                      tries one input, as a finding shows it
        """);
    foreach (var known in AllTargets.Create())
    {
        Console.WriteLine($"  {known.Name,-12}{known.Holds}");
    }

    return args.Length == 0 ? 2 : 0;
}

string? Option(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

FuzzTarget[] targets = [.. AllTargets.Create().Where(t => args[0] == "all" || t.Name == args[0])];
if (targets.Length == 0)
{
    Console.Error.WriteLine($"there is no target \"{args[0]}\"");
    return 2;
}

if (Option("--try") is { } line)
{
    var error = new FuzzRun(targets[0], 0).Try(Escapes.Read(line));
    Console.WriteLine(error?.ToString() ?? "holds");
    return error is null ? 0 : 1;
}

if (!Coverage.IsInstrumented && !args.Contains("--plain"))
{
    return Coverage.RunCopy(args);
}

var minutes = double.Parse(Option("--minutes") ?? "1", CultureInfo.InvariantCulture);
var inputs = Option("--inputs") is { } count ? long.Parse(count, CultureInfo.InvariantCulture) : long.MaxValue;
var seed = int.Parse(Option("--seed") ?? "1", CultureInfo.InvariantCulture);
var findings = 0;
foreach (var target in targets)
{
    var run = new FuzzRun(target, seed);
    var since = Stopwatch.StartNew();
    var told = TimeSpan.Zero;
    var moved = (Inputs: 0L, At: TimeSpan.Zero);
    using var watch = new Timer(_ =>
    {
        if (run.Inputs != moved.Inputs)
        {
            moved = (run.Inputs, since.Elapsed);
        }
        else if (since.Elapsed - moved.At > hang)
        {
            Console.Error.WriteLine($"{target.Name}: no end after {hang.TotalSeconds} s: {Keep(target.Name, run.Current)}");
            Environment.Exit(1);
        }
    }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    var finding = run.Go(() =>
    {
        if (since.Elapsed - told > TimeSpan.FromSeconds(30))
        {
            told = since.Elapsed;
            Console.WriteLine($"{target.Name}: {run.Inputs:N0} inputs, {run.Kinds:N0} kinds, {Coverage.Branches:N0} branches, {run.Pool:N0} seeds, {since.Elapsed.TotalSeconds:N0} s");
        }

        return run.Inputs < inputs && (inputs != long.MaxValue || since.Elapsed.TotalMinutes < minutes);
    });
    Console.WriteLine($"{target.Name}: {run.Inputs:N0} inputs, {run.Kinds:N0} kinds, {Coverage.Branches:N0} branches, {run.Pool:N0} seeds, {since.Elapsed.TotalSeconds:N0} s: {(finding is null ? "all holds" : "BROKEN")}");
    if (finding is not null)
    {
        findings++;
        Console.WriteLine($"{finding}\n  kept in {Keep(target.Name, finding.Input)}");
    }
}

return findings == 0 ? 0 : 1;

static string Keep(string target, byte[] input)
{
    var folder = Directory.CreateDirectory(Repository.Path("artifacts", "fuzz", target)).FullName;
    var file = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input))[..12] + ".txt");
    File.WriteAllText(file, Escapes.Write(input) + "\n");
    return file;
}
