namespace IotXmpp.Things;

/// <summary>The wire of a 1-Wire bus, in single signals: what a board's hardware gives. <see cref="OneWireBus"/> makes a bus of it.</summary>
public interface IOneWireLine
{
    /// <summary>Resets everybody on the bus.</summary>
    /// <returns>True when somebody answered by a presence pulse.</returns>
    bool Reset();

    /// <summary>Sends one bit and reads one in the same slot; 1 is sent in order to read.</summary>
    /// <param name="bit">What is sent.</param>
    /// <returns>What was on the wire: false where anybody pulled it low.</returns>
    bool Touch(bool bit);

    /// <summary>Eight bits in the same way, the least significant first; 0xFF is sent in order to read.</summary>
    /// <param name="value">What is sent.</param>
    /// <returns>What was on the wire.</returns>
    byte TouchByte(byte value);
}
