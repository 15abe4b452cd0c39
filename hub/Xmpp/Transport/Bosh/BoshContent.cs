using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>Works off what a request carries, whose turn it is: what it says of the stream, then its elements in their order.</summary>
internal static class BoshContent
{
    /// <summary>Works a request off.</summary>
    /// <param name="session">The session.</param>
    /// <param name="request">What its start tag says.</param>
    /// <param name="body">All of it.</param>
    /// <param name="tokenizer">Has read the start tag.</param>
    /// <param name="offset">Where that ends.</param>
    public static async ValueTask HandleAsync(BoshSession session, BoshRequest request, ReadOnlyMemory<byte> body, StreamTokenizer tokenizer, int offset)
    {
        C2sStream stream = session.Stream;
        session.Outer = tokenizer.StreamPrefixes;
        bool batch = FlushBatch.Begin();
        try
        {
            if (request.Pause > session.Options.MaxPauseSeconds)
            {
                session.Refuse("policy-violation");
            }
            else if (request.IsEmpty && body.Span[offset..].ContainsAnyExcept(" \t\r\n"u8))
            {
                session.Refuse("bad-request");
            }
            else if (!session.IsCreated)
            {
                stream.Open(session.Header);
            }
            else if (request.IsRestart)
            {
                stream.Open(request.HasTo ? Header(body.Span[..offset], session.Domain) : session.Header);
            }

            while (stream.State != StreamState.Closed && !request.IsEmpty)
            {
                Token token = tokenizer.Next(body.Span[offset..]);
                ReadOnlyMemory<byte> bytes = body.Slice(offset + token.Start, token.Length);
                offset += token.Start + token.Length;
                if (token.Kind != TokenKind.Element)
                {
                    if (token.Kind != TokenKind.StreamEnd || body.Span[offset..].ContainsAnyExcept(" \t\r\n"u8))
                    {
                        // §17.2: what is no XML, or is more or less than one body. What was whole before it has been taken.
                        session.Refuse("bad-request");
                    }

                    break;
                }

                ValueTask handled = stream.HandleElementAsync(bytes, token.IsPlain);
                if (!handled.IsCompletedSuccessfully)
                {
                    if (batch)
                    {
                        FlushBatch.End();
                        batch = false;
                    }

                    await handled.ConfigureAwait(false);
                    batch = FlushBatch.Begin();
                }
            }

            if (request.IsTerminate && stream.State != StreamState.Closed)
            {
                stream.ClosedByPeer();
            }
        }
        finally
        {
            if (batch)
            {
                FlushBatch.End();
            }
        }
    }

    private static StreamHeader Header(ReadOnlySpan<byte> tag, Jid domain)
    {
        var reader = new XmlSpanReader(tag, " "u8);
        reader.Read();
        return StreamHeader.ReadSurrounding(reader, domain);
    }
}
