using IotXmpp.Things;

namespace IotXmpp.Virtual;

/// <summary>A part on a virtual 1-Wire bus, signal by signal. It is called under the bus's lock.</summary>
public interface IVirtualOneWirePart
{
    /// <summary>The bus is reset.</summary>
    /// <returns>Whether the part answers by a presence pulse.</returns>
    bool Reset();

    /// <summary>One slot.</summary>
    /// <param name="master">What the master sends: it lets go of the wire early for 1.</param>
    /// <returns>False when the part pulls the wire low.</returns>
    bool Slot(bool master);

    /// <summary>The slot is over.</summary>
    /// <param name="wire">The level that everybody saw.</param>
    void SlotEnded(bool wire);
}

/// <summary>A 1-Wire bus in memory: an open wire that everybody may pull low. Parts may be unplugged; the wire may be held low or cut.</summary>
public sealed class VirtualOneWireBus : IOneWireLine
{
    private readonly List<IVirtualOneWirePart> _parts = [];
    private readonly Lock _lock = new();
    private int _slots;

    /// <summary>True plays a short circuit to ground.</summary>
    public bool IsShorted { get; set; }

    /// <summary>Slots since the bus was made.</summary>
    public int Slots => _slots;

    /// <summary>Inverts what the master reads in this slot, counted from now; -1 for none: a disturbance on the wire.</summary>
    public int DisturbInSlots { get; set; } = -1;

    /// <summary>Plugs a part in.</summary>
    /// <param name="part">The part.</param>
    public void Attach(IVirtualOneWirePart part)
    {
        lock (_lock)
        {
            if (!_parts.Contains(part))
            {
                _parts.Add(part);
            }
        }
    }

    /// <summary>Pulls a part out.</summary>
    /// <param name="part">The part.</param>
    public void Detach(IVirtualOneWirePart part)
    {
        lock (_lock)
        {
            _parts.Remove(part);
        }
    }

    /// <inheritdoc/>
    public bool Reset()
    {
        lock (_lock)
        {
            bool present = IsShorted;
            foreach (IVirtualOneWirePart part in _parts)
            {
                present |= part.Reset();
            }

            return present;
        }
    }

    /// <inheritdoc/>
    public bool Touch(bool bit)
    {
        lock (_lock)
        {
            _slots++;
            bool wire = bit && !IsShorted;
            foreach (IVirtualOneWirePart part in _parts)
            {
                wire &= part.Slot(bit);
            }

            foreach (IVirtualOneWirePart part in _parts)
            {
                part.SlotEnded(wire);
            }

            return DisturbInSlots >= 0 && DisturbInSlots-- == 0 ? !wire : wire;
        }
    }

    /// <inheritdoc/>
    public byte TouchByte(byte value)
    {
        int read = 0;
        for (int i = 0; i < 8; i++)
        {
            read |= Touch((value & (1 << i)) != 0) ? 1 << i : 0;
        }

        return (byte)read;
    }
}
