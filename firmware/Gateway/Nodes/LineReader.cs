namespace IotXmpp.Gateway;

/// <summary>Lines of a stream, LF or CRLF, no longer than a bound: a longer one is skipped to its end and reported, and costs no memory.</summary>
/// <param name="stream">The stream.</param>
/// <param name="maxBytes">Bytes of a line at most.</param>
internal sealed class LineReader(Stream stream, int maxBytes)
{
    private readonly byte[] _buffer = new byte[maxBytes + 2];
    private int _start;
    private int _end;
    private bool _skipping;

    /// <summary>The next line.</summary>
    /// <returns>The line, valid until the next call; empty for one that was too long; null at the end.</returns>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (at >= 0)
            {
                int from = _start;
                _start += at + 1;
                if (_skipping)
                {
                    _skipping = false;
                    return ReadOnlyMemory<byte>.Empty;
                }

                int length = at > 0 && _buffer[from + at - 1] == '\r' ? at - 1 : at;
                if (length == 0)
                {
                    continue; // an empty line says nothing
                }

                return _buffer.AsMemory(from, length);
            }

            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }

            if (_end == _buffer.Length)
            {
                _skipping = true;
                _end = 0;
            }

            int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return null;
            }

            _end += read;
        }
    }
}
