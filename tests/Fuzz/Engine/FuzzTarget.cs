using System.Text;

namespace IotXmpp.Fuzz.Engine;

/// <summary>Something that hostile bytes are given to, and what must hold whatever they are.</summary>
internal abstract class FuzzTarget
{
    /// <summary>The name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What must hold, in one line.</summary>
    public abstract string Holds { get; }

    /// <summary>Good inputs, from which bad ones are made.</summary>
    public abstract IEnumerable<byte[]> Seeds();

    /// <summary>Words of the language, which chance would hardly find.</summary>
    public virtual IReadOnlyList<byte[]> Words => [];

    /// <summary>Bytes of the longest input (4 KiB): most faults of parsers show in short ones, and short ones are quick.</summary>
    public virtual int MaxBytes => 4096;

    /// <summary>
    /// What one input may allocate, in bytes. Each target does its work many times over (splits, a second parser, System.Xml), so this is no figure of the hub: it finds what grows with more than
    /// the input's length.
    /// </summary>
    public virtual long AllocationLimit(int length) => 4_000_000 + (40_000L * length);

    /// <summary>Tries one input.</summary>
    /// <param name="input">The input.</param>
    /// <param name="dice">For splits and the like; it is made of the input, so that the input alone tells all.</param>
    /// <returns>What kind of behaviour this was: inputs of a new kind are kept as seeds.</returns>
    /// <exception cref="Exception">Something does not hold: <see cref="BrokenException"/>, or what the code under test threw.</exception>
    public abstract ulong Run(byte[] input, Random dice);

    /// <summary>Text as the bytes of an input.</summary>
    protected static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Something must be so.</summary>
    protected static void Hold(bool isSo, string what)
    {
        if (!isSo)
        {
            throw new BrokenException(what);
        }
    }

    /// <summary>One number of several small ones.</summary>
    protected static ulong Kind(params ReadOnlySpan<int> parts)
    {
        ulong kind = 14695981039346656037;
        foreach (var part in parts)
        {
            kind = (kind ^ (uint)part) * 1099511628211;
        }

        return kind;
    }

    /// <summary>How much there is of something, coarsely: 0, 1, 2, 3–4, 5–8 …</summary>
    protected static int Size(int count) => count <= 2 ? count : 2 + (int)Math.Ceiling(Math.Log2(count));
}

/// <summary>What must hold does not.</summary>
internal sealed class BrokenException(string what) : Exception(what);
