namespace System.Reflection;

public class Assembly
{
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

public sealed class AssemblyInformationalVersionAttribute : Attribute
{
    internal AssemblyInformationalVersionAttribute() { }
    public AssemblyInformationalVersionAttribute(string informationalVersion) => throw null;
    public string InformationalVersion { get => throw null; }
}

public sealed class AssemblyName
{
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

public sealed class AssemblyVersionAttribute : Attribute
{
    internal AssemblyVersionAttribute() { }
    public AssemblyVersionAttribute(string version) => throw null;
    public string Version { get => throw null; }
}

public sealed class DefaultMemberAttribute : Attribute
{
    internal DefaultMemberAttribute() { }
    public DefaultMemberAttribute(string memberName) => throw null;
    public string MemberName { get => throw null; }
}

public abstract class MemberInfo
{
}
