//# NANO001 generic class | user generic class
public class Box<T> // <- NANO001
{
    public T Value;
    public T Get() => Value;
}

public class User
{
    public int Use()
    {
        var box = new Box<int>(); // <- NANO002
        return 0;
    }
}

//# NANO001 generic struct
public struct Pair<TFirst, TSecond> // <- NANO001
{
    public TFirst First;
    public TSecond Second;
}

//# NANO001 generic interface without any code
public interface ISource<T> // <- NANO001
{
    T Next();
}

//# NANO001 generic method | user generic method
public static class Tools
{
    public static T Same<T>(T value) // <- NANO001
    {
        return value;
    }

    public static int Use()
    {
        return Same(5); // <- NANO002
    }
}

//# NANO001 generic delegate of our own
public delegate T Maker<T>(); // <- NANO001

//# NANO002 Action<T> and Func<T> | Action<T>/Func<T> (generic delegate)
using System;

public class Listener
{
    private Action<int> _heard; // <- NANO002

    public void Listen(Func<int, bool> filter) // <- NANO002
    {
        _heard = n => { }; // <- NANO002
        if (filter(3)) // <- NANO002
        {
            _heard(3); // <- NANO002
        }
    }
}

//# NANO002 EventHandler<T> as an event
using System;

public class Source
{
    public event EventHandler<object> Changed; // <- NANO002

    public void Raise()
    {
        Changed.Invoke(this, null); // <- NANO002
    }
}

//# NANO003 array with two dimensions | multi-dim array int[,]
public class Grid
{
    private readonly int[,] _cells = new int[3, 3]; // <- NANO003

    public int At(int x, int y)
    {
        return _cells[x, y]; // <- NANO003
    }
}

//# NANO003 array with two dimensions as a parameter
public interface IPicture
{
    void Draw(byte[,] pixels); // <- NANO003
}

//# NANO004 interface member with a body | interface default method (C#8)
public interface IGreeter
{
    string Name();

    string Greet() // <- NANO004
    {
        return "hello " + Name();
    }
}

//# NANO004 static interface member with a body
public interface IClock
{
    static int Now() => 5; // <- NANO004
}

//# NANO005 checked arithmetic | checked overflow
public static class Sums
{
    public static int Add(int a, int b)
    {
        checked
        {
            a += b; // <- NANO005
            uint c = (uint)a * 3u; // <- NANO005
            return a - (int)c; // <- NANO005
        }
    }
}

//# NANO005 a long as an index and as a length
public static class Longs
{
    public static byte At(byte[] buffer, long index)
    {
        return buffer[index]; // <- NANO005
    }

    public static byte[] Make(ulong length)
    {
        return new byte[length]; // <- NANO005
    }
}

//# NANO006 the text of an enum | enum.ToString() prints
using System.Text;

public enum Color
{
    Red,
    Green,
}

public static class Texts
{
    public static string Called(Color color)
    {
        return color.ToString(); // <- NANO006
    }

    public static string Constant()
    {
        return Color.Green.ToString(); // <- NANO006
    }

    public static string Boxed(Color color)
    {
        object boxed = color;
        return boxed == null ? "" : ((object)color).ToString(); // <- NANO006
    }

    public static string Interpolated(Color color, int n)
    {
        return $"{n} is {color}"; // <- NANO006
    }

    public static string Formatted(Color color)
    {
        return $"{color,5}"; // <- NANO006
    }

    public static string Many(Color color)
    {
        return string.Format("{0} {1} {2} {3}", 1, 2, 3, color); // <- NANO006
    }

    public static string Joined(Color color)
    {
        return "a " + color + " thing"; // <- NANO006
    }

    public static void Appended(StringBuilder builder, Color color)
    {
        builder.Append(color); // <- NANO006
    }

    public static string Either(bool which)
    {
        return "is " + (which ? (object)Color.Red : "none"); // <- NANO006
    }
}

//# NANO008 a nested type by its name | Activator/Type.GetType
using System;

public class Outer
{
    public class Inner
    {
    }

    public static Type Find()
    {
        return Type.GetType("Outer+Inner"); // <- NANO008
    }

    public static Type FindAny(string name)
    {
        return Type.GetType(name); // <- NANO008
    }
}

//# NANO009 a string that is indexed in a loop
public static class Walks
{
    public static int For(string text)
    {
        int sum = 0;
        for (int i = 0; i < text.Length; i++)
        {
            sum += text[i]; // <- NANO009
        }

        return sum;
    }

    public static int Each(string text)
    {
        int sum = 0;
        foreach (char c in text) // <- NANO009
        {
            sum += c;
        }

        return sum;
    }

    public static int Until(string text)
    {
        int i = 0;
        while (text[i] != ' ') // <- NANO009
        {
            i++;
        }

        return i;
    }
}

//# NANO010 stackalloc
public static unsafe class Stack
{
    public static int Sum()
    {
        int* numbers = stackalloc int[4]; // <- NANO010 // <- NANO015
        int sum = 0;
        for (int i = 0; i < 4; i++)
        {
            sum += numbers[i];
        }

        return sum;
    }
}

//# NANO010 a function pointer
public static unsafe class Pointers
{
    public static int Call(delegate*<int, int> function)
    {
        return function(4); // <- NANO010
    }
}

//# NANO012 a long that came from a uint
public static class Numbers
{
    private static void Take(long value)
    {
    }

    public static void HandedOver(uint a)
    {
        Take(a); // <- NANO012
    }

    public static long Returned(byte b) => b; // <- NANO012

    public static void ByReference(ulong u, out long value)
    {
        value = (long)u; // <- NANO012
    }

    public static int Rest(ulong u) => (int)((long)u % 10); // <- NANO012

    public static int Shifted(uint u)
    {
        long high = (int)u >> 3; // <- NANO012
        return (int)high;
    }

    public static void Widened(uint u)
    {
        long wide = (int)u; // <- NANO012
        wide++;
        Take(wide);
    }

    public static double Floating(uint a, uint b) => (double)((long)a - b); // <- NANO012

    public static int Int(uint u) => (int)u; // <- NANO012
}

//# NANO013 a static constructor that needs another's
public static class First
{
    public static readonly byte[] Table = new byte[Second.Size]; // <- NANO013
}

public static class Second
{
    public static readonly int Size = int.Parse("12");
}

//# NANO013 the other's work is needed by what it calls
public class Registry
{
    public static readonly string Name = Prefix() + "a"; // <- NANO013

    private static string Prefix()
    {
        return Words.Default();
    }
}

public class Words
{
    private static readonly string Word = "word".ToUpper();

    public static string Default()
    {
        return Word;
    }
}

//# NANO014 a delegate of an extension method
namespace System.Runtime.CompilerServices
{
    public class ExtensionAttribute : Attribute
    {
    }
}

public delegate int Measure(int n);

public static class Extensions
{
    public static int Plus(this string text, int n) => text.Length + n;

    public static Measure Bound(string text)
    {
        return text.Plus; // <- NANO014
    }
}

//# NANO015 a pointer that is kept
public static unsafe class Kept
{
    public static int Sum(byte[] bytes)
    {
        int sum = 0;
        fixed (byte* at = bytes) // <- NANO015
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                sum += at[i];
            }
        }

        return sum;
    }
}

//# NANO016 a text with a zero in it
public static class Zeros
{
    public static string Two() => "a\0b"; // <- NANO016
}

//# NANO017 a struct as a key
using System.Collections;

public struct Place
{
    public int X;
}

public static class Keys
{
    public static object Find(Hashtable table, Place place)
    {
        return table[place]; // <- NANO017
    }

    public static void Add(Hashtable table, int x)
    {
        table.Add(new Place { X = x }, "here"); // <- NANO017
    }

    public static int Hash(Place place)
    {
        return place.GetHashCode(); // <- NANO017
    }
}

//# NANO019 an entry point that catches nothing
using System;

public static class Program
{
    public static void Main() // <- NANO019
    {
        Console.WriteLine("hello");
    }
}

//# NANO019 statements at the top that catch nothing
using System;

Console.WriteLine("hello"); // <- NANO019
