//# string interpolation
public static class S
{
    public static string Of(int n, string s) => $"{n} and {s}";
}

//# interpolation with format/align
public static class S
{
    public static string Of(int n) => $"{n,5} {n:X2}";
}

//# foreach over array
public static class S
{
    public static int Sum(int[] numbers)
    {
        int sum = 0;
        foreach (int n in numbers)
        {
            sum += n;
        }

        return sum;
    }
}

//# foreach over ArrayList/Hashtable
using System.Collections;

public static class S
{
    public static int Count(ArrayList list, Hashtable table)
    {
        int n = 0;
        foreach (object each in list)
        {
            n += each == null ? 0 : 1;
        }

        foreach (DictionaryEntry each in table)
        {
            n += each.Key == null ? 0 : 1;
        }

        return n;
    }
}

//# foreach over string
public static class S
{
    // Over the string itself it works and takes the square of the length: NANO009.
    public static int Sum(string text)
    {
        int sum = 0;
        foreach (char c in text.ToCharArray())
        {
            sum += c;
        }

        return sum + text[0];
    }
}

//# lock
public class S
{
    private readonly object _lock = new object();
    private int _n;

    public int Next()
    {
        lock (_lock)
        {
            return ++_n;
        }
    }
}

//# using statement
using System.IO;

public static class S
{
    public static long Length()
    {
        using (var stream = new MemoryStream())
        {
            return stream.Length;
        }
    }
}

//# using declaration (C#8)
using System.IO;

public static class S
{
    public static long Length()
    {
        using var stream = new MemoryStream();
        return stream.Length;
    }
}

//# try/catch/finally + when filter
using System;

public static class S
{
    public static int Try(int n)
    {
        try
        {
            return 10 / n;
        }
        catch (ArgumentException e) when (e.Message != null && n == 0)
        {
            return -1;
        }
        catch
        {
            return -2;
        }
        finally
        {
            n++;
        }
    }
}

//# nested try/finally rethrow
using System;

public static class S
{
    public static void Try()
    {
        try
        {
            try
            {
                throw new Exception("a");
            }
            finally
            {
                GC.SuppressFinalize(new object());
            }
        }
        catch (Exception)
        {
            throw;
        }
    }
}

//# pattern: is type
public static class S
{
    public static int Length(object o) => o is string s ? s.Length : 0;
}

//# pattern: switch expression
public static class S
{
    public static string Of(int n) => n switch { 0 => "none", 1 => "one", _ => "many" };
}

//# pattern: property/and/or/not
public static class S
{
    public static bool Of(object o, int n) => o is string { Length: > 2 and < 9 } && n is 1 or 3 && o is not null;
}

//# switch on string (8 cases)
public static class S
{
    public static int Of(string s)
    {
        switch (s)
        {
            case "a": return 1;
            case "b": return 2;
            case "c": return 3;
            case "d": return 4;
            case "e": return 5;
            case "f": return 6;
            case "g": return 7;
            case "h": return 8;
            default: return 0;
        }
    }
}

//# switch statement with type pattern
public static class S
{
    public static int Of(object o)
    {
        switch (o)
        {
            case string s when s.Length > 3: return 1;
            case int n: return n;
            case null: return 0;
            default: return 2;
        }
    }
}

//# enum + ToString + flags
using System;

[Flags]
public enum Sides : uint
{
    None = 0,
    Left = 1,
    Right = 2,
}

public static class S
{
    // The text of the enum itself is its number: NANO006. Of the number it is what is meant.
    public static string Of(Sides sides)
    {
        object kept = sides;
        return (sides & Sides.Left) != 0 && kept.Equals(Sides.Left) && sides.GetHashCode() > 0 ? ((int)(long)(uint)sides).ToString() : "none " + (uint)sides;
    }
}

//# auto property + init initializer
public class S
{
    public int Size { get; set; } = 4;

    public static S Make() => new S { Size = 3 };
}

//# init accessor (C#9)
namespace System.Runtime.CompilerServices
{
    internal static class IsExternalInit
    {
    }
}

public class S
{
    public int Size { get; init; }

    public static S Make() => new S { Size = 3 };
}

//# primary constructor class (C#12)
public class S(int size)
{
    public int Double() => size * 2;
}

//# expression-bodied, static using, nameof
using static System.Math;

public static class S
{
    public static int Of(int n) => Max(n, 3) + nameof(Of).Length;
}

//# local function
public static class S
{
    public static int Of(int n)
    {
        int Twice(int k) => k * 2 + n;
        return Twice(n);
    }
}

//# static lambda / closure
using System;

public delegate int Maker(int n);

public static class S
{
    public static int Of(int n)
    {
        Maker plain = static k => k + 1;
        Maker closed = k => k + n;
        return plain(1) + closed(2);
    }
}

//# Action (non generic)
using System;

public static class S
{
    public static void Run(Action action)
    {
        action();
        action += () => { };
        action.Invoke();
    }
}

//# SpanByte (nF)
using System;

public static class S
{
    public static int Of(byte[] buffer)
    {
        var span = new SpanByte(buffer, 1, 2);
        return span.Length + span[0];
    }
}

//# unsafe pointers
public static unsafe class S
{
    // Not in a variable, though: NANO015.
    public static int Of(int n)
    {
        Set(&n);
        return n;
    }

    private static void Set(int* at)
    {
        *at += 5;
    }
}

//# jagged array
public static class S
{
    public static int Of()
    {
        int[][] rows = { new[] { 1 }, new[] { 2, 3 } };
        return rows[1][0];
    }
}

//# collection initializer ArrayList
using System.Collections;

public static class S
{
    public static ArrayList Of() => new ArrayList { 1, "a", null };
}

//# collection expression [1,2] (C#12)
public static class S
{
    public static int[] Of() => [1, 2];
}

//# params array
public static class S
{
    public static int Count(params object[] all) => all.Length;

    public static int Of() => Count(1, "a", 'b');
}

//# optional/named args
public static class S
{
    public static int Of(int a, int b = 2, string c = null) => a - b;

    public static int Use() => Of(b: 1, a: 3);
}
