namespace System;

public abstract class Attribute
{
    protected Attribute() => throw null;
}

[System.Flags] public enum AttributeTargets : int { All = 16383, Assembly = 1, Class = 4, Constructor = 32, Delegate = 4096, Enum = 16, Event = 512, Field = 256, Interface = 1024, Method = 64, Module = 2, Parameter = 2048, Property = 128, ReturnValue = 8192, Struct = 8 }

public sealed class AttributeUsageAttribute : Attribute
{
    internal AttributeUsageAttribute() { }
    public AttributeUsageAttribute(AttributeTargets validOn) => throw null;
    public AttributeTargets ValidOn { get => throw null; }
    public bool AllowMultiple { get => throw null; set { } }
    public bool Inherited { get => throw null; set { } }
}

public sealed class CLSCompliantAttribute : Attribute
{
    internal CLSCompliantAttribute() { }
    public CLSCompliantAttribute(bool isCompliant) => throw null;
    public bool IsCompliant { get => throw null; }
}

public class FlagsAttribute : Attribute
{
    public FlagsAttribute() => throw null;
}

public sealed class MTAThreadAttribute : Attribute
{
    public MTAThreadAttribute() => throw null;
}

public sealed class NonSerializedAttribute : Attribute
{
    public NonSerializedAttribute() => throw null;
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

public sealed class STAThreadAttribute : Attribute
{
    public STAThreadAttribute() => throw null;
}

public sealed class SerializableAttribute : Attribute
{
    public SerializableAttribute() => throw null;
}
