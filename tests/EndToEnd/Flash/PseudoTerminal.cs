using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>A serial cable in software: whoever opens <see cref="Name"/> has one end, the test has the other. Linux only; elsewhere the test is skipped.</summary>
public sealed class PseudoTerminal : IDisposable
{
    private readonly int _master;
    private readonly Lock _gate = new();
    private volatile bool _pulled;

    public PseudoTerminal()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pseudo-terminals are opened on Linux only");
        var name = new StringBuilder(64);
        if (openpty(out _master, out int port, name, 0, 0) != 0)
        {
            throw new InvalidOperationException($"openpty: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        Name = name.ToString();
        // Only who opens the port by its name has it: a program that looks who holds it finds nobody.
        _ = close(port);
        // Not for the processes that the test starts: a cable that they hold, too, cannot be pulled.
        _ = fcntl(_master, 2, 1);
        // Non-blocking, so that a pulled cable ends a wait.
        _ = fcntl(_master, 4, 0x800);
    }

    /// <summary>The port's name, such as <c>/dev/pts/3</c>.</summary>
    public string Name { get; }

    /// <summary>Takes what the other end has sent; 0 when the cable was pulled.</summary>
    public async Task<int> ReadAsync(byte[] buffer, CancellationToken cancel)
    {
        for (; ; )
        {
            cancel.ThrowIfCancellationRequested();
            nint count;
            lock (_gate)
            {
                if (_pulled)
                {
                    return 0;
                }

                count = read(_master, buffer, buffer.Length);
            }

            if (count > 0)
            {
                return (int)count;
            }

            await Task.Delay(5, cancel);
        }
    }

    /// <summary>Sends bytes to the other end.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        byte[] rest = bytes.ToArray();
        while (rest.Length > 0)
        {
            nint count;
            lock (_gate)
            {
                // A number that is closed may be another file's soon.
                count = _pulled ? 0 : write(_master, rest, rest.Length);
            }

            if (count > 0)
            {
                rest = rest[(int)count..];
            }
            else
            {
                // Nobody reads: a serial line drops what it cannot hand over.
                return;
            }
        }
    }

    /// <summary>Sends a line.</summary>
    public void WriteLine(string line) => Write(Encoding.UTF8.GetBytes(line + "\r\n"));

    /// <summary>Pulls the cable.</summary>
    public void Pull()
    {
        lock (_gate)
        {
            if (!_pulled)
            {
                _pulled = true;
                _ = close(_master);
            }
        }
    }

    public void Dispose() => Pull();

#pragma warning disable SYSLIB1054, CA2101, IDE1006 // a test's own few calls; the C library's names
    [DllImport("libc", SetLastError = true)]
    private static extern int openpty(out int master, out int slave, [MarshalAs(UnmanagedType.LPStr)] StringBuilder name, nint settings, nint size);

    [DllImport("libc", SetLastError = true)]
    private static extern nint read(int descriptor, byte[] buffer, nint count);

    [DllImport("libc", SetLastError = true)]
    private static extern nint write(int descriptor, byte[] buffer, nint count);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern int fcntl(int descriptor, int command, int argument);
#pragma warning restore SYSLIB1054, CA2101, IDE1006
}
