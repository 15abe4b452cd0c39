using System.IO.Ports;
using IotXmpp.Things;
using nanoFramework.Hardware.Esp32;

namespace IotXmpp.Esp32.Board;

/// <summary>The board's second serial line: UART1, which nanoFramework calls COM2 and which its own wire protocol never takes. 115,200 baud, 8 bits, no parity.</summary>
internal sealed class SerialLine : IBoardLine
{
    private const int Baud = 115200;
    private const int WriteMs = 1000;

    private readonly SerialPort _port;

    internal SerialLine(BoardPins pins)
    {
        // Before the port is opened: UART1's own pins are those of the flash.
        Configuration.SetPinFunction(pins.SerialTx, DeviceFunction.COM2_TX);
        Configuration.SetPinFunction(pins.SerialRx, DeviceFunction.COM2_RX);
        _port = new SerialPort("COM2", Baud);
        _port.ReadBufferSize = 512;
        _port.WriteTimeout = WriteMs;
        _port.Open();
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer)
    {
        int there = _port.BytesToRead;
        return there == 0 ? 0 : _port.Read(buffer, 0, there < buffer.Length ? there : buffer.Length);
    }

    /// <inheritdoc/>
    public void Send(byte[] buffer, int offset, int count)
    {
        _port.Write(buffer, offset, count);
    }

    /// <inheritdoc/>
    public void Close()
    {
        _port.Close();
        _port.Dispose();
    }
}
