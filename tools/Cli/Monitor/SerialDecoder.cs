using System.Buffers.Binary;
using System.Text;
using IotXmpp.Esp32.Improv;

namespace IotXmpp.Cli.Monitor;

/// <summary>One thing that came over a board's serial line.</summary>
internal abstract record SerialItem
{
    /// <summary>A line of text: the chip's, the runtime's or the firmware's.</summary>
    public sealed record Line(string Text) : SerialItem;

    /// <summary>A frame of Improv.</summary>
    public sealed record Improv(byte Type, byte[] Data) : SerialItem;

    /// <summary>A packet of nanoFramework's wire protocol that is no text: the runtime talks with a debugger or with nanoff.</summary>
    public sealed record Packet(uint Command, int Bytes) : SerialItem;
}

/// <summary>
/// Takes what comes over a board's serial line apart. Three things are mixed there: plain text (the chip's start, and the firmware's output while no debugger is
/// attached), packets of nanoFramework's wire protocol (the output comes in <c>Monitor_Message</c> packets while one is attached) and frames of Improv.
/// </summary>
internal sealed class SerialDecoder
{
    /// <summary>The longest line that is waited for, in bytes. Default 4,096; a longer one comes in pieces.</summary>
    private const int LineBytes = 4096;

    /// <summary>The largest payload that is believed. Default 4,096 bytes: the runtime sends 1,024 at most.</summary>
    private const int PacketBytes = 4096;

    private const int HeaderBytes = 32;
    private const int MarkerBytes = 7;
    private const uint MonitorMessage = 1;

    private readonly ImprovReader _improv = new();
    private readonly byte[] _packet = new byte[HeaderBytes + PacketBytes];
    private readonly List<byte> _line = [];
    private readonly List<byte> _held = [];
    private int _packetLength;

    private static ReadOnlySpan<byte> PacketMarker => "NFPKTV1"u8;

    private static ReadOnlySpan<byte> DebuggerMarker => "NFDBGV1"u8;

    /// <summary>Takes bytes.</summary>
    /// <returns>What they completed, in order.</returns>
    public IReadOnlyList<SerialItem> Feed(ReadOnlySpan<byte> bytes)
    {
        var items = new List<SerialItem>();
        foreach (byte b in bytes)
        {
            Take(b, items);
        }

        return items;
    }

    /// <summary>The end of the stream: a line that was not ended is one, too.</summary>
    public IReadOnlyList<SerialItem> End()
    {
        var items = new List<SerialItem>();
        Text(_packet.AsSpan(0, _packetLength), items);
        _packetLength = 0;
        Text([.. _held], items);
        _held.Clear();
        EndLine(items);
        return items;
    }

    private void Take(byte b, List<SerialItem> items)
    {
        if (_packetLength > 0 || (!_improv.IsInFrame && b == 'N'))
        {
            TakePacket(b, items);
            return;
        }

        bool wasIn = _improv.IsInFrame;
        if (_improv.Take(b))
        {
            _held.Clear();
            items.Add(new SerialItem.Improv(_improv.Type, _improv.Buffer.AsSpan(_improv.Offset, _improv.Count).ToArray()));
            return;
        }

        if (_improv.IsInFrame)
        {
            if (_held.Count > 0 && b == 'I' && _held.Count < 6)
            {
                // It begins anew with this letter: what was held was text.
                Text([.. _held], items);
                _held.Clear();
            }

            _held.Add(b);
            return;
        }

        if (wasIn)
        {
            // It was no frame: what was held back is text after all.
            Text([.. _held], items);
            _held.Clear();
        }

        Text([b], items);
    }

    private void TakePacket(byte b, List<SerialItem> items)
    {
        _packet[_packetLength++] = b;
        if (_packetLength <= MarkerBytes)
        {
            ReadOnlySpan<byte> begun = _packet.AsSpan(0, _packetLength);
            if (!PacketMarker.StartsWith(begun) && !DebuggerMarker.StartsWith(begun))
            {
                // Text that looked like a marker; its last byte may begin another one.
                byte[] text = begun[..^1].ToArray();
                _packetLength = 0;
                Text(text, items);
                if (text.Length == 0)
                {
                    Text([b], items);
                }
                else
                {
                    Take(b, items);
                }
            }

            return;
        }

        if (_packetLength < HeaderBytes)
        {
            return;
        }

        uint size = BinaryPrimitives.ReadUInt32LittleEndian(_packet.AsSpan(28));
        if (size > PacketBytes)
        {
            Text(_packet.AsSpan(0, _packetLength), items);
            _packetLength = 0;
            return;
        }

        if (_packetLength < HeaderBytes + size)
        {
            return;
        }

        uint command = BinaryPrimitives.ReadUInt32LittleEndian(_packet.AsSpan(16));
        int length = (int)size;
        _packetLength = 0;
        if (command == MonitorMessage)
        {
            Text(_packet.AsSpan(HeaderBytes, length), items);
        }
        else
        {
            items.Add(new SerialItem.Packet(command, length));
        }
    }

    private void Text(ReadOnlySpan<byte> bytes, List<SerialItem> items)
    {
        foreach (byte b in bytes)
        {
            if (b == '\n')
            {
                EndLine(items, always: true);
            }
            else if (b is not ((byte)'\r' or 0))
            {
                _line.Add(b);
                if (_line.Count == LineBytes)
                {
                    EndLine(items);
                }
            }
        }
    }

    private void EndLine(List<SerialItem> items, bool always = false)
    {
        if (_line.Count == 0 && !always)
        {
            return;
        }

        // What the chip sends at another speed, or a broken byte, must not move a terminal's cursor.
        string text = new([.. Encoding.UTF8.GetString([.. _line]).Select(c => char.IsControl(c) && c != '\t' ? '\uFFFD' : c)]);
        _line.Clear();
        items.Add(new SerialItem.Line(text));
    }
}
