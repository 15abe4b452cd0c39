using System.Text;
using BenchmarkDotNet.Attributes;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Benchmarks;

/// <summary>The first layer: bytes to elements, and an element's start tag to a stanza. Times are for one element.</summary>
[MemoryDiagnoser]
public class TokenizerBenchmarks
{
    private const int Batch = 8;
    private readonly StreamTokenizer _tokenizer = new(64 * 1024, 64, 64);
    private readonly byte[] _messages = Samples.Repeat(Samples.Message, Batch);
    private readonly byte[] _publishes = Samples.Repeat(Samples.Publish, Batch);
    private readonly Stanza _stanza = new();

    [GlobalSetup]
    public void Open()
    {
        if (_tokenizer.Next(Encoding.UTF8.GetBytes(Samples.StreamHeader)).Kind != TokenKind.StreamStart)
        {
            throw new InvalidOperationException("The stream did not open.");
        }
    }

    [Benchmark(OperationsPerInvoke = Batch, Description = "tokenize a message, 8 in a read")]
    public int Messages() => Cut(_messages);

    [Benchmark(OperationsPerInvoke = Batch, Description = "tokenize a publish, 8 in a read")]
    public int Publishes() => Cut(_publishes);

    [Benchmark(OperationsPerInvoke = Batch, Description = "tokenize a message that comes in 3 reads")]
    public int MessagesInPieces()
    {
        var elements = 0;
        ReadOnlySpan<byte> bytes = _messages;
        var length = Samples.Message.Length;
        for (var i = 0; i < Batch; i++)
        {
            var message = bytes.Slice(i * length, length);
            _tokenizer.Next(message[..40]);
            _tokenizer.Next(message[..90]);
            elements += _tokenizer.Next(message).Kind == TokenKind.Element ? 1 : 0;
        }

        return Check(elements);
    }

    [Benchmark(Description = "load a stanza's start tag")]
    public StanzaKind Load()
    {
        _stanza.Load(Samples.Message);
        return _stanza.Kind;
    }

    private static int Check(int elements) => elements == Batch ? elements : throw new InvalidOperationException($"{elements} elements instead of {Batch}");

    private int Cut(byte[] bytes)
    {
        var at = 0;
        var elements = 0;
        while (true)
        {
            var token = _tokenizer.Next(bytes.AsSpan(at));
            if (token.Kind != TokenKind.Element)
            {
                return Check(elements);
            }

            elements++;
            at += token.Start + token.Length;
        }
    }
}
