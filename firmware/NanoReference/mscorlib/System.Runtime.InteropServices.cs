namespace System.Runtime.InteropServices;

public enum CharSet : int { Ansi = 2, Auto = 4, None = 1, Unicode = 3 }

public sealed class ComVisibleAttribute : Attribute
{
    internal ComVisibleAttribute() { }
    public ComVisibleAttribute(bool visibility) => throw null;
    public bool Value { get => throw null; }
}

public sealed class GuidAttribute : Attribute
{
    internal GuidAttribute() { }
    public GuidAttribute(string guid) => throw null;
    public string Value { get => throw null; }
}

public enum LayoutKind : int { Auto = 3, Explicit = 2, Sequential = 0 }

public sealed class OutAttribute : Attribute
{
    public OutAttribute() => throw null;
}

public sealed class StructLayoutAttribute : Attribute
{
    internal StructLayoutAttribute() { }
    public CharSet CharSet;
    public int Pack;
    public int Size;
    public StructLayoutAttribute(LayoutKind layoutKind) => throw null;
    public StructLayoutAttribute(short layoutKind) => throw null;
    public LayoutKind Value { get => throw null; }
}
