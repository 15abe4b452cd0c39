using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.Fuzz.Engine;

/// <summary>An input for which something does not hold.</summary>
/// <param name="Target">The target.</param>
/// <param name="Input">The input, as short as it could be made.</param>
/// <param name="Error">What happened.</param>
internal sealed record Finding(string Target, byte[] Input, Exception Error)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Target}: {Error.GetType().Name}: {Error.Message}\n  input: {Escapes.Write(Input)}\n{Error.StackTrace}";
}

/// <summary>Gives a target one input after another. The same seed gives the same inputs, unless branches are watched.</summary>
internal sealed class FuzzRun
{
    /// <summary>Inputs that are kept as seeds at most (8,192): beyond that a new kind takes the place of a random one.</summary>
    private const int PoolLimit = 8192;

    /// <summary>How often a finding is tried shorter (2,000): it need not be the shortest, only short enough to read.</summary>
    private const int ShortenTries = 2000;

    private readonly FuzzTarget _target;
    private readonly Random _dice;
    private readonly Mutator _mutator;
    private readonly List<byte[]> _pool;
    private readonly HashSet<ulong> _kinds = [];

    /// <param name="target">The target.</param>
    /// <param name="seed">What the dice begin with.</param>
    public FuzzRun(FuzzTarget target, int seed)
    {
        _target = target;
        _dice = new Random(seed);
        _mutator = new Mutator(_dice, target.Words, target.MaxBytes);
        _pool = [.. target.Seeds(), .. Escapes.Regressions(target.Name)];
    }

    /// <summary>How many inputs were tried.</summary>
    public long Inputs { get; private set; }

    /// <summary>How many kinds of behaviour were seen.</summary>
    public int Kinds => _kinds.Count;

    /// <summary>How many seeds there are.</summary>
    public int Pool => _pool.Count;

    /// <summary>The input that is being tried, for whoever watches from outside.</summary>
    public byte[] Current { get; private set; } = [];

    /// <summary>Tries the seeds, then inputs made of them.</summary>
    /// <param name="goesOn">Whether there shall be one more.</param>
    /// <returns>The first finding, or null.</returns>
    public Finding? Go(Func<bool> goesOn)
    {
        foreach (var seed in _pool.ToArray())
        {
            if (Try(seed) is { } broken)
            {
                return Shorten(seed, broken);
            }
        }

        while (goesOn())
        {
            var input = _mutator.Change(_pool[_dice.Next(_pool.Count)], _pool[_dice.Next(_pool.Count)]);
            if (Try(input) is { } broken)
            {
                return Shorten(input, broken);
            }
        }

        return null;
    }

    /// <summary>Tries one input; returns what does not hold, or null.</summary>
    public Exception? Try(byte[] input)
    {
        Inputs++;
        Current = input;
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Coverage.Begin();
            var kind = _target.Run(input, new Random(Seed(input)));
            var isNew = Coverage.End();
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > _target.AllocationLimit(input.Length))
            {
                return new BrokenException($"{allocated:N0} bytes were allocated for {input.Length:N0} of input");
            }

            if (_kinds.Add(kind) || isNew)
            {
                Keep(input);
            }

            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private static int Seed(byte[] input) => BitConverter.ToInt32(SHA256.HashData(input));

    private void Keep(byte[] input)
    {
        if (_pool.Count < PoolLimit)
        {
            _pool.Add(input);
        }
        else
        {
            _pool[_dice.Next(_pool.Count)] = input;
        }
    }

    // Pieces are left out, large ones first, as long as it stays the same kind of trouble.
    private Finding Shorten(byte[] input, Exception broken)
    {
        var best = input;
        var tries = 0;
        for (var piece = best.Length / 2; piece > 0 && tries < ShortenTries; piece /= 2)
        {
            for (var at = 0; at + piece <= best.Length && tries < ShortenTries;)
            {
                tries++;
                byte[] shorter = [.. best[..at], .. best[(at + piece)..]];
                if (Try(shorter) is { } same && same.GetType() == broken.GetType() && Words(same) == Words(broken))
                {
                    (best, broken) = (shorter, same);
                }
                else
                {
                    at += piece;
                }
            }
        }

        return new Finding(_target.Name, best, broken);
    }

    private static string Words(Exception e) => e is BrokenException ? e.Message.Split(':')[0].Split(' ')[^1] : e.TargetSite?.Name ?? "";
}

/// <summary>Inputs as lines of text: what is not printable ASCII is <c>\xNN</c>.</summary>
internal static class Escapes
{
    /// <summary>Writes an input.</summary>
    public static string Write(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var b in bytes)
        {
            text.Append(b is >= 0x20 and < 0x7F and not (byte)'\\' ? ((char)b).ToString() : $"\\x{b:X2}");
        }

        return text.ToString();
    }

    /// <summary>Reads an input.</summary>
    public static byte[] Read(string line)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\')
            {
                bytes.Add(Convert.ToByte(line.Substring(i + 2, 2), 16));
                i += 3;
            }
            else
            {
                bytes.Add((byte)line[i]);
            }
        }

        return [.. bytes];
    }

    /// <summary>What was found before: tests/Fuzz/Regressions/NAME.txt, a line each.</summary>
    public static IEnumerable<byte[]> Regressions(string target)
    {
        var file = TestKit.Repository.Path("tests", "Fuzz", "Regressions", target + ".txt");
        return File.Exists(file) ? File.ReadLines(file).Where(line => line.Length > 0 && !line.StartsWith("# ", StringComparison.Ordinal)).Select(Read) : [];
    }
}
