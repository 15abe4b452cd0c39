using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IotXmpp.Gateway;

/// <summary>A thing at a serial line, such as a USB cable. The line is opened again when it went away.</summary>
/// <param name="device">The device, such as <c>/dev/ttyACM0</c>.</param>
/// <param name="baud">Bits per second: 9600, 19200, 38400, 57600, 115200, 230400, 460800 or 921600.</param>
/// <param name="time">The clock.</param>
public sealed class SerialNodePort(string device, int baud, TimeProvider time) : INodePort
{
    /// <summary>Time until the line is tried again, at first; doubled up to <see cref="MaxRetry"/>.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public string Name => $"serial {device}";

    /// <inheritdoc/>
    public async Task RunAsync(Func<INodeLink, CancellationToken, Task> serve, Action<string> log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(serve);
        ArgumentNullException.ThrowIfNull(log);
        TimeSpan wait = Retry;
        string? told = null;
        while (true)
        {
            string? wrong = null;
            SerialStream? stream = null;
            try
            {
                stream = SerialStream.Open(device, baud);
                log($"things come in at {Name}");
                told = null;
                wait = Retry;
                await serve(new NodeLink(Name, stream, false, true), cancellationToken).ConfigureAwait(false);
                wrong = "the line went away";
            }
            catch (IOException e)
            {
                wrong = e.Message;
            }
            finally
            {
                if (stream is not null)
                {
                    await stream.DisposeAsync().ConfigureAwait(false);
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (wrong != told)
            {
                log($"{Name}: {wrong}; tried again");
                told = wrong;
            }

            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
            wait = wait * 2 < MaxRetry ? wait * 2 : MaxRetry;
        }
    }
}

/// <summary>A serial line of Linux in raw mode. A read waits at most <see cref="PolledFile.PollMs"/> at a time in the kernel, so it can be cancelled.</summary>
internal sealed class SerialStream : Stream
{
    /// <summary>Bytes of glibc's <c>struct termios</c> are 60; the rest is room.</summary>
    private const int TermiosBytes = 128;

    private static readonly Dictionary<int, uint> Speeds = new()
    {
        [9600] = 0x0D,
        [19200] = 0x0E,
        [38400] = 0x0F,
        [57600] = 0x1001,
        [115200] = 0x1002,
        [230400] = 0x1003,
        [460800] = 0x1004,
        [921600] = 0x1007,
    };

    private readonly PolledFile _file;
    private readonly string _device;

    private SerialStream(PolledFile file, string device)
    {
        _file = file;
        _device = device;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether a number of bits per second is one of Linux's.</summary>
    public static bool IsSpeed(int baud) => Speeds.ContainsKey(baud);

    /// <summary>Opens a line: eight bits, no parity, nothing translated, modem lines ignored.</summary>
    /// <exception cref="IOException">It cannot be opened; one line says why and what to do.</exception>
    public static SerialStream Open(string device, int baud)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new IOException("serial lines are for Linux only");
        }

        const int ReadWrite = 2, NoControl = 0x100, CloseOnExec = 0x80000, NonBlocking = 0x800;
        int descriptor = open(device, ReadWrite | NoControl | CloseOnExec | NonBlocking);
        if (descriptor < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException(error switch
            {
                2 or 6 or 19 => "there is no such device; is the cable plugged in?",
                13 => "it may not be opened; add the service's user to the group dialout",
                16 => "somebody else has it open",
                _ => Marshal.GetPInvokeErrorMessage(error),
            });
        }

        var handle = new SafeFileHandle(descriptor, true);
        byte[] termios = new byte[TermiosBytes];
        if (tcgetattr(descriptor, termios) != 0)
        {
            handle.Dispose();
            throw new IOException("it is no serial line");
        }

        cfmakeraw(termios);
        cfsetspeed(termios, Speeds[baud]);
        // c_cflag is the third word: CREAD and CLOCAL, so that a line without modem signals is heard too.
        BitConverter.TryWriteBytes(termios.AsSpan(8), BitConverter.ToUInt32(termios, 8) | 0x80 | 0x800);
        if (tcsetattr(descriptor, 0, termios) != 0)
        {
            handle.Dispose();
            throw new IOException($"it cannot be set to {baud} baud");
        }

        return new SerialStream(new PolledFile(handle), device);
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => new(Task.Factory.StartNew(() => ReadNow(buffer, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        => new(Task.Run(() => WriteNow(buffer, cancellationToken), cancellationToken));

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => ReadNow(buffer.AsMemory(offset, count), CancellationToken.None);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => WriteNow(buffer.AsMemory(offset, count), CancellationToken.None);

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is held back.
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }

    private int ReadNow(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[buffer.Length];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_file.Wait(PolledFile.Readable) == 0)
            {
                continue;
            }

            nint read = _file.Read(bytes);
            if (read > 0)
            {
                bytes.AsSpan(0, (int)read).CopyTo(buffer.Span);
                return (int)read;
            }

            if (read < 0 && Marshal.GetLastPInvokeError() is 11 or 4)
            {
                continue; // nothing after all, or interrupted
            }

            return 0; // hung up: the cable is out
        }
    }

    private void WriteNow(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        byte[] bytes = buffer.ToArray();
        int at = 0;
        while (at < bytes.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            byte[] rest = at == 0 ? bytes : bytes[at..];
            nint written = _file.Write(rest);
            if (written > 0)
            {
                at += (int)written;
            }
            else if (Marshal.GetLastPInvokeError() is 11 or 4)
            {
                _file.Wait(PolledFile.Writable);
            }
            else
            {
                throw new IOException($"{_device} cannot be written");
            }
        }
    }

#pragma warning disable SA1300, IDE1006, CA2101, CA5392, SYSLIB1054 // names and forms of libc
    [DllImport("libc", SetLastError = true)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int tcgetattr(int descriptor, byte[] termios);

    [DllImport("libc", SetLastError = true)]
    private static extern int tcsetattr(int descriptor, int when, byte[] termios);

    [DllImport("libc")]
    private static extern void cfmakeraw(byte[] termios);

    [DllImport("libc")]
    private static extern int cfsetspeed(byte[] termios, uint speed);
#pragma warning restore SA1300, IDE1006, CA2101, CA5392, SYSLIB1054
}
