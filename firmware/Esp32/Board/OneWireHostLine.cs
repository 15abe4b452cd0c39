using IotXmpp.Things;
using nanoFramework.Device.OneWire;
using nanoFramework.Hardware.Esp32;

namespace IotXmpp.Esp32.Board;

/// <summary>The 1-Wire line of the runtime: UART 2 sends slots on one pin, open-drain, and listens on another. An ESP32-C3 has no UART 2, and its runtime no 1-Wire.</summary>
internal sealed class OneWireHostLine : IOneWireLine
{
    private readonly OneWireHost _host;

    internal OneWireHostLine(int sendGpio, int receiveGpio)
    {
        // Before the host is made, which takes the pins that the UART (COM3 here) has then.
        Configuration.SetPinFunction(receiveGpio, DeviceFunction.COM3_RX);
        Configuration.SetPinFunction(sendGpio, DeviceFunction.COM3_TX);
        _host = new OneWireHost();
    }

    /// <inheritdoc/>
    public bool Reset() => _host.TouchReset();

    /// <inheritdoc/>
    public bool Touch(bool bit) => _host.TouchBit(bit);

    /// <inheritdoc/>
    public byte TouchByte(byte value) => _host.TouchByte(value);
}
