namespace System.Runtime.CompilerServices;

public sealed class AccessedThroughPropertyAttribute : Attribute
{
    internal AccessedThroughPropertyAttribute() { }
    public AccessedThroughPropertyAttribute(string propertyName) => throw null;
    public string PropertyName { get => throw null; }
}

public sealed class CallerArgumentExpressionAttribute : Attribute
{
    internal CallerArgumentExpressionAttribute() { }
    public CallerArgumentExpressionAttribute(string parameterName) => throw null;
    public string ParameterName { get => throw null; }
}

public sealed class CallerMemberNameAttribute : Attribute
{
    public CallerMemberNameAttribute() => throw null;
}

public class ExcludeTypeAttribute : Attribute
{
    public ExcludeTypeAttribute() => throw null;
}

public sealed class ExtensionAttribute : Attribute
{
    public ExtensionAttribute() => throw null;
}

public sealed class IndexerNameAttribute : Attribute
{
    internal IndexerNameAttribute() { }
    public IndexerNameAttribute(string indexerName) => throw null;
}

public sealed class InternalsVisibleToAttribute : Attribute
{
    internal InternalsVisibleToAttribute() { }
    public InternalsVisibleToAttribute(string assemblyName) => throw null;
    public string AssemblyName { get => throw null; }
}

public static class IsExternalInit
{
}

public enum MethodCodeType : int { IL = 0, Native = 1, OPTIL = 2, Runtime = 3 }

public sealed class MethodImplAttribute : Attribute
{
    public MethodCodeType MethodCodeType;
    public MethodImplAttribute() => throw null;
    public MethodImplAttribute(MethodImplOptions methodImplOptions) => throw null;
    public MethodImplAttribute(short _value) => throw null;
    public MethodImplOptions Value { get => throw null; }
}

public enum MethodImplOptions : int { ForwardRef = 16, InternalCall = 4096, NoInlining = 8, PreserveSig = 128, Synchronized = 32, Unmanaged = 4 }

public static class RuntimeFeature
{
    public const string DefaultImplementationsOfInterfaces = "DefaultImplementationsOfInterfaces";
    public static bool IsSupported(string feature) => throw null;
}

public static class RuntimeHelpers
{
    public static object GetObjectValue(object obj) => throw null;
    public static void InitializeArray(Array array, RuntimeFieldHandle fldHandle) { }
    public static void RunClassConstructor(RuntimeTypeHandle type) { }
    public static int OffsetToStringData { get => throw null; }
}
