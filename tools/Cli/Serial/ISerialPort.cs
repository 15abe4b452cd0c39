namespace IotXmpp.Cli.Serial;

/// <summary>An open serial line, raw: 8 data bits, no parity, one stop bit, no flow control.</summary>
internal interface ISerialPort : IDisposable
{
    /// <summary>Its name, such as <c>/dev/ttyUSB0</c>.</summary>
    string Name { get; }

    /// <summary>Waits for bytes and takes those that are there.</summary>
    /// <returns>How many; 0 when the line is gone (the cable was pulled).</returns>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel);

    /// <summary>Sends bytes.</summary>
    /// <exception cref="IOException">The line is gone, or takes nothing for 2 s.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel);

    /// <summary>Sets the lines DTR and RTS.</summary>
    /// <returns>False when this port has no such lines.</returns>
    bool SetLines(bool dtr, bool rts);
}

/// <summary>Resets a board by the lines that its USB-UART chip (or the chip's own USB) joins to EN and IO0.</summary>
internal static class BoardReset
{
    /// <summary>How long EN is held low. Default 100 ms, as esptool does.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(100);

    /// <summary>Restarts the board into its program: RTS pulls EN low, DTR leaves IO0 high (else the chip would wait for a program).</summary>
    /// <returns>False when the port has no such lines: a person has to press the button.</returns>
    public static async Task<bool> RunAsync(ISerialPort port, TimeProvider time, CancellationToken cancel)
    {
        if (!port.SetLines(dtr: false, rts: true))
        {
            return false;
        }

        await Task.Delay(Hold, time, cancel);
        return port.SetLines(dtr: false, rts: false);
    }
}
