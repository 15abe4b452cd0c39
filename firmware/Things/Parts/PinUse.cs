namespace IotXmpp.Things;

/// <summary>Which pin of a board is used by which part, while a list is held against it.</summary>
internal sealed class PinUse
{
    // One pin a part, two for its options, two for the I2C bus.
    private const int MaxUses = (PartList.MaxParts * 3) + 2;

    private readonly BoardPins _pins;
    private readonly int[] _gpios = new int[MaxUses];
    private readonly string[] _shared = new string[MaxUses];
    private readonly string[] _users = new string[MaxUses];
    private readonly int[] _addresses = new int[PartList.MaxParts];
    private readonly string[] _roms = new string[PartList.MaxParts];
    private readonly int[] _wires = new int[PartList.MaxParts];
    private int _count;
    private int _addressCount;
    private int _romCount;

    internal PinUse(BoardPins pins)
    {
        _pins = pins;
    }

    /// <summary>The pin of a part, or its address on I2C.</summary>
    internal static int Where(PartSpec spec, BoardPins pins)
    {
        if (spec.Where >= 0)
        {
            return spec.Where;
        }

        return spec.Kind.Address >= 0 ? spec.Kind.Address : pins.Role(spec.Kind.Role);
    }

    /// <summary>Takes the pins of a part.</summary>
    /// <returns>Null, or what is wrong.</returns>
    internal string Take(PartSpec spec)
    {
        if (spec.Kind.Address >= 0)
        {
            return TakeI2c(spec);
        }

        int gpio = Where(spec, _pins);
        if (gpio < 0)
        {
            return "the board " + _pins.Board + " has no pin for " + spec.Kind.Role + "; say which, such as " + spec.Kind.Example;
        }

        string wrong = Take(gpio, spec.Kind.Needs, spec.Kind.SharedBy, spec.Kind.Name);
        for (int i = 0; i < spec.Kind.PinOptions.Length && wrong == null; i++)
        {
            string option = spec.Kind.PinOptions[i];
            int further = spec.Kind.PinOption(option, spec, gpio, _pins);
            wrong = further < 0 ? null : Take(further, PinCan.Input, spec.Kind.SharedBy, spec.Kind.Name + "'s " + option);
        }

        return wrong == null && spec.Kind.SharedBy != null ? TakeWire(gpio, spec.Option("rom")) : wrong;
    }

    /// <summary>Whether a pin is used by what was taken.</summary>
    internal bool Has(int gpio)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_gpios[i] == gpio)
            {
                return true;
            }
        }

        return false;
    }

    private string TakeI2c(PartSpec spec)
    {
        int address = Where(spec, _pins);
        if (address < 0x08 || address > 0x77)
        {
            return "an I2C address is from 0x08 to 0x77, such as " + spec.Kind.Example;
        }

        for (int i = 0; i < _addressCount; i++)
        {
            if (_addresses[i] == address)
            {
                return "there is another part at this I2C address";
            }
        }

        _addresses[_addressCount++] = address;
        int data = _pins.Role("i2c-sda");
        int clock = _pins.Role("i2c-scl");
        if (data < 0 || clock < 0)
        {
            return "the board " + _pins.Board + " has no pins for an I2C bus";
        }

        string wrong = Take(data, PinCan.Digital, "i2c", "the I2C bus");
        return wrong == null ? Take(clock, PinCan.Digital, "i2c", "the I2C bus") : wrong;
    }

    // Several parts may share a wire, if each says which of them it is.
    private string TakeWire(int gpio, string rom)
    {
        for (int i = 0; i < _romCount; i++)
        {
            if (_wires[i] == gpio && (rom == null || _roms[i] == null))
            {
                return "several parts on one wire need rom= each";
            }

            if (_wires[i] == gpio && _roms[i] == rom)
            {
                return "rom=" + rom + " is there already";
            }
        }

        _wires[_romCount] = gpio;
        _roms[_romCount++] = rom;
        return null;
    }

    private string Take(int gpio, int needs, string shared, string user)
    {
        int can = _pins.Can(gpio);
        string pin = "GPIO " + gpio.ToString();
        if (can < 0)
        {
            return "the board " + _pins.Board + " has no " + pin;
        }

        if ((can & PinCan.Reserved) != 0)
        {
            return pin + " of " + _pins.Board + " is reserved (flash, PSRAM, console or a level at start)";
        }

        if ((can & needs) != needs)
        {
            return pin + " of " + _pins.Board + " cannot do that; these can: " + _pins.ThatCan(needs);
        }

        for (int i = 0; i < _count; i++)
        {
            if (_gpios[i] == gpio && (shared == null || _shared[i] != shared))
            {
                return pin + " is used by " + _users[i] + " already";
            }
        }

        _gpios[_count] = gpio;
        _shared[_count] = shared;
        _users[_count++] = user;
        return null;
    }
}
