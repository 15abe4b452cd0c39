using System.Reflection;

namespace System;

public delegate void Action();

public delegate void Action<T>(T obj);

public delegate void Action<T1,T2>(T1 arg1, T2 arg2);

public delegate void AsyncCallback(IAsyncResult ar);

[System.Flags] public enum Base64FormattingOptions : int { InsertLineBreaks = 1, None = 0 }

public static class Console
{
    public static void Write(string value) { }
    public static void WriteLine() { }
    public static void WriteLine(string value) { }
}

public sealed class DBNull
{
    internal DBNull() { }
    public static readonly DBNull Value;
}

public class EventArgs
{
    public static readonly EventArgs Empty;
    public EventArgs() => throw null;
}

public delegate void EventHandler(object sender, EventArgs e);

public delegate void EventHandler<TEventArgs>(object sender, TEventArgs e);

public delegate TResult Func<TResult>();

public delegate TResult Func<T,TResult>(T arg);

public delegate TResult Func<T1,T2,TResult>(T1 arg1, T2 arg2);

public static class GC
{
    public static void ReRegisterForFinalize(object obj) { }
    public static void SuppressFinalize(object obj) { }
    public static void WaitForPendingFinalizers() { }
}

public interface IAsyncResult
{
}

public interface ICloneable
{
    object Clone();
}

public interface IComparable
{
    int CompareTo(object obj);
}

public interface ICustomFormatter
{
    string Format(string format, object arg, IFormatProvider formatProvider);
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

public class Random
{
    public Random() => throw null;
    public Random(int seed) => throw null;
    public virtual double NextDouble() => throw null;
    public virtual int Next() => throw null;
    public virtual int Next(int maxValue) => throw null;
    public virtual void NextBytes(byte[] buffer) { }
}

public struct RuntimeArgumentHandle
{
    private byte _stub;
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

public abstract class Type : MemberInfo, IReflect
{
    public ConstructorInfo GetConstructor(Type[] types) => throw null;
    public ConstructorInfo[] GetConstructors() => throw null;
    public FieldInfo GetField(string name) => throw null;
    public FieldInfo[] GetFields() => throw null;
    public MethodInfo GetMethod(string name) => throw null;
    public MethodInfo GetMethod(string name, BindingFlags bindingAttr) => throw null;
    public MethodInfo GetMethod(string name, Type[] types) => throw null;
    public MethodInfo[] GetMethods() => throw null;
    public abstract FieldInfo GetField(string name, BindingFlags bindingAttr);
    public abstract FieldInfo[] GetFields(BindingFlags bindingAttr);
    public abstract MethodInfo[] GetMethods(BindingFlags bindingAttr);
    public abstract Type GetElementType();
    public abstract Type[] GetInterfaces();
    public object InvokeMember(string name, BindingFlags invokeAttr, Binder binder, object target, object[] args) => throw null;
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
    public override Type DeclaringType { get => throw null; }
}

public enum TypeCode : int { Boolean = 3, Byte = 6, Char = 4, DBNull = 2, DateTime = 16, Decimal = 15, Double = 14, Empty = 0, Int16 = 7, Int32 = 9, Int64 = 11, Object = 1, SByte = 5, Single = 13, String = 18, UInt16 = 8, UInt32 = 10, UInt64 = 12 }

public struct TypedReference
{
    private byte _stub;
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
