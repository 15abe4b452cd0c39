using System.Reflection;

namespace System;

public delegate void Action();

public abstract class Attribute
{
    protected Attribute() => throw null;
}

[Flags] public enum AttributeTargets : int { All = 16383, Assembly = 1, Class = 4, Constructor = 32, Delegate = 4096, Enum = 16, Event = 512, Field = 256, Interface = 1024, Method = 64, Module = 2, Parameter = 2048, Property = 128, ReturnValue = 8192, Struct = 8 }

public sealed class AttributeUsageAttribute : Attribute
{
    internal AttributeUsageAttribute() { }
    public AttributeUsageAttribute(AttributeTargets validOn) => throw null;
    public AttributeTargets ValidOn { get => throw null; }
    public bool AllowMultiple { get => throw null; set { } }
    public bool Inherited { get => throw null; set { } }
}

[Flags] public enum Base64FormattingOptions : int { InsertLineBreaks = 1, None = 0 }

public static class BitConverter
{
    public static bool ToBoolean(byte[] value, int startIndex) => throw null;
    public static byte[] GetBytes(bool value) => throw null;
    public static byte[] GetBytes(char value) => throw null;
    public static byte[] GetBytes(double value) => throw null;
    public static byte[] GetBytes(float value) => throw null;
    public static byte[] GetBytes(int value) => throw null;
    public static byte[] GetBytes(long value) => throw null;
    public static byte[] GetBytes(short value) => throw null;
    public static byte[] GetBytes(uint value) => throw null;
    public static byte[] GetBytes(ulong value) => throw null;
    public static byte[] GetBytes(ushort value) => throw null;
    public static char ToChar(byte[] value, int startIndex) => throw null;
    public static double Int64BitsToDouble(long value) => throw null;
    public static double ToDouble(byte[] value, int startIndex) => throw null;
    public static float ToSingle(byte[] value, int startIndex) => throw null;
    public static int ToInt32(byte[] value, int startIndex) => throw null;
    public static long DoubleToInt64Bits(double value) => throw null;
    public static long ToInt64(byte[] value, int startIndex) => throw null;
    public static short ToInt16(byte[] value, int startIndex) => throw null;
    public static string ToString(byte[] value) => throw null;
    public static string ToString(byte[] value, int startIndex) => throw null;
    public static string ToString(byte[] value, int startIndex, int length) => throw null;
    public static uint ToUInt32(byte[] value, int startIndex) => throw null;
    public static ulong ToUInt64(byte[] value, int startIndex) => throw null;
    public static ushort ToUInt16(byte[] value, int startIndex) => throw null;
    public static bool IsLittleEndian { get => throw null; }
}

public static class Convert
{
    public static DateTime ToDateTime(string value) => throw null;
    public static bool ToBoolean(byte value) => throw null;
    public static byte ToByte(bool value) => throw null;
    public static byte ToByte(string value, int fromBase = 10) => throw null;
    public static byte[] FromBase64CharArray(char[] inArray, int offset, int length) => throw null;
    public static byte[] FromBase64String(string inString) => throw null;
    public static char ToChar(ushort value) => throw null;
    public static double ToDouble(string value) => throw null;
    public static float ToSingle(string value) => throw null;
    public static int ToInt32(string value, int fromBase = 10) => throw null;
    public static long ToInt64(string value, int fromBase = 10) => throw null;
    public static sbyte ToSByte(string value, int fromBase = 10) => throw null;
    public static short ToInt16(string value, int fromBase = 10) => throw null;
    public static string ToBase64String(byte[] inArray) => throw null;
    public static string ToBase64String(byte[] inArray, Base64FormattingOptions options) => throw null;
    public static string ToBase64String(byte[] inArray, int offset, int length) => throw null;
    public static string ToBase64String(byte[] inArray, int offset, int length, Base64FormattingOptions options) => throw null;
    public static uint ToUInt32(string value, int fromBase = 10) => throw null;
    public static ulong ToUInt64(string value, int fromBase = 10) => throw null;
    public static ushort ToUInt16(string value, int fromBase = 10) => throw null;
}

public struct DateTime
{
    private byte _stub;
    public static readonly DateTime MaxValue;
    public static readonly DateTime MinValue;
    public static readonly DateTime UnixEpoch;
    public DateTime Add(TimeSpan val) => throw null;
    public DateTime AddDays(double val) => throw null;
    public DateTime AddHours(double val) => throw null;
    public DateTime AddMilliseconds(double val) => throw null;
    public DateTime AddMinutes(double val) => throw null;
    public DateTime AddSeconds(double val) => throw null;
    public DateTime AddTicks(long val) => throw null;
    public DateTime Subtract(TimeSpan val) => throw null;
    public DateTime(int year, int month, int day) => throw null;
    public DateTime(int year, int month, int day, int hour, int minute, int second) => throw null;
    public DateTime(int year, int month, int day, int hour, int minute, int second, int millisecond) => throw null;
    public DateTime(long ticks) => throw null;
    public DateTime(long ticks, DateTimeKind kind) => throw null;
    public TimeSpan Subtract(DateTime val) => throw null;
    public int CompareTo(object val) => throw null;
    public long ToUnixTimeSeconds() => throw null;
    public override bool Equals(object obj) => throw null;
    public override int GetHashCode() => throw null;
    public override string ToString() => throw null;
    public static DateTime FromUnixTimeSeconds(long seconds) => throw null;
    public static DateTime Parse(string s) => throw null;
    public static DateTime operator +(DateTime d, TimeSpan t) => throw null;
    public static DateTime operator -(DateTime d, TimeSpan t) => throw null;
    public static TimeSpan operator -(DateTime d1, DateTime d2) => throw null;
    public static bool Equals(DateTime t1, DateTime t2) => throw null;
    public static bool TryParse(string s, out DateTime result) => throw null;
    public static bool operator ==(DateTime d1, DateTime d2) => throw null;
    public static bool operator >(DateTime t1, DateTime t2) => throw null;
    public static bool operator >=(DateTime t1, DateTime t2) => throw null;
    public static bool operator !=(DateTime t1, DateTime t2) => throw null;
    public static bool operator <(DateTime t1, DateTime t2) => throw null;
    public static bool operator <=(DateTime t1, DateTime t2) => throw null;
    public static int Compare(DateTime t1, DateTime t2) => throw null;
    public static int DaysInMonth(int year, int month) => throw null;
    public string ToString(string format) => throw null;
    public DateTime Date { get => throw null; }
    public DateTimeKind Kind { get => throw null; }
    public DayOfWeek DayOfWeek { get => throw null; }
    public TimeSpan TimeOfDay { get => throw null; }
    public int Day { get => throw null; }
    public int DayOfYear { get => throw null; }
    public int Hour { get => throw null; }
    public int Millisecond { get => throw null; }
    public int Minute { get => throw null; }
    public int Month { get => throw null; }
    public int Second { get => throw null; }
    public int Year { get => throw null; }
    public long Ticks { get => throw null; }
    public static DateTime Today { get => throw null; }
    public static DateTime UtcNow { get => throw null; }
}

public enum DateTimeKind : int { Local = 2, Utc = 1 }

public enum DayOfWeek : int { Friday = 5, Monday = 1, Saturday = 6, Sunday = 0, Thursday = 4, Tuesday = 2, Wednesday = 3 }

public class EventArgs
{
    public static readonly EventArgs Empty;
    public EventArgs() => throw null;
}

public delegate void EventHandler(object sender, EventArgs e);

public class FlagsAttribute : Attribute
{
    public FlagsAttribute() => throw null;
}

public static class GC
{
    public static void ReRegisterForFinalize(object obj) { }
    public static void SuppressFinalize(object obj) { }
    public static void WaitForPendingFinalizers() { }
}

public struct Guid
{
    private byte _stub;
    public static readonly Guid Empty;
    public Guid(byte[] b) => throw null;
    public Guid(int a, short b, short c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k) => throw null;
    public Guid(string g) => throw null;
    public Guid(uint a, ushort b, ushort c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k) => throw null;
    public byte[] ToByteArray() => throw null;
    public int CompareTo(object value) => throw null;
    public override bool Equals(object o) => throw null;
    public override int GetHashCode() => throw null;
    public override string ToString() => throw null;
    public static Guid NewGuid() => throw null;
    public static bool TryParseGuidWithDashes(string input, out Guid result) => throw null;
}

public interface ICloneable
{
    object Clone();
}

public interface IComparable
{
    int CompareTo(object obj);
}

public interface IDisposable
{
    void Dispose();
}

public interface IFormatProvider
{
    object GetFormat(Type formatType);
}

public interface IFormattable
{
    string ToString(string format, IFormatProvider formatProvider);
}

public abstract class MarshalByRefObject
{
    protected MarshalByRefObject() => throw null;
}

public sealed class ObsoleteAttribute : Attribute
{
    public ObsoleteAttribute() => throw null;
    public ObsoleteAttribute(string message) => throw null;
    public ObsoleteAttribute(string message, bool error) => throw null;
    public bool IsError { get => throw null; }
    public string Message { get => throw null; }
}

public sealed class ParamArrayAttribute : Attribute
{
    public ParamArrayAttribute() => throw null;
}

public class Random
{
    public Random() => throw null;
    public Random(int seed) => throw null;
    public virtual double NextDouble() => throw null;
    public virtual int Next() => throw null;
    public virtual int Next(int maxValue) => throw null;
    public virtual void NextBytes(byte[] buffer) { }
}

public struct RuntimeFieldHandle
{
    private byte _stub;
}

public struct RuntimeMethodHandle
{
    private byte _stub;
}

public struct RuntimeTypeHandle
{
    private byte _stub;
}

public readonly ref struct SpanByte
{
    readonly private byte _stub;
    public SpanByte Slice(int start) => throw null;
    public SpanByte Slice(int start, int length) => throw null;
    public SpanByte(byte[] array) => throw null;
    public SpanByte(byte[] array, int start, int length) => throw null;
    public byte[] ToArray() => throw null;
    public static implicit operator SpanByte(byte[] array) => throw null;
    public void CopyTo(SpanByte destination) { }
    public bool IsEmpty { get => throw null; }
    public byte this[int index] { get => throw null; set { } }
    public int Length { get => throw null; }
    public static SpanByte Empty { get => throw null; }
}

public struct TimeSpan
{
    private byte _stub;
    public const long TicksPerDay = 864000000000;
    public const long TicksPerHour = 36000000000;
    public const long TicksPerMillisecond = 10000;
    public const long TicksPerMinute = 600000000;
    public const long TicksPerSecond = 10000000;
    public static readonly TimeSpan MaxValue;
    public static readonly TimeSpan MinValue;
    public static readonly TimeSpan Zero;
    public TimeSpan Add(TimeSpan ts) => throw null;
    public TimeSpan Duration() => throw null;
    public TimeSpan Negate() => throw null;
    public TimeSpan Subtract(TimeSpan ts) => throw null;
    public TimeSpan(int days, int hours, int minutes, int seconds) => throw null;
    public TimeSpan(int days, int hours, int minutes, int seconds, int milliseconds) => throw null;
    public TimeSpan(int hours, int minutes, int seconds) => throw null;
    public TimeSpan(long ticks) => throw null;
    public int CompareTo(object value) => throw null;
    public override bool Equals(object value) => throw null;
    public override int GetHashCode() => throw null;
    public override string ToString() => throw null;
    public static TimeSpan FromDays(long value) => throw null;
    public static TimeSpan FromHours(long value) => throw null;
    public static TimeSpan FromMilliseconds(long value) => throw null;
    public static TimeSpan FromMinutes(long value) => throw null;
    public static TimeSpan FromSeconds(long value) => throw null;
    public static TimeSpan FromTicks(long value) => throw null;
    public static TimeSpan operator +(TimeSpan t1, TimeSpan t2) => throw null;
    public static TimeSpan operator -(TimeSpan t1, TimeSpan t2) => throw null;
    public static TimeSpan operator -(TimeSpan t) => throw null;
    public static TimeSpan operator +(TimeSpan t) => throw null;
    public static bool Equals(TimeSpan t1, TimeSpan t2) => throw null;
    public static bool operator ==(TimeSpan t1, TimeSpan t2) => throw null;
    public static bool operator >(TimeSpan t1, TimeSpan t2) => throw null;
    public static bool operator >=(TimeSpan t1, TimeSpan t2) => throw null;
    public static bool operator !=(TimeSpan t1, TimeSpan t2) => throw null;
    public static bool operator <(TimeSpan t1, TimeSpan t2) => throw null;
    public static bool operator <=(TimeSpan t1, TimeSpan t2) => throw null;
    public static int Compare(TimeSpan t1, TimeSpan t2) => throw null;
    public double TotalDays { get => throw null; }
    public double TotalHours { get => throw null; }
    public double TotalMilliseconds { get => throw null; }
    public double TotalMinutes { get => throw null; }
    public double TotalSeconds { get => throw null; }
    public int Days { get => throw null; }
    public int Hours { get => throw null; }
    public int Milliseconds { get => throw null; }
    public int Minutes { get => throw null; }
    public int Seconds { get => throw null; }
    public long Ticks { get => throw null; }
}

public abstract class Type : MemberInfo
{
    public abstract Type GetElementType();
    public abstract Type[] GetInterfaces();
    public override string ToString() => throw null;
    protected Type() => throw null;
    public static Type GetType(string typeName) => throw null;
    public static Type GetTypeFromHandle(RuntimeTypeHandle handle) => throw null;
    public virtual bool IsInstanceOfType(object o) => throw null;
    public virtual bool IsSubclassOf(Type c) => throw null;
    public abstract Assembly Assembly { get; }
    public abstract Type BaseType { get; }
    public abstract string AssemblyQualifiedName { get; }
    public abstract string FullName { get; }
    public bool IsAbstract { get => throw null; }
    public bool IsArray { get => throw null; }
    public bool IsClass { get => throw null; }
    public bool IsEnum { get => throw null; }
    public bool IsInterface { get => throw null; }
    public bool IsNotPublic { get => throw null; }
    public bool IsPublic { get => throw null; }
    public bool IsSerializable { get => throw null; }
    public bool IsValueType { get => throw null; }
    public Type DeclaringType { get => throw null; }
}

public sealed class Version
{
    internal Version() { }
    public Version(int major, int minor) => throw null;
    public Version(int major, int minor, int build, int revision) => throw null;
    public override bool Equals(object obj) => throw null;
    public override int GetHashCode() => throw null;
    public override string ToString() => throw null;
    public int Build { get => throw null; }
    public int Major { get => throw null; }
    public int Minor { get => throw null; }
    public int Revision { get => throw null; }
}

public class WeakReference
{
    internal WeakReference() { }
    public WeakReference(object target) => throw null;
    public virtual bool IsAlive { get => throw null; }
    public virtual object Target { get => throw null; set { } }
}
