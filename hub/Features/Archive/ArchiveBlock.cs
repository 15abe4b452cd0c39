using System.Buffers;
using System.Text;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>
/// Gathers messages of one archive, in their order, for one row: what is said about them, and behind that, in a column of its own, the stanzas. The format is on disk and frozen by a test: for each
/// message its place less the one before, the salt, the peer (empty for the one before), the resource, the stanza's length (<see cref="ArchiveFormat"/>).
/// </summary>
internal sealed class ArchiveBlockBuilder
{
    /// <summary>Messages of a row (64): what a query reads to find a few, and what goes at once when an archive is too large.</summary>
    public const int MaxMessages = 64;

    /// <summary>Bytes of stanzas after which a row is full (32 KiB, eight pages of SQLite's), likewise.</summary>
    public const int MaxBytes = 32 * 1024;

    private readonly ArrayBufferWriter<byte> _entries = new(1024);
    private readonly ArrayBufferWriter<byte> _stanzas = new(4096);
    private byte[] _peer = [];

    /// <summary>Messages in it.</summary>
    public int Count { get; private set; }

    /// <summary>The place of the first.</summary>
    public long First { get; private set; }

    /// <summary>The place of the last.</summary>
    public long Last { get; private set; }

    /// <summary>Whether no more should come in.</summary>
    public bool IsFull => Count >= MaxMessages || _stanzas.WrittenCount >= MaxBytes;

    /// <summary>What is said about the messages.</summary>
    public ReadOnlySpan<byte> Entries => _entries.WrittenSpan;

    /// <summary>The stanzas, one behind the other.</summary>
    public ReadOnlySpan<byte> Stanzas => _stanzas.WrittenSpan;

    /// <summary>Adds a message, which is behind all that are in it.</summary>
    public void Add(ArchiveId id, ReadOnlySpan<byte> peer, ReadOnlySpan<byte> resource, ReadOnlySpan<byte> stanza)
    {
        if (Count++ == 0)
        {
            First = id.Seq;
            Last = 0;
            _peer = [];
        }

        _entries.WriteNumber(id.Seq - Last);
        Last = id.Seq;
        _entries.WriteSalt(id.Salt);
        if (peer.SequenceEqual(_peer))
        {
            peer = default;
        }
        else
        {
            _peer = peer.ToArray();
        }

        _entries.WriteText(peer);
        _entries.WriteText(resource);
        _entries.WriteNumber(stanza.Length);
        _stanzas.Write(stanza);
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        Count = 0;
        _entries.ResetWrittenCount();
        _stanzas.ResetWrittenCount();
    }
}

/// <summary>Reads what <see cref="ArchiveBlockBuilder"/> has written about messages, one after the other.</summary>
internal ref struct ArchiveBlockReader(ReadOnlySpan<byte> entries)
{
    private ArchiveFormatReader _reader = new(entries);
    private long _seq;
    private int _end;

    /// <summary>The message's id.</summary>
    public ArchiveId Id { get; private set; }

    /// <summary>The other's bare JID.</summary>
    public ReadOnlySpan<byte> Peer { get; private set; }

    /// <summary>The other's resource; empty for none.</summary>
    public ReadOnlySpan<byte> Resource { get; private set; }

    /// <summary>Where its stanza begins.</summary>
    public int Offset { get; private set; }

    /// <summary>How long its stanza is.</summary>
    public int Length { get; private set; }

    /// <summary>Goes to the next message.</summary>
    public bool Read()
    {
        if (_reader.IsEmpty)
        {
            return false;
        }

        _seq += _reader.ReadNumber();
        Id = new ArchiveId(_seq, _reader.ReadSalt());
        ReadOnlySpan<byte> peer = _reader.ReadText();
        Peer = peer.IsEmpty ? Peer : peer;
        Resource = _reader.ReadText();
        Offset = _end;
        Length = (int)_reader.ReadNumber();
        _end += Length;
        return true;
    }
}

/// <summary>Which messages of a block are meant.</summary>
/// <param name="with">Only with this address: bare matches all its resources; or null.</param>
/// <param name="after">Behind this place.</param>
/// <param name="before">Before this one.</param>
internal sealed class ArchiveFilter(Jid? with, long after, long before)
{
    private readonly byte[] _peer = with is null ? [] : Encoding.UTF8.GetBytes(with.Bare.ToString());
    private readonly byte[] _resource = with is null ? [] : Encoding.UTF8.GetBytes(with.Resource);

    public long After { get; set; } = after;

    public long Before { get; set; } = before;

    /// <summary>Whether only places count.</summary>
    public bool IsByPlace => with is null;

    public bool Takes(in ArchiveBlockReader entry) => entry.Id.Seq > After && entry.Id.Seq < Before
        && (with is null || (entry.Peer.SequenceEqual(_peer) && (_resource.Length == 0 || entry.Resource.SequenceEqual(_resource))));
}
