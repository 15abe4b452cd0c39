using System.Diagnostics;
using IotXmpp.Cli;
using IotXmpp.Cli.Serial;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>The serial line itself, over a pseudo-terminal.</summary>
public sealed class SerialTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_byte_passes_in_both_directions()
    {
        using var cable = new PseudoTerminal();
        using ISerialPort port = SerialPorts.Open(cable.Name);
        // All of them: a terminal that is not raw would eat CR, XON, XOFF, ^C and ^D, and echo the rest.
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        cable.Write(all);
        Assert.Equal(all, await TakeAsync(all.Length, b => port.ReadAsync(b, Cancel).AsTask()));
        await port.WriteAsync(all, Cancel);
        Assert.Equal(all, await TakeAsync(all.Length, b => cable.ReadAsync(b, Cancel)));
    }

    [Fact]
    public async Task A_pulled_cable_is_told_as_the_end()
    {
        using var cable = new PseudoTerminal();
        using ISerialPort port = SerialPorts.Open(cable.Name);
        Task<int> reading = port.ReadAsync(new byte[16], Cancel).AsTask();
        cable.Pull();
        Assert.Equal(0, await reading);
        await Assert.ThrowsAsync<IOException>(async () => await port.WriteAsync("x"u8.ToArray(), Cancel));
    }

    [Fact]
    public async Task A_wait_for_bytes_can_be_ended()
    {
        using var cable = new PseudoTerminal();
        using ISerialPort port = SerialPorts.Open(cable.Name);
        using var end = new CancellationTokenSource();
        Task<int> reading = port.ReadAsync(new byte[16], end.Token).AsTask();
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public void A_port_that_is_not_there_is_told_with_those_that_are()
    {
        CliException e = Assert.Throws<CliException>(() => SerialPorts.Check("/dev/ttyUSB99"));
        Assert.Equal(ExitCode.Usage, e.Code);
        Assert.StartsWith("there is no port /dev/ttyUSB99; ", e.Message, StringComparison.Ordinal);
        Assert.Contains(SerialPorts.List().Count == 0 ? "no serial port at all" : SerialPorts.List()[0].Name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_another_program_has_is_told_with_its_name()
    {
        using var cable = new PseudoTerminal();
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", "exec 3<>\"$0\"; echo open; exec sleep 60", cable.Name]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("open", await shell.StandardOutput.ReadLineAsync(Cancel));
            CliException e = Assert.Throws<CliException>(() => SerialPorts.Check(cable.Name));
            Assert.Equal(ExitCode.Usage, e.Code);
            Assert.Contains($"(process {shell.Id}) has it open; end that, then try again", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            shell.Kill();
        }
    }

    [Fact]
    public void A_port_that_one_may_not_open_is_told_with_the_group()
    {
        Assert.SkipWhen(Environment.UserName == "root" || OperatingSystem.IsWindows(), "root may open every port, and Windows has no such group");
        using var folder = new TempFolder("serial");
        string path = folder.File("tty");
        File.WriteAllText(path, string.Empty);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.None);
        }

        CliException e = Assert.Throws<CliException>(() => SerialPorts.Open(path));
        Assert.Contains("group dialout", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_serial_port_is_told()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "serial ports are opened on Linux only");
        CliException e = Assert.Throws<CliException>(() => SerialPorts.Open("/dev/null"));
        Assert.StartsWith("/dev/null is no serial port; ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_odd_speed_is_refused()
    {
        using var cable = new PseudoTerminal();
        CliException e = Assert.Throws<CliException>(() => SerialPorts.Open(cable.Name, 12345));
        Assert.Equal(ExitCode.Usage, e.Code);
    }

    [Fact]
    public async Task A_reset_pulls_EN_low_and_leaves_IO0_high()
    {
        var time = new ManualTime();
        using var port = new LinesOnly();
        Task<bool> reset = BoardReset.RunAsync(port, time, Cancel);
        Assert.Equal([(false, true)], port.Lines);
        time.Advance(BoardReset.Hold);
        Assert.True(await reset);
        Assert.Equal([(false, true), (false, false)], port.Lines);
    }

    [Fact]
    public async Task A_port_without_lines_says_so()
    {
        using var cable = new PseudoTerminal();
        using ISerialPort port = SerialPorts.Open(cable.Name);
        Assert.False(await BoardReset.RunAsync(port, TimeProvider.System, Cancel));
    }

    private static async Task<byte[]> TakeAsync(int count, Func<byte[], Task<int>> read)
    {
        var taken = new List<byte>();
        byte[] buffer = new byte[64];
        while (taken.Count < count)
        {
            int n = await read(buffer).WaitAsync(TimeSpan.FromSeconds(90), Cancel);
            Assert.NotEqual(0, n);
            taken.AddRange(buffer[..n]);
        }

        return [.. taken];
    }

    private sealed class LinesOnly : ISerialPort
    {
        public List<(bool Dtr, bool Rts)> Lines { get; } = [];

        public string Name => "lines";

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel) => throw new NotSupportedException();

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel) => throw new NotSupportedException();

        public bool SetLines(bool dtr, bool rts)
        {
            Lines.Add((dtr, rts));
            return true;
        }

        public void Dispose()
        {
        }
    }
}
