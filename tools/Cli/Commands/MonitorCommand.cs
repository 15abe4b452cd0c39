using System.CommandLine;
using IotXmpp.Cli.Monitor;
using IotXmpp.Cli.Output;
using IotXmpp.Cli.Serial;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp monitor</c>: what a board says on its serial line, decoded.</summary>
internal static class MonitorCommand
{
    public static Command Create()
    {
        var port = new Option<string?>("--port") { Description = "the board's serial port, such as /dev/ttyUSB0", HelpName = "PORT" };
        var file = new Option<string?>("--file") { Description = "a recorded file instead of a port; - is standard input", HelpName = "FILE" };
        var baud = new Option<int>("--baud") { Description = "bits a second", DefaultValueFactory = _ => 115_200, HelpName = "N" };
        var reset = new Option<bool>("--reset") { Description = "restart the board first, to see it from its start" };
        var raw = new Option<bool>("--raw") { Description = "lines as they came, not decoded" };
        var length = Durations.Optional("--for", "end after this time");
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("monitor", "Show what a board says on its serial line, with its stanzas decoded, until Ctrl-C") { port, file, baud, reset, raw, length, json };
        command.SetAction((parsed, cancel) => (parsed.GetValue(port), parsed.GetValue(file)) switch
        {
            ({ } name, null) => PortAsync(name, parsed.GetValue(baud), parsed.GetValue(reset), new Screen(parsed.GetValue(json)), parsed.GetValue(raw), parsed.GetValue(length), cancel),
            (null, { } path) => FileAsync(path, new Screen(parsed.GetValue(json)), parsed.GetValue(raw), cancel),
            (null, null) => throw new CliException(ExitCode.Usage, $"--port names the board's port; {SerialPorts.Those()}"),
            _ => throw new CliException(ExitCode.Usage, "--port and --file exclude each other: one of them says where the output comes from"),
        });
        return command;
    }

    private static async Task<int> PortAsync(string name, int baud, bool reset, Screen screen, bool raw, TimeSpan? length, CancellationToken cancel)
    {
        if (OperatingSystem.IsLinux() && File.Exists(name) && SerialPorts.Holder(name) is { } holder)
        {
            throw new CliException(ExitCode.Usage, $"{name} is busy: {holder} has it open; end that, then try again");
        }

        using ISerialPort port = SerialPorts.Open(name, baud);
        var view = new MonitorView(screen, TimeProvider.System, raw);
        var decoder = new SerialDecoder();
        if (reset && !await BoardReset.RunAsync(port, TimeProvider.System, cancel))
        {
            Screen.Error($"{name} has no reset line; press the board's reset button");
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (length is { } most)
        {
            end.CancelAfter(most);
        }

        byte[] buffer = new byte[4096];
        try
        {
            for (; ; )
            {
                int count = await port.ReadAsync(buffer, end.Token);
                if (count == 0)
                {
                    ShowAll(view, decoder.End());
                    throw new CliException(ExitCode.Failed, $"{name} is gone: the cable was pulled, or the board restarted its USB; start again when it is back");
                }

                ShowAll(view, decoder.Feed(buffer.AsSpan(0, count)));
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            ShowAll(view, decoder.End());
            return ExitCode.Ok; // it goes on until Ctrl-C or the time is over
        }
    }

    private static async Task<int> FileAsync(string path, Screen screen, bool raw, CancellationToken cancel)
    {
        Stream stream;
        try
        {
            stream = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be read: {e.Message}; --file names a recording of a board's serial line");
        }

        await using (stream)
        {
            var view = new MonitorView(screen, null, raw);
            var decoder = new SerialDecoder();
            byte[] buffer = new byte[4096];
            int count;
            while ((count = await stream.ReadAsync(buffer, cancel)) > 0)
            {
                ShowAll(view, decoder.Feed(buffer.AsSpan(0, count)));
            }

            ShowAll(view, decoder.End());
        }

        return ExitCode.Ok;
    }

    private static void ShowAll(MonitorView view, IReadOnlyList<SerialItem> items)
    {
        foreach (SerialItem item in items)
        {
            view.Show(item);
        }
    }
}
