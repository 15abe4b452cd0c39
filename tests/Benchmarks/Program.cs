using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using IotXmpp.Benchmarks;

// table FILE: the comparison's table; anything else is BenchmarkDotNet's own command line (--filter '*', --list flat, …).
if (args is ["table", var file])
{
    return ResultTable.Print(file, Console.Out);
}

// publish [publishers] [seconds] [subscribers]: the cost of durable writes and publications.
if (args is ["publish", ..])
{
    return await DurablePublish.RunAsync(args[1..]);
}

// history [things] [seconds]: telemetry by sample, on disk and out of it.
if (args is ["history", ..])
{
    return await TelemetryHistory.RunAsync(args[1..]);
}

// archive [messages] [in flight] [accounts]: the cost of messages that two archives keep.
if (args is ["archive", ..])
{
    return await DurableMessage.RunAsync(args[1..]);
}

// alerts [things] [publications]: what rules cost a sample, and a second in which nothing comes.
if (args is ["alerts", ..])
{
    return await AlertCosts.RunAsync(args[1..]);
}

// fleet [things]: what it costs to open the fleet's page, and to keep it up to date.
if (args is ["fleet", ..])
{
    return await FleetCosts.RunAsync(args[1..]);
}

// commands [things] [seconds]: a command that goes straight to its thing beside one by the queue.
if (args is ["commands", ..])
{
    return await CommandCosts.RunAsync(args[1..]);
}

// week [times]: a week of seconds by REST and as a chart.
if (args is ["week", ..])
{
    return await WeekCosts.RunAsync(args[1..]);
}

// In this process: the shared build settings of the house are not meant for the projects that BenchmarkDotNet would generate.
var config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromAssembly(typeof(ResultTable).Assembly).Run(args, config);
return 0;
