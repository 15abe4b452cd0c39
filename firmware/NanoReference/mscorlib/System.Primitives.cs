using System.Collections;
using System.Reflection;

namespace System;

public abstract class Array : ICloneable, IList, ICollection, IEnumerable
{
    public IEnumerator GetEnumerator() => throw null;
    public object Clone() => throw null;
    public object GetValue(int index) => throw null;
    protected Array() => throw null;
    public static Array CreateInstance(Type elementType, int length) => throw null;
    public static int BinarySearch(Array array, int index, int length, object value, IComparer comparer) => throw null;
    public static int BinarySearch(Array array, object value, IComparer comparer) => throw null;
    public static int IndexOf(Array array, object value) => throw null;
    public static int IndexOf(Array array, object value, int startIndex) => throw null;
    public static int IndexOf(Array array, object value, int startIndex, int count) => throw null;
    public static void Clear(Array array, int index, int length) { }
    public static void Copy(Array sourceArray, Array destinationArray, int length) { }
    public static void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length) { }
    public void CopyTo(Array array, int index) { }
    public bool IsFixedSize { get => throw null; }
    public bool IsReadOnly { get => throw null; }
    public bool IsSynchronized { get => throw null; }
    public int Length { get => throw null; }
    public object SyncRoot { get => throw null; }
    bool IList.Contains(object value) => throw null;
    int IList.Add(object value) => throw null;
    int IList.IndexOf(object value) => throw null;
    void IList.Clear() { }
    void IList.Insert(int index, object value) { }
    void IList.Remove(object value) { }
    void IList.RemoveAt(int index) { }
    object IList.this[int index] { get => throw null; set { } }
    int ICollection.Count { get => throw null; }
}

public struct Boolean
{
    private bool _stub;
    public static readonly string FalseString;
    public static readonly string TrueString;
    public override string ToString() => throw null;
}

public struct Byte
{
    private byte _stub;
    public const byte MaxValue = unchecked((byte)(255));
    public const byte MinValue = unchecked((byte)(0));
    public override string ToString() => throw null;
    public static bool TryParse(string s, out byte result) => throw null;
    public static byte Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public struct Char
{
    private char _stub;
    public const char MaxValue = unchecked((char)('\uFFFF'));
    public const char MinValue = unchecked((char)('\u0000'));
    public char ToLower() => throw null;
    public char ToUpper() => throw null;
    public override string ToString() => throw null;
}

public abstract class Delegate
{
    public override bool Equals(object obj) => throw null;
    protected Delegate() => throw null;
    public static Delegate Combine(Delegate a, Delegate b) => throw null;
    public static Delegate Remove(Delegate source, Delegate value) => throw null;
    public static bool operator ==(Delegate d1, Delegate d2) => throw null;
    public static bool operator !=(Delegate d1, Delegate d2) => throw null;
    public virtual Delegate[] GetInvocationList() => throw null;
    public MethodInfo Method { get => throw null; }
    public object Target { get => throw null; }
}

public struct Double
{
    private byte _stub;
    public const double Epsilon = unchecked((double)(5E-324D));
    public const double MaxValue = unchecked((double)(1.7976931348623157E+308D));
    public const double MinValue = unchecked((double)(-1.7976931348623157E+308D));
    public const double NaN = unchecked((double)(0.0/0.0));
    public const double NegativeInfinity = unchecked((double)(-1.0/0.0));
    public const double PositiveInfinity = unchecked((double)(1.0/0.0));
    public int CompareTo(double value) => throw null;
    public override string ToString() => throw null;
    public static bool IsInfinity(double d) => throw null;
    public static bool IsNaN(double d) => throw null;
    public static bool IsNegativeInfinity(double d) => throw null;
    public static bool IsPositiveInfinity(double d) => throw null;
    public static bool TryParse(string s, out double result) => throw null;
    public static double Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public abstract class Enum
{
    public bool HasFlag(Enum flag) => throw null;
    public override string ToString() => throw null;
    protected Enum() => throw null;
}

public struct Int16
{
    private byte _stub;
    public const short MaxValue = unchecked((short)(32767));
    public const short MinValue = unchecked((short)(-32768));
    public override string ToString() => throw null;
    public static bool TryParse(string s, out short result) => throw null;
    public static short Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public struct Int32
{
    private byte _stub;
    public const int MaxValue = unchecked((int)(2147483647));
    public const int MinValue = unchecked((int)(-2147483648));
    public override string ToString() => throw null;
    public static bool TryParse(string s, out int result) => throw null;
    public static int Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public struct Int64
{
    private byte _stub;
    public const long MaxValue = unchecked((long)(9223372036854775807));
    public const long MinValue = unchecked((long)(-9223372036854775808));
    public override string ToString() => throw null;
    public static bool TryParse(string s, out long result) => throw null;
    public static long Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public struct IntPtr
{
    private byte _stub;
}

public abstract class MulticastDelegate : Delegate
{
    public override bool Equals(object obj) => throw null;
    protected MulticastDelegate() => throw null;
    public static bool operator ==(MulticastDelegate d1, MulticastDelegate d2) => throw null;
    public static bool operator !=(MulticastDelegate d1, MulticastDelegate d2) => throw null;
}

public class Object
{
    public Object() => throw null;
    public Type GetType() => throw null;
    protected object MemberwiseClone() => throw null;
    public static bool Equals(object objA, object objB) => throw null;
    public static bool ReferenceEquals(object objA, object objB) => throw null;
    public virtual bool Equals(object obj) => throw null;
    public virtual int GetHashCode() => throw null;
    public virtual string ToString() => throw null;
}

public struct SByte
{
    private byte _stub;
    public const sbyte MaxValue = unchecked((sbyte)(127));
    public const sbyte MinValue = unchecked((sbyte)(-128));
    public override string ToString() => throw null;
    public static bool TryParse(string s, out sbyte result) => throw null;
    public static sbyte Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public struct Single
{
    private byte _stub;
    public const float Epsilon = unchecked((float)(1.401298464324817E-45D));
    public const float MaxValue = unchecked((float)(3.4028234663852886E+38D));
    public const float MinValue = unchecked((float)(-3.4028234663852886E+38D));
    public const float NaN = unchecked((float)(0.0/0.0));
    public const float NegativeInfinity = unchecked((float)(-1.0/0.0));
    public const float PositiveInfinity = unchecked((float)(1.0/0.0));
    public int CompareTo(float value) => throw null;
    public override string ToString() => throw null;
    public static bool IsInfinity(float f) => throw null;
    public static bool IsNaN(float f) => throw null;
    public static bool IsNegativeInfinity(float f) => throw null;
    public static bool IsPositiveInfinity(float f) => throw null;
    public static bool TryParse(string s, out float result) => throw null;
    public static float Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public sealed class String : IComparable, IEnumerable
{
    internal String() { }
    public static readonly string Empty;
    public IEnumerator GetEnumerator() => throw null;
    public String(char c, int count) => throw null;
    public String(char[] value) => throw null;
    public String(char[] value, int startIndex, int length) => throw null;
    public bool Contains(string value) => throw null;
    public bool EndsWith(string value) => throw null;
    public bool StartsWith(string value) => throw null;
    public char[] ToCharArray() => throw null;
    public char[] ToCharArray(int startIndex, int length) => throw null;
    public int CompareTo(object value) => throw null;
    public int CompareTo(string strB) => throw null;
    public int IndexOf(char value) => throw null;
    public int IndexOf(char value, int startIndex) => throw null;
    public int IndexOf(char value, int startIndex, int count) => throw null;
    public int IndexOf(string value) => throw null;
    public int IndexOf(string value, int startIndex) => throw null;
    public int IndexOf(string value, int startIndex, int count) => throw null;
    public int IndexOfAny(char[] anyOf) => throw null;
    public int IndexOfAny(char[] anyOf, int startIndex) => throw null;
    public int IndexOfAny(char[] anyOf, int startIndex, int count) => throw null;
    public int LastIndexOf(char value) => throw null;
    public int LastIndexOf(char value, int startIndex) => throw null;
    public int LastIndexOf(char value, int startIndex, int count) => throw null;
    public int LastIndexOf(string value) => throw null;
    public int LastIndexOf(string value, int startIndex) => throw null;
    public int LastIndexOf(string value, int startIndex, int count) => throw null;
    public int LastIndexOfAny(char[] anyOf) => throw null;
    public int LastIndexOfAny(char[] anyOf, int startIndex) => throw null;
    public int LastIndexOfAny(char[] anyOf, int startIndex, int count) => throw null;
    public override bool Equals(object obj) => throw null;
    public override string ToString() => throw null;
    public static bool Equals(string a, string b) => throw null;
    public static bool IsNullOrEmpty(string value) => throw null;
    public static bool operator ==(string a, string b) => throw null;
    public static bool operator !=(string a, string b) => throw null;
    public static int Compare(string strA, string strB) => throw null;
    public static string Concat(object arg0) => throw null;
    public static string Concat(object arg0, object arg1) => throw null;
    public static string Concat(object arg0, object arg1, object arg2) => throw null;
    public static string Concat(params object[] args) => throw null;
    public static string Concat(params string[] values) => throw null;
    public static string Concat(string str0, string str1) => throw null;
    public static string Concat(string str0, string str1, string str2) => throw null;
    public static string Concat(string str0, string str1, string str2, string str3) => throw null;
    public static string Format(string format, params object[] args) => throw null;
    public static string Intern(string str) => throw null;
    public static string IsInterned(string str) => throw null;
    public string PadLeft(int totalWidth, char paddingChar = '\u0020') => throw null;
    public string PadRight(int totalWidth, char paddingChar = '\u0020') => throw null;
    public string Substring(int startIndex) => throw null;
    public string Substring(int startIndex, int length) => throw null;
    public string ToLower() => throw null;
    public string ToUpper() => throw null;
    public string Trim() => throw null;
    public string Trim(params char[] trimChars) => throw null;
    public string TrimEnd(params char[] trimChars) => throw null;
    public string TrimStart(params char[] trimChars) => throw null;
    public string[] Split(char[] separator, int count) => throw null;
    public string[] Split(params char[] separator) => throw null;
    [System.Runtime.CompilerServices.IndexerName("Chars")] public char this[int index] { get => throw null; }
    public int Length { get => throw null; }
}

public struct UInt16
{
    private byte _stub;
    public const ushort MaxValue = unchecked((ushort)(65535));
    public const ushort MinValue = unchecked((ushort)(0));
    public override string ToString() => throw null;
    public static bool TryParse(string s, out ushort result) => throw null;
    public static ushort Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public struct UInt32
{
    private byte _stub;
    public const uint MaxValue = unchecked((uint)(4294967295));
    public const uint MinValue = unchecked((uint)(0));
    public override string ToString() => throw null;
    public static bool TryParse(string s, out uint result) => throw null;
    public static uint Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public struct UInt64
{
    private byte _stub;
    public const ulong MaxValue = unchecked((ulong)(18446744073709551615));
    public const ulong MinValue = unchecked((ulong)(0));
    public override string ToString() => throw null;
    public static bool TryParse(string s, out ulong result) => throw null;
    public static ulong Parse(string s) => throw null;
    public string ToString(string format) => throw null;
}

public struct UIntPtr
{
    private byte _stub;
}

public abstract class ValueType
{
    public override bool Equals(object obj) => throw null;
    protected ValueType() => throw null;
}

public struct Void
{
}
