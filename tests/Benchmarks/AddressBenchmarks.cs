using System.Text;
using BenchmarkDotNet.Attributes;
using IotXmpp.Hub.Addresses;

namespace IotXmpp.Benchmarks;

/// <summary>RFC 7622 addresses: prepared anew, and out of the cache that routing uses.</summary>
[MemoryDiagnoser]
public class AddressBenchmarks
{
    private readonly byte[] _ascii = Encoding.UTF8.GetBytes("esp32-a4cf12@things.example.org/thing");
    private readonly byte[] _unicode = Encoding.UTF8.GetBytes("fußball@bücher.example/Κήπος");
    private readonly JidCache _cache = new();

    [Benchmark(Description = "prepare an ASCII full JID")]
    public bool Ascii() => JidPrep.TryParse(_ascii, out _);

    [Benchmark(Description = "prepare a full JID outside ASCII")]
    public bool Unicode() => JidPrep.TryParse(_unicode, out _);

    [Benchmark(Description = "the same ASCII JID out of the cache")]
    public bool Cached() => _cache.TryParse(_ascii, out _);
}
