using System.Buffers;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>
/// Gathers the messages of one unit of work for one row of the journal. The format is on disk and frozen by a test: for each message its place less the one before, the stanza's length, then for one archive
/// or two the owner, the salt, the peer and the resource; an empty owner behind the first says that there is no second (<see cref="ArchiveFormat"/>).
/// </summary>
internal sealed class ArchiveJournalBatch
{
    private readonly ArrayBufferWriter<byte> _entries = new(4096);
    private readonly ArrayBufferWriter<byte> _stanzas = new(16 * 1024);

    /// <summary>Messages in it.</summary>
    public int Count { get; private set; }

    /// <summary>The place of the first.</summary>
    public long First { get; private set; }

    /// <summary>The place of the last.</summary>
    public long Last { get; private set; }

    /// <summary>What is said about the messages.</summary>
    public ReadOnlySpan<byte> Entries => _entries.WrittenSpan;

    /// <summary>The stanzas, one behind the other.</summary>
    public ReadOnlySpan<byte> Stanzas => _stanzas.WrittenSpan;

    /// <summary>Adds a message, which is behind all that are in it.</summary>
    public void Add(ArchiveId id, ArchiveEntry entry, long otherSalt, ArchiveEntry? other)
    {
        if (Count++ == 0)
        {
            First = id.Seq;
        }

        _entries.WriteNumber(id.Seq - Last);
        Last = id.Seq;
        _entries.WriteNumber(entry.Stanza.Length);
        WriteOwner(entry, id.Salt);
        if (other is { } second)
        {
            WriteOwner(second, otherSalt);
        }
        else
        {
            _entries.WriteText(string.Empty);
        }

        _stanzas.Write(entry.Stanza);
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        Count = 0;
        First = Last = 0;
        _entries.ResetWrittenCount();
        _stanzas.ResetWrittenCount();
    }

    private void WriteOwner(ArchiveEntry entry, long salt)
    {
        _entries.WriteText(entry.Owner);
        _entries.WriteSalt(salt);
        _entries.WriteText(entry.Peer);
        _entries.WriteText(entry.Resource);
    }
}

/// <summary>Reads what <see cref="ArchiveJournalBatch"/> has written about messages, one archive after the other.</summary>
internal ref struct ArchiveJournalReader(ReadOnlySpan<byte> entries)
{
    private ArchiveFormatReader _reader = new(entries);
    private bool _hasOther;
    private long _seq;
    private int _end;

    /// <summary>Whose archive the message is for.</summary>
    public ReadOnlySpan<byte> Owner { get; private set; }

    /// <summary>Its id there.</summary>
    public ArchiveId Id { get; private set; }

    /// <summary>The other's bare JID.</summary>
    public ReadOnlySpan<byte> Peer { get; private set; }

    /// <summary>The other's resource; empty for none.</summary>
    public ReadOnlySpan<byte> Resource { get; private set; }

    /// <summary>Where its stanza begins.</summary>
    public int Offset { get; private set; }

    /// <summary>How long its stanza is.</summary>
    public int Length { get; private set; }

    /// <summary>Goes to the next archive of the message, or to the next message.</summary>
    public bool Read()
    {
        if (_hasOther)
        {
            _hasOther = false;
            Owner = _reader.ReadText();
            if (!Owner.IsEmpty)
            {
                ReadRest();
                return true;
            }
        }

        if (_reader.IsEmpty)
        {
            return false;
        }

        _seq += _reader.ReadNumber();
        Offset = _end;
        Length = (int)_reader.ReadNumber();
        _end += Length;
        Owner = _reader.ReadText();
        ReadRest();
        _hasOther = true;
        return true;
    }

    private void ReadRest()
    {
        Id = new ArchiveId(_seq, _reader.ReadSalt());
        Peer = _reader.ReadText();
        Resource = _reader.ReadText();
    }
}
