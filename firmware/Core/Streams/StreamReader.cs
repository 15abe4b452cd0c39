using System;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>What a stream is made of, as the reader finds it.</summary>
internal interface IStreamSink
{
    /// <summary>The server's stream header; the parser stands on it.</summary>
    void StreamOpened(XmlPullParser parser);

    /// <summary>A whole child of the stream; the parser stands on its start tag.</summary>
    void ElementReceived(Stanza stanza, XmlPullParser parser);

    /// <summary>A stanza that was larger than the buffer and has been dropped; only its addressing is known.</summary>
    void Oversized(Stanza stanza);

    /// <summary>The server closed its stream.</summary>
    void StreamClosed();

    /// <summary>The input is refused.</summary>
    void Refused(XmlError error);
}

/// <summary>
/// Cuts the incoming bytes into stanzas. Each is parsed (and thereby checked) as it arrives and handed on when it is whole, so that nobody acts on half a stanza;
/// the one receive buffer is bounded, and what is larger is read through and dropped.
/// </summary>
internal sealed class StreamReader
{
    private readonly IStreamSink _sink;
    private readonly XmlPullParser _parser;
    private readonly Stanza _stanza;
    private readonly int _first;
    private readonly int _maximum;

    private byte[] _buffer;
    private int _end;
    private int _stanzaStart = -1;
    private bool _skipping;
    private bool _restart;
    private bool _dead = true;
    private bool _fresh; // nothing of the document has come yet

    internal StreamReader(IStreamSink sink, ClientOptions options)
    {
        _sink = sink;
        _parser = new XmlPullParser(options.Limits);
        _stanza = new Stanza(_parser);
        _first = options.ReceiveBufferBytes;
        _maximum = options.ReceiveBufferMaximum;
        _buffer = new byte[_first];
    }

    /// <summary>A new connection: nothing read yet.</summary>
    internal void Begin()
    {
        _end = 0;
        _stanzaStart = -1;
        _skipping = false;
        _restart = false;
        _dead = false;
        _fresh = true;
        _parser.Reset(_buffer, 0, 0);
    }

    /// <summary>The server will open a new stream on the same connection (RFC 6120 §5.4.3.3, §6.4.6).</summary>
    internal void Restart()
    {
        _restart = true;
    }

    /// <summary>The connection is over: what is still in the buffer is not looked at.</summary>
    internal void Stop()
    {
        _dead = true;
    }

    /// <summary>Bytes that have arrived behind the element in hand.</summary>
    internal bool HasMore { get; private set; }

    internal void Feed(byte[] data, int offset, int count)
    {
        while (count > 0 && !_dead)
        {
            if (_fresh && IsSpace(data[offset]))
            {
                // white space that kept the connection alive is not part of the document, which must begin with its declaration
                offset++;
                count--;
                continue;
            }
            _fresh = false;
            if (_end == _buffer.Length || _stanzaStart < 0 && _parser.Position == _end)
            {
                MakeRoom();
                if (_dead)
                {
                    return;
                }
            }
            int take = _buffer.Length - _end < count ? _buffer.Length - _end : count;
            Array.Copy(data, offset, _buffer, _end, take);
            _end += take;
            offset += take;
            count -= take;
            _parser.SetEnd(_end);
            Pump(count > 0);
        }
    }

    private void Pump(bool moreToCome)
    {
        for (; ; )
        {
            switch (_parser.Next())
            {
                case XmlToken.NeedMore:
                    return;
                case XmlToken.Error:
                    _dead = true;
                    _sink.Refused(_parser.Error);
                    return;
                case XmlToken.StartElement:
                    if (_parser.Depth == 1)
                    {
                        HasMore = moreToCome || _parser.Position < _end;
                        _sink.StreamOpened(_parser);
                    }
                    else if (_parser.Depth == 2)
                    {
                        _stanzaStart = _parser.TokenStart;
                        _stanza.Capture(_parser);
                    }
                    break;
                case XmlToken.EndElement:
                    if (_parser.Depth == 1)
                    {
                        HasMore = moreToCome || _parser.Position < _end;
                        Complete();
                    }
                    else if (_parser.Depth == 0)
                    {
                        _dead = true;
                        _sink.StreamClosed();
                    }
                    break;
                case XmlToken.Text:
                    if (_parser.Depth == 1 && !_parser.IsWhiteSpace())
                    {
                        _dead = true;
                        _sink.Refused(XmlError.NotWellFormed);
                    }
                    break;
            }
            if (_dead)
            {
                return;
            }
        }
    }

    private void Complete()
    {
        int end = _parser.Position;
        int start = _stanzaStart;
        _stanzaStart = -1;
        if (_skipping)
        {
            _skipping = false;
            _sink.Oversized(_stanza);
            return;
        }
        _stanza.Complete(start, end - start);
        _parser.SetEnd(end);
        _parser.Rewind(start);
        _parser.Next();
        _sink.ElementReceived(_stanza, _parser);
        if (_restart)
        {
            _restart = false;
            while (end < _end && IsSpace(_buffer[end]))
            {
                end++;
            }
            _fresh = end == _end;
            _parser.Reset(_buffer, end, _end - end);
            return;
        }
        _parser.Rewind(end);
        _parser.SetEnd(_end);
    }

    private static bool IsSpace(byte b)
    {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }

    // Drops what is done with; where that is not enough the buffer grows, and at its bound the stanza in hand is given up.
    private void MakeRoom()
    {
        int keep = _stanzaStart >= 0 && !_skipping ? _stanzaStart : _parser.Position;
        if (keep == 0 && _end == _buffer.Length)
        {
            if (_buffer.Length < _maximum)
            {
                int size = _buffer.Length * 2 < _maximum ? _buffer.Length * 2 : _maximum;
                Move(new byte[size], 0);
                return;
            }
            if (_stanzaStart >= 0 && !_skipping)
            {
                _skipping = true;
                keep = _parser.Position;
            }
            if (keep == 0)
            {
                _dead = true;
                _sink.Refused(XmlError.LimitExceeded);
                return;
            }
        }
        // what grew for one large stanza is given back when all is read
        bool shrink = keep == _end && _buffer.Length > 16384 && _buffer.Length > _first;
        Move(shrink ? new byte[_first] : _buffer, keep);
    }

    private void Move(byte[] target, int keep)
    {
        Array.Copy(_buffer, keep, target, 0, _end - keep);
        _buffer = target;
        _end -= keep;
        if (_stanzaStart >= 0)
        {
            _stanzaStart = _skipping ? 0 : _stanzaStart - keep;
        }
        _parser.Moved(target, -keep);
    }
}
