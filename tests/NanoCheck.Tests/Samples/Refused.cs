//# pattern: list pattern (C#11)
public static class S
{
    public static bool Of(int[] n) => n is [1, .., 2];
}

//# null ?. ?? ??=
public static class S
{
    public static int Of(string s) => s?.Length ?? 0;
}

//# Nullable<T> (int?)
public static class S
{
    public static int? Of() => 5;
}

//# nullable reference annotations (string?)
#nullable enable
public static class S
{
    public static int Of(string? s) => s?.Length ?? 0;
}

//# record class (C#9)
public record S(int A);

//# record struct (C#10)
public record struct S(int A);

//# required member (C#11)
public class S
{
    public required int A;
}

//# List<T>
using System.Collections.Generic;

public static class S
{
    public static object Of() => new List<int>();
}

//# yield return IEnumerable
using System.Collections;

public static class S
{
    public static IEnumerable Of()
    {
        yield return 1;
    }
}

//# yield return IEnumerator
using System.Collections;

public static class S
{
    public static IEnumerator Of()
    {
        yield return 1;
    }
}

//# async/await Task
using System.Threading.Tasks;

public static class S
{
    public static async Task Of() => await Task.Delay(1);
}

//# Span<T>
using System;

public static class S
{
    public static int Of(byte[] b)
    {
        Span<byte> s = b;
        return s.Length;
    }
}

//# ReadOnlySpan<char>
using System;

public static class S
{
    public static int Of(ReadOnlySpan<char> s) => s.Length;
}

//# stackalloc
using System;

public static class S
{
    public static int Of()
    {
        Span<byte> s = stackalloc byte[4];
        return s.Length;
    }
}

//# tuples / deconstruction
public static class S
{
    public static (int A, string B) Of() => (1, "a");
}

//# index/range ^1 [1..2]
public static class S
{
    public static int Of(int[] n) => n[^1] + n[1..2].Length;
}

//# string range s[1..2]
public static class S
{
    public static string Of(string s) => s[1..2];
}

//# u8 string literal
using System;

public static class S
{
    public static int Of()
    {
        ReadOnlySpan<byte> s = "a"u8;
        return s.Length;
    }
}

//# decimal
public static class S
{
    public static decimal Of() => 1.5m;
}

//# StringBuilder insert/remove/replace
using System.Text;

public static class S
{
    public static object Of() => new StringBuilder("a").Insert(0, "b");
}

//# string.Join/Concat/Replace/LastIndexOf
public static class S
{
    public static string Of() => string.Join(",", new[] { "a" });
}

//# string.Replace
public static class S
{
    public static string Of(string s) => s.Replace("a", "b");
}

//# string.IsNullOrWhiteSpace
public static class S
{
    public static bool Of(string s) => string.IsNullOrWhiteSpace(s);
}

//# char.IsDigit/IsLetter/IsWhiteSpace
public static class S
{
    public static bool Of(char c) => char.IsDigit(c);
}

//# char.IsWhiteSpace
public static class S
{
    public static bool Of(char c) => char.IsWhiteSpace(c);
}

//# Stopwatch
public static class S
{
    public static object Of() => new System.Diagnostics.Stopwatch();
}

//# dynamic
public static class S
{
    public static int Of(object o)
    {
        dynamic d = o;
        return d.Length;
    }
}

//# LINQ
using System.Linq;

public static class S
{
    public static int Of(int[] n) => n.Max();
}

//# Dictionary<string,int>
using System.Collections.Generic;

public static class S
{
    public static object Of() => new Dictionary<string, int>();
}

//# anonymous type
public static class S
{
    public static object Of() => new { A = 1 };
}

//# volatile/Interlocked/Monitor
public class S
{
    private volatile bool _b;

    public bool Of() => _b;
}
