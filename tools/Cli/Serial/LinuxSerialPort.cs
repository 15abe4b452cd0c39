using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace IotXmpp.Cli.Serial;

/// <summary>A serial line of Linux, by termios: System.IO.Ports is a package with native code that not every machine can have.</summary>
internal sealed class LinuxSerialPort : ISerialPort
{
    /// <summary>How long one wait for bytes is before it looks whether it shall end. Default 100 ms.</summary>
    private const int PollMs = 100;

    /// <summary>How long a line may take nothing. Default 2,000 ms: 115,200 baud carry 23 KB in it.</summary>
    private const int WriteMs = 2000;

    private readonly int _descriptor;
    private int _closed;

    private LinuxSerialPort(string name, int descriptor)
    {
        Name = name;
        _descriptor = descriptor;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Opens a port in raw mode.</summary>
    /// <exception cref="CliException">It cannot be opened.</exception>
    public static LinuxSerialPort Open(string name, int baud)
    {
        int descriptor = Native.Open(name, Native.ReadWrite | Native.NoControllingTerminal | Native.NonBlocking | Native.CloseOnExec);
        if (descriptor < 0)
        {
            throw Refused(name, Marshal.GetLastPInvokeError());
        }

        try
        {
            if (!TrySetUp(descriptor, baud))
            {
                int error = Marshal.GetLastPInvokeError();
                throw error == Native.NotATerminal
                    ? new CliException(ExitCode.Usage, $"{name} is no serial port; {SerialPorts.Those()}")
                    : new CliException(ExitCode.Failed, $"{name} cannot be set to {baud} baud: {Marshal.GetPInvokeErrorMessage(error)}");
            }

            // Nobody else reads half of what the board says; fails harmlessly where it is not known.
            _ = Native.Control(descriptor, Native.Exclusive, 0);
            return new LinuxSerialPort(name, descriptor);
        }
        catch
        {
            _ = Native.Close(descriptor);
            throw;
        }
    }

    /// <summary>Sets a terminal to raw, 8N1, without modem control; false with the error in <see cref="Marshal.GetLastPInvokeError"/>.</summary>
    internal static bool TrySetUp(int descriptor, int baud)
    {
        // struct termios of Linux: four flags of 4 bytes, the line discipline, 32 control characters, two speeds: 60 bytes.
        byte[] settings = new byte[128];
        if (Native.GetAttributes(descriptor, settings) != 0)
        {
            return false;
        }

        Native.MakeRaw(settings);
        Span<byte> control = settings.AsSpan(8, 4);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(control);
        // Receive; no carrier needed; closing does not drop DTR, which would reset many boards.
        flags = (flags | Native.Receive | Native.Local) & ~(Native.HangUp | Native.HardwareFlow);
        BinaryPrimitives.WriteUInt32LittleEndian(control, flags);
        return Native.SetSpeed(settings, Speed(baud)) == 0 && Native.SetAttributes(descriptor, 0, settings) == 0;
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel) => new(Task.Run(() => Read(buffer, cancel), cancel));

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel) => new(Task.Run(() => Write(bytes, cancel), cancel));

    /// <inheritdoc/>
    public bool SetLines(bool dtr, bool rts)
    {
        int lines = 0;
        if (Native.ControlRef(_descriptor, Native.GetLines, ref lines) != 0)
        {
            return false;
        }

        lines = (lines & ~(Native.Dtr | Native.Rts)) | (dtr ? Native.Dtr : 0) | (rts ? Native.Rts : 0);
        return Native.ControlRef(_descriptor, Native.SetLines, ref lines) == 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _ = Native.Close(_descriptor);
        }
    }

    private int Read(Memory<byte> buffer, CancellationToken cancel)
    {
        for (; ; )
        {
            cancel.ThrowIfCancellationRequested();
            var wait = new Native.PollEntry { Descriptor = _descriptor, Events = Native.CanRead };
            int ready = Native.Poll(ref wait, 1, PollMs);
            if (ready < 0 && Marshal.GetLastPInvokeError() != Native.Interrupted)
            {
                return 0;
            }

            if (ready <= 0)
            {
                continue;
            }

            nint read = Native.Read(_descriptor, ref MemoryMarshal.GetReference(buffer.Span), (nuint)buffer.Length);
            if (read > 0)
            {
                return (int)read;
            }

            int error = Marshal.GetLastPInvokeError();
            if (read == 0 || (error != Native.Again && error != Native.Interrupted))
            {
                return 0; // the cable was pulled, or the chip has restarted its USB
            }
        }
    }

    private void Write(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        long end = Environment.TickCount64 + WriteMs;
        for (int at = 0; at < bytes.Length;)
        {
            cancel.ThrowIfCancellationRequested();
            nint written = Native.Write(_descriptor, ref MemoryMarshal.GetReference(bytes.Span[at..]), (nuint)(bytes.Length - at));
            if (written > 0)
            {
                at += (int)written;
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error is not (Native.Again or Native.Interrupted) || Environment.TickCount64 > end)
            {
                throw new IOException($"{Name} does not take what is sent: {Marshal.GetPInvokeErrorMessage(error)}; is the board still plugged in?");
            }

            var wait = new Native.PollEntry { Descriptor = _descriptor, Events = Native.CanWrite };
            _ = Native.Poll(ref wait, 1, PollMs);
        }
    }

    private static CliException Refused(string name, int error) => error switch
    {
        Native.NoEntry => new CliException(ExitCode.Usage, $"there is no port {name}; {SerialPorts.Those()}"),
        Native.AccessDenied => new CliException(
            ExitCode.Usage, $"you may not open {name}: serial ports belong to the group dialout; join it with: sudo usermod -aG dialout $USER (then log in anew)"),
        Native.Busy => new CliException(ExitCode.Usage, $"{name} is busy: {SerialPorts.Holder(name) ?? "another program"} has it open; end that, then try again"),
        Native.NoDevice or Native.NoSuchAddress => new CliException(ExitCode.Usage, $"nothing is plugged in at {name} any more; {SerialPorts.Those()}"),
        _ => new CliException(ExitCode.Usage, $"{name} cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}"),
    };

    // <asm-generic/termbits.h>
    private static uint Speed(int baud) => baud switch
    {
        9600 => 0x0D,
        19200 => 0x0E,
        38400 => 0x0F,
        57600 => 0x1001,
        115200 => 0x1002,
        230400 => 0x1003,
        460800 => 0x1004,
        921600 => 0x1007,
        1500000 => 0x100A,
        _ => throw new CliException(ExitCode.Usage, $"{baud} baud is no usual speed: 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600 and 1500000 are"),
    };
}
