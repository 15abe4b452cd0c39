//# ref/out/in, out var
public static class S
{
    public static void Three(ref int a, out long b, in int c)
    {
        a += c;
        b = a;
    }

    public static long Of()
    {
        int a = 1;
        Three(ref a, out var b, 4);
        return a + b;
    }
}

//# struct with methods/ctor
public struct Point
{
    public int X;

    public Point(int x) => X = x;

    public int Twice() => X * 2;

    public override string ToString() => "point " + X;

    public override bool Equals(object obj) => obj is Point other && other.X == X;

    public override int GetHashCode() => X;
}

public static class S
{
    public static string Of() => new Point(3).ToString() + new Point(4).Twice();

    public static object Find(System.Collections.Hashtable table) => table[new Point(5)] ?? table[7];
}

//# readonly struct / ref struct
public readonly struct Fixed
{
    public readonly int X;

    public Fixed(int x) => X = x;
}

public ref struct Window
{
    public int X;
}

public static class S
{
    public static int Of(Fixed f)
    {
        var w = new Window { X = f.X };
        return w.X;
    }
}

//# interface + abstract + virtual
public interface INamed
{
    string Name { get; }
}

public abstract class Base : INamed
{
    public abstract string Name { get; }

    public virtual int Size() => 1;
}

public sealed class Derived : Base
{
    public override string Name => "d";

    public override int Size() => base.Size() + 1;
}

//# events (add/remove)
using System;

public class S
{
    public event EventHandler Changed;

    public void Use(EventHandler handler)
    {
        Changed += handler;
        Changed -= handler;
        Changed?.Invoke(this, EventArgs.Empty);
    }
}

//# operator overloading
public readonly struct Money
{
    private readonly int _cents;

    public Money(int cents) => _cents = cents;

    public static Money operator +(Money a, Money b) => new Money(a._cents + b._cents);

    public static implicit operator int(Money m) => m._cents;
}

//# indexer
public class S
{
    private readonly byte[] _bytes = new byte[4];

    public byte this[int index]
    {
        get => _bytes[index];
        set => _bytes[index] = value;
    }
}

//# extension method
namespace System.Runtime.CompilerServices
{
    public class ExtensionAttribute : Attribute
    {
    }
}

public static class S
{
    public static int Twice(this int n) => n * 2;

    public static int Of() => 4.Twice();

    public static System.Action Later() => Nothing;

    private static void Nothing()
    {
    }
}

//# partial class/static ctor
public static partial class S
{
    private static readonly int[] Table;

    static S()
    {
        Table = new int[4];
        Table[0] = Count;
    }
}

public static partial class S
{
    private const int Count = 4;

    public static int Of() => Table[0];
}

//# static readonly field initialisers
public static class S
{
    private static readonly byte[] Word = { 1, 2, 3, 4, 5 };
    private static readonly int Length = Word.Length;
    private static readonly object Empty = string.Empty;

    public static int Of() => Length + Word[0] + (Empty == null ? 1 : 0) + Other.Count;
}

public static class Other
{
    public static int Count = 3;
}

//# const string / raw string literal
public static class S
{
    private const string Stanza = """<presence to="a"/>""";

    public static string Of() => Stanza;
}

//# long/ulong/decimal math
public static class S
{
    public static long Signed(long a, int b) => a / 10 % 7 >> 2 | b;

    public static ulong Unsigned(ulong a, uint b) => (a / 10 % 7 >> 2) | b;

    public static int Mixed(byte[] bytes, uint u, ulong w)
    {
        uint number = (uint)(bytes[0] << 24 | bytes[1]);
        long kept = u;
        long sum = long.MaxValue & u;
        bool small = u > 5 && w < 7 && kept <= uint.MaxValue && kept == (long)(w % 3) && u < kept;
        double real = u * 0.5 + w;
        int part = (int)(u >> 28);
        bytes[(int)u] = (byte)(number >> 24);
        part = (int)(long)u + (int)((long)u / 1000);
        return small ? part : (int)real + (int)sum;
    }

    // These two go by the instruction and not by the value.
    public static bool Compared(uint a, uint b) => (long)a - b < 0;

    public static int Divided(uint a, uint b) => (int)(((long)a - b) / 10);

    public static ulong Cast(long a) => (ulong)a % 10;

    public static long Widened(int a) => a;
}

//# double ToString/Parse
public static class S
{
    public static string Of(double d) => (double.Parse("1.5") + d).ToString() + d.ToString("F2");
}

//# goto/labels, do-while, ternary
public static class S
{
    public static int Of(int n)
    {
    again:
        do
        {
            n--;
        }
        while (n > 10);
        if (n > 5)
        {
            goto again;
        }

        return n > 0 ? 1 : 2;
    }
}

//# typeof/is/as/GetType
public static class S
{
    public static bool Of(object o) => o.GetType() == typeof(string) || o as string != null || o is int;
}

//# attributes/reflection GetMethod
using System;

public class MarkAttribute : Attribute
{
}

[Mark]
public class S
{
    public static string Of() => typeof(S).GetMethod("Of").Name;
}

//# string.IsNullOrEmpty/Compare/EndsWith/Contains
public static class S
{
    public static bool Of(string s) => string.IsNullOrEmpty(s) || string.Compare(s, "a") == 0 || s.EndsWith("b") || s.Contains("c");
}

//# string(char[],i,n), ToCharArray
public static class S
{
    public static string Of(string s) => new string(s.ToCharArray(), 0, 1);
}

//# Encoding.UTF8 + Decoder
using System.Text;

public static class S
{
    public static int Of(byte[] bytes)
    {
        var chars = new char[8];
        Encoding.UTF8.GetDecoder().Convert(bytes, 0, bytes.Length, chars, 0, 8, false, out int used, out int made, out bool done);
        return Encoding.UTF8.GetBytes("a").Length + (done ? used : made);
    }
}

//# Array.Copy/IndexOf/Clear/Resize
using System;

public static class S
{
    public static int Of(byte[] a, byte[] b)
    {
        Array.Copy(a, 0, b, 0, 2);
        Array.Clear(a, 0, 1);
        return Array.IndexOf(a, (byte)1);
    }
}

//# int.TryParse/Convert
using System;

public static class S
{
    public static int Of(string s) => int.TryParse(s, out int n) ? n : Convert.ToInt32("12");
}

//# DateTime parse ISO/ToString(o)
using System;

public static class S
{
    public static string Of() => (DateTime.UtcNow + TimeSpan.FromSeconds(3)).ToString("o");
}

//# DateTime.TryParse
using System;

public static class S
{
    public static bool Of(string s) => DateTime.TryParse(s, out DateTime t) && t.Year > 2000;
}

//# Thread/Timer/ManualResetEvent
using System.Threading;

public static class S
{
    public static void Of()
    {
        var done = new ManualResetEvent(false);
        new Thread(() => done.Set()).Start();
        var timer = new Timer(_ => done.Set(), null, 10, -1);
        done.WaitOne(10, false);
        timer.Dispose();
    }
}

//# CancellationToken / Thread.Abort
using System.Threading;

public static class S
{
    public static bool Of()
    {
        var source = new CancellationTokenSource();
        source.Cancel();
        return source.Token.IsCancellationRequested;
    }
}

//# MemoryStream/StreamReader
using System.IO;

public static class S
{
    public static string Of(byte[] bytes) => new StreamReader(new MemoryStream(bytes)).ReadLine();
}

//# WeakReference/GC/finalizer
using System;

public class S
{
    private readonly WeakReference _weak = new WeakReference(null);

    ~S()
    {
        GC.ReRegisterForFinalize(this);
    }

    public bool Alive => _weak.IsAlive;
}

//# Exception.StackTrace/InnerException
using System;

public static class S
{
    public static string Of()
    {
        try
        {
            throw new InvalidOperationException("a", new Exception("b"));
        }
        catch (Exception e)
        {
            return e.StackTrace + e.InnerException.Message + e.ToString();
        }
    }
}

//# file-scoped namespace / global using
global using System.Text;

namespace House;

public static class S
{
    public static StringBuilder Of() => new StringBuilder("a").Append('b').Append(3);
}

//# top-level statements
using System;

// Whatever ends a program is told: NANO019.
try
{
    Console.WriteLine("hello");
}
catch (Exception e)
{
    Console.WriteLine(e.Message);
}

//# Stack overflow depth 60
public static class S
{
    public static int Down(int n) => n == 0 ? 0 : 1 + Down(n - 1);
}

//# Stack depth 2000
public static class S
{
    public static int Deep(int a)
    {
        int b = a + (a * (a + (a * (a + (a * (a + (a * (a + 1))))))));
        return b;
    }
}
