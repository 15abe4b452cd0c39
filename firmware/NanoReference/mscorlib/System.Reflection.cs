using System.Globalization;

namespace System.Reflection;

public class Assembly
{
    public Assembly GetSatelliteAssembly(CultureInfo culture) => throw null;
    public Assembly() => throw null;
    public AssemblyName GetName() => throw null;
    public static Assembly GetAssembly(Type type) => throw null;
    public static Assembly GetExecutingAssembly() => throw null;
    public static Assembly Load(byte[] rawAssembly) => throw null;
    public static Assembly Load(string assemblyString) => throw null;
    public virtual Type GetType(string name) => throw null;
    public virtual Type GetType(string name, bool throwOnError) => throw null;
    public virtual Type[] GetTypes() => throw null;
    public virtual string FullName { get => throw null; }
}

public sealed class AssemblyCompanyAttribute : Attribute
{
    internal AssemblyCompanyAttribute() { }
    public AssemblyCompanyAttribute(string company) => throw null;
    public string Company { get => throw null; }
}

public sealed class AssemblyConfigurationAttribute : Attribute
{
    internal AssemblyConfigurationAttribute() { }
    public AssemblyConfigurationAttribute(string configuration) => throw null;
    public string Configuration { get => throw null; }
}

public sealed class AssemblyCopyrightAttribute : Attribute
{
    internal AssemblyCopyrightAttribute() { }
    public AssemblyCopyrightAttribute(string copyright) => throw null;
    public string Copyright { get => throw null; }
}

public sealed class AssemblyCultureAttribute : Attribute
{
    internal AssemblyCultureAttribute() { }
    public AssemblyCultureAttribute(string culture) => throw null;
    public string Culture { get => throw null; }
}

public sealed class AssemblyDefaultAliasAttribute : Attribute
{
    internal AssemblyDefaultAliasAttribute() { }
    public AssemblyDefaultAliasAttribute(string defaultAlias) => throw null;
    public string DefaultAlias { get => throw null; }
}

public sealed class AssemblyDelaySignAttribute : Attribute
{
    internal AssemblyDelaySignAttribute() { }
    public AssemblyDelaySignAttribute(bool delaySign) => throw null;
    public bool DelaySign { get => throw null; }
}

public sealed class AssemblyDescriptionAttribute : Attribute
{
    internal AssemblyDescriptionAttribute() { }
    public AssemblyDescriptionAttribute(string description) => throw null;
    public string Description { get => throw null; }
}

public sealed class AssemblyFileVersionAttribute : Attribute
{
    internal AssemblyFileVersionAttribute() { }
    public AssemblyFileVersionAttribute(string version) => throw null;
    public string Version { get => throw null; }
}

public sealed class AssemblyFlagsAttribute : Attribute
{
    internal AssemblyFlagsAttribute() { }
    public AssemblyFlagsAttribute(AssemblyNameFlags assemblyFlags) => throw null;
    public AssemblyFlagsAttribute(uint flags) => throw null;
    public uint Flags { get => throw null; }
}

public sealed class AssemblyInformationalVersionAttribute : Attribute
{
    internal AssemblyInformationalVersionAttribute() { }
    public AssemblyInformationalVersionAttribute(string informationalVersion) => throw null;
    public string InformationalVersion { get => throw null; }
}

public sealed class AssemblyKeyFileAttribute : Attribute
{
    internal AssemblyKeyFileAttribute() { }
    public AssemblyKeyFileAttribute(string keyFile) => throw null;
    public string KeyFile { get => throw null; }
}

public sealed class AssemblyKeyNameAttribute : Attribute
{
    internal AssemblyKeyNameAttribute() { }
    public AssemblyKeyNameAttribute(string keyName) => throw null;
    public string KeyName { get => throw null; }
}

public sealed class AssemblyName
{
    internal AssemblyName() { }
    public Version Version { get => throw null; }
    public string FullName { get => throw null; }
    public string Name { get => throw null; }
}

[System.Flags] public enum AssemblyNameFlags : int { EnableJITcompileOptimizer = 16384, EnableJITcompileTracking = 32768, None = 0, PublicKey = 1, Retargetable = 256 }

public sealed class AssemblyNativeVersionAttribute : Attribute
{
    internal AssemblyNativeVersionAttribute() { }
    public AssemblyNativeVersionAttribute(string version) => throw null;
    public string NativeVersion { get => throw null; }
}

public sealed class AssemblyProductAttribute : Attribute
{
    internal AssemblyProductAttribute() { }
    public AssemblyProductAttribute(string product) => throw null;
    public string Product { get => throw null; }
}

public sealed class AssemblyTitleAttribute : Attribute
{
    internal AssemblyTitleAttribute() { }
    public AssemblyTitleAttribute(string title) => throw null;
    public string Title { get => throw null; }
}

public sealed class AssemblyTrademarkAttribute : Attribute
{
    internal AssemblyTrademarkAttribute() { }
    public AssemblyTrademarkAttribute(string trademark) => throw null;
    public string Trademark { get => throw null; }
}

public sealed class AssemblyVersionAttribute : Attribute
{
    internal AssemblyVersionAttribute() { }
    public AssemblyVersionAttribute(string version) => throw null;
    public string Version { get => throw null; }
}

public abstract class Binder
{
    protected Binder() => throw null;
}

[System.Flags] public enum BindingFlags : int { CreateInstance = 512, DeclaredOnly = 2, Default = 0, ExactBinding = 65536, FlattenHierarchy = 64, GetField = 1024, GetProperty = 4096, IgnoreCase = 1, IgnoreReturn = 16777216, Instance = 4, InvokeMethod = 256, NonPublic = 32, OptionalParamBinding = 262144, Public = 16, PutDispProperty = 16384, PutRefDispProperty = 32768, SetField = 2048, SetProperty = 8192, Static = 8, SuppressChangeType = 131072 }

public abstract class ConstructorInfo : MethodBase
{
    public object Invoke(object[] parameters) => throw null;
    public override object[] GetCustomAttributes(bool inherit) => throw null;
    protected ConstructorInfo() => throw null;
    public override MemberTypes MemberType { get => throw null; }
}

public sealed class DefaultMemberAttribute : Attribute
{
    internal DefaultMemberAttribute() { }
    public DefaultMemberAttribute(string memberName) => throw null;
    public string MemberName { get => throw null; }
}

public abstract class FieldInfo : MemberInfo
{
    public abstract object GetValue(object obj);
    public override object[] GetCustomAttributes(bool inherit) => throw null;
    protected FieldInfo() => throw null;
    public virtual void SetValue(object obj, object value) { }
    public abstract Type FieldType { get; }
    public override MemberTypes MemberType { get => throw null; }
}

public interface IReflect
{
    FieldInfo GetField(string name, BindingFlags bindingAttr);
    MethodInfo GetMethod(string name, BindingFlags bindingAttr);
}

public abstract class MemberInfo
{
    public abstract object[] GetCustomAttributes(bool inherit);
    protected MemberInfo() => throw null;
    public abstract MemberTypes MemberType { get; }
    public abstract Type DeclaringType { get; }
    public abstract string Name { get; }
}

public enum MemberTypes : int { All = 191, Constructor = 1, Custom = 64, Event = 2, Field = 4, Method = 8, NestedType = 128, Property = 16, TypeInfo = 32 }

public abstract class MethodBase : MemberInfo
{
    public abstract ParameterInfo[] GetParameters();
    public object Invoke(object obj, object[] parameters) => throw null;
    protected MethodBase() => throw null;
    public bool IsAbstract { get => throw null; }
    public bool IsFinal { get => throw null; }
    public bool IsPublic { get => throw null; }
    public bool IsStatic { get => throw null; }
    public bool IsVirtual { get => throw null; }
    public override Type DeclaringType { get => throw null; }
    public override string Name { get => throw null; }
}

public enum MethodImplAttributes : int { CodeTypeMask = 3, ForwardRef = 16, IL = 0, InternalCall = 4096, Managed = 0, ManagedMask = 4, MaxMethodImplVal = 65535, Native = 1, NoInlining = 8, OPTIL = 2, PreserveSig = 128, Runtime = 3, Synchronized = 32, Unmanaged = 4 }

public abstract class MethodInfo : MethodBase
{
    protected MethodInfo() => throw null;
    public abstract Type ReturnType { get; }
    public override MemberTypes MemberType { get => throw null; }
}

public abstract class ParameterInfo
{
    protected ParameterInfo() => throw null;
    public virtual Type ParameterType { get => throw null; }
}

public enum ProcessorArchitecture : int { Amd64 = 4, IA64 = 3, MSIL = 1, None = 0, X86 = 2 }

public abstract class PropertyInfo : MemberInfo
{
    protected PropertyInfo() => throw null;
    public virtual object GetValue(object obj, object[] index) => throw null;
    public virtual void SetValue(object obj, object value, object[] index) { }
    public abstract Type PropertyType { get; }
}
