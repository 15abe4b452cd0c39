using System.Text;

namespace IotXmpp.Things;

/// <summary>What a pin can do: bits that are joined, and for an analog input its channel.</summary>
public static class PinCan
{
    /// <summary>Digital input.</summary>
    public const int Input = 1;

    /// <summary>Digital output.</summary>
    public const int Output = 2;

    /// <summary>Digital in both directions.</summary>
    public const int Digital = Input | Output;

    /// <summary>Pulse-width output.</summary>
    public const int Pwm = 4;

    /// <summary>Analog input; the channel is told by <see cref="Adc"/>.</summary>
    public const int Analog = 8;

    /// <summary>Touch sensor.</summary>
    public const int Touch = 16;

    /// <summary>Not to be used: flash, PSRAM, or a level at start that the chip needs.</summary>
    public const int Reserved = 32;

    private const int ChannelShift = 8;

    /// <summary>An analog input.</summary>
    /// <param name="channel">Its channel, as the board's converter numbers it.</param>
    /// <returns>Bits to be joined with others.</returns>
    public static int Adc(int channel) => Analog | (channel << ChannelShift);

    /// <summary>The channel of an analog input.</summary>
    /// <param name="can">What the pin can do.</param>
    /// <returns>The channel, or -1 when it is no analog input.</returns>
    public static int Channel(int can) => (can & Analog) == 0 ? -1 : can >> ChannelShift;
}

/// <summary>A board's pins and the roles they have: the table of <c>hardware/Boards/&lt;board&gt;/pins.json</c>, in arrays that need no parser.</summary>
public sealed class BoardPins
{
    private readonly int[] _gpios;
    private readonly int[] _can;
    private readonly string[] _roles;
    private readonly int[] _roleGpios;

    /// <summary>Makes a table; the arrays are kept.</summary>
    /// <param name="board">The board's name.</param>
    /// <param name="gpios">The pins' numbers.</param>
    /// <param name="can">What each of them can do, <see cref="PinCan"/>.</param>
    /// <param name="roles">The roles, such as <c>relay</c>.</param>
    /// <param name="roleGpios">The pin of each role.</param>
    public BoardPins(string board, int[] gpios, int[] can, string[] roles, int[] roleGpios)
    {
        Board = board;
        _gpios = gpios;
        _can = can;
        _roles = roles;
        _roleGpios = roleGpios;
    }

    /// <summary>The board's name.</summary>
    public string Board { get; }

    /// <summary>The pin by which the board's second serial line sends; -1 where it has none free for one.</summary>
    public int SerialTx { get; set; } = -1;

    /// <summary>The pin by which it receives; -1 where it has none.</summary>
    public int SerialRx { get; set; } = -1;

    /// <summary>How many pins the table has.</summary>
    public int Count
    {
        get { return _gpios.Length; }
    }

    /// <summary>The number of the pin at an index.</summary>
    public int Gpio(int index) => _gpios[index];

    /// <summary>What a pin can do.</summary>
    /// <param name="gpio">The pin's number.</param>
    /// <returns>Bits of <see cref="PinCan"/>, or -1 when the board has no such pin.</returns>
    public int Can(int gpio)
    {
        for (int i = 0; i < _gpios.Length; i++)
        {
            if (_gpios[i] == gpio)
            {
                return _can[i];
            }
        }

        return -1;
    }

    /// <summary>The pin that has a role.</summary>
    /// <param name="role">The role, such as <c>i2c-sda</c>.</param>
    /// <returns>The pin's number, or -1 when the board gives the role to none.</returns>
    public int Role(string role)
    {
        for (int i = 0; i < _roles.Length; i++)
        {
            if (_roles[i] == role)
            {
                return _roleGpios[i];
            }
        }

        return -1;
    }

    /// <summary>The pins that can do something and are not reserved.</summary>
    /// <param name="needs">Bits of <see cref="PinCan"/>, all of which are wanted.</param>
    /// <returns>Their numbers for people, such as <c>1, 2, 4</c>; <c>none</c> when there is none.</returns>
    public string ThatCan(int needs)
    {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < _gpios.Length; i++)
        {
            if ((_can[i] & needs) == needs && (_can[i] & PinCan.Reserved) == 0)
            {
                text.Append(text.Length == 0 ? string.Empty : ", ");
                text.Append(_gpios[i].ToString());
            }
        }

        return text.Length == 0 ? "none" : text.ToString();
    }
}
