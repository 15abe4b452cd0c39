using IotXmpp.Things;

namespace IotXmpp.Virtual;

/// <summary>
/// A DS18B20 in memory, from the bits of its slots: ROM commands with the search, conversion that takes its time, scratchpad with checksum, the value of 85 °C
/// after power-on.
/// </summary>
public sealed class VirtualDs18b20 : IVirtualOneWirePart, IVirtualPart
{
    private readonly Func<long> _nowMs;
    private readonly byte[] _scratchpad = new byte[9];
    private State _state;
    private int _bit;
    private int _byte;
    private bool _matches;
    private int _function;
    private long _doneMs = -1;

    /// <summary>Makes a part, just powered on.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <param name="serial">Its serial number, 48 bits.</param>
    /// <param name="family">Its family code; another one plays another part.</param>
    public VirtualDs18b20(Func<long> nowMs, long serial = 1, byte family = Ds18b20.FamilyCode)
    {
        _nowMs = nowMs;
        Rom = new byte[OneWireBus.RomLength];
        Rom[0] = family;
        for (int i = 0; i < 6; i++)
        {
            Rom[1 + i] = (byte)(serial >> (8 * i));
        }

        Rom[7] = OneWireBus.Crc(Rom, 0, 7);
        PowerOn();
    }

    private enum State
    {
        Idle,
        RomCommand,
        Searching,
        Matching,
        Function,
        Writing,
        Reading,
    }

    /// <summary>Its ROM code.</summary>
#pragma warning disable CA1819 // eight bytes that belong to the part
    public byte[] Rom { get; }
#pragma warning restore CA1819

    /// <summary>What surrounds it, in °C.</summary>
    public double Temperature { get; set; } = 20;

    /// <summary>False plays a part that hangs.</summary>
    public bool Answers { get; set; } = true;

    /// <summary>Gives this raw value in the place of the temperature; null for none.</summary>
    public short? Raw { get; set; }

    /// <summary>Conversions that were begun.</summary>
    public int Conversions { get; private set; }

    /// <summary>The resolution that it was told, in bits.</summary>
    public int Bits => 9 + ((_scratchpad[4] >> 5) & 3);

    /// <inheritdoc/>
    public IReadOnlyList<string> Quantities { get; } = ["temperature"];

    /// <inheritdoc/>
    public void Set(string quantity, double value) => Temperature = quantity == "temperature" ? value : throw IVirtualPart.Unknown("DS18B20", quantity, Quantities);

    /// <summary>Loses its supply and gets it back: 85 °C, 12 bits, its alarms from the EEPROM (data sheet §5, §7.4).</summary>
    public void PowerOn()
    {
        _state = State.Idle;
        _doneMs = -1;
        byte[] first = [0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10];
        first.CopyTo(_scratchpad, 0);
        Seal();
    }

    /// <inheritdoc/>
    public bool Reset()
    {
        Finish();
        _state = Answers ? State.RomCommand : State.Idle;
        _bit = 0;
        _byte = 0;
        return Answers;
    }

    /// <inheritdoc/>
    public bool Slot(bool master)
    {
        Finish();
        return _state switch
        {
            // Three slots a bit: the bit, its complement, and the way the master goes.
            State.Searching when _bit % 3 == 0 => RomBit(_bit / 3),
            State.Searching when _bit % 3 == 1 => !RomBit(_bit / 3),
            State.Reading => ReadBit(),
            _ => true,
        };
    }

    /// <inheritdoc/>
    public void SlotEnded(bool wire)
    {
        switch (_state)
        {
            case State.RomCommand:
                TakeBit(wire, RomCommand);
                break;
            case State.Searching:
                if (_bit % 3 == 2 && wire != RomBit(_bit / 3))
                {
                    _state = State.Idle;
                }
                else if (++_bit == 3 * 64)
                {
                    Expect(State.Function);
                }

                break;
            case State.Matching:
                _matches &= wire == RomBit(_bit);
                if (++_bit == 64)
                {
                    Expect(_matches ? State.Function : State.Idle);
                }

                break;
            case State.Function:
                TakeBit(wire, Function);
                break;
            case State.Writing:
                WriteBit(wire);
                break;
            case State.Reading:
                _bit++;
                break;
            default:
                break;
        }
    }

    private bool RomBit(int bit) => (Rom[bit >> 3] & (1 << (bit & 7))) != 0;

    private bool ReadBit()
        // After the conversion command every slot tells whether it is over (§7.2); after the scratchpad's ninth byte there is nothing more.
        => _function == 0x44 ? _doneMs < 0 : _bit >= 72 || (_scratchpad[_bit >> 3] & (1 << (_bit & 7))) != 0;

    private void Expect(State state)
    {
        _state = state;
        _bit = 0;
        _byte = 0;
    }

    private void TakeBit(bool wire, Action<int> command)
    {
        _byte |= wire ? 1 << _bit : 0;
        if (++_bit == 8)
        {
            command(_byte);
        }
    }

    private void RomCommand(int command)
    {
        _matches = true;
        Expect(command switch { 0xF0 => State.Searching, 0x55 => State.Matching, 0xCC => State.Function, _ => State.Idle });
    }

    private void Function(int command)
    {
        _function = command;
        Expect(command switch { 0x44 or 0xBE => State.Reading, 0x4E => State.Writing, _ => State.Idle });
        if (command == 0x44)
        {
            Conversions++;
            _doneMs = _nowMs() + (750 >> (12 - Bits));
        }
    }

    private void WriteBit(bool wire)
    {
        // TH, TL, configuration, of which two bits can be written (§7.4).
        int at = 2 + (_bit >> 3);
        int mask = 1 << (_bit & 7);
        if (at < 4 || (mask & 0x60) != 0)
        {
            _scratchpad[at] = (byte)(wire ? _scratchpad[at] | mask : _scratchpad[at] & ~mask);
        }

        if (++_bit == 24)
        {
            Seal();
            _state = State.Idle;
        }
    }

    private void Finish()
    {
        if (_doneMs < 0 || _nowMs() < _doneMs)
        {
            return;
        }

        _doneMs = -1;
        short raw = Raw ?? (short)Math.Round(Temperature * 16);
        _scratchpad[0] = (byte)raw;
        _scratchpad[1] = (byte)(raw >> 8);
        Seal();
    }

    private void Seal() => _scratchpad[8] = OneWireBus.Crc(_scratchpad, 0, 8);
}
