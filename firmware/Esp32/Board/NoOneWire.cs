using System;
using IotXmpp.Things;

namespace IotXmpp.Esp32.Board;

/// <summary>Stands in for <c>OneWireHostLine.cs</c> where the chip's runtime has no 1-Wire (<c>NanoOneWire=false</c>): an image that refers to it would not start there.</summary>
internal sealed class OneWireHostLine : IOneWireLine
{
    internal OneWireHostLine(int sendGpio, int receiveGpio)
    {
        throw new NotSupportedException("this chip's nanoFramework has no 1-Wire: take a board with an ESP32 or ESP32-S3");
    }

    /// <inheritdoc/>
    public bool Reset() => false;

    /// <inheritdoc/>
    public bool Touch(bool bit) => bit;

    /// <inheritdoc/>
    public byte TouchByte(byte value) => value;
}
