namespace System.Diagnostics;

public sealed class ConditionalAttribute : Attribute
{
    internal ConditionalAttribute() { }
    public ConditionalAttribute(string conditionString) => throw null;
    public string ConditionString { get => throw null; }
}

public static class Debug
{
    public static void Assert(bool condition) { }
    public static void Assert(bool condition, string message) { }
    public static void Assert(bool condition, string message, string detailedMessage) { }
    public static void Write(string message) { }
    public static void WriteLine() { }
    public static void WriteLine(string message) { }
}

public sealed class DebuggableAttribute : Attribute
{
    internal DebuggableAttribute() { }
    public DebuggableAttribute(DebuggableAttribute.DebuggingModes modes) => throw null;
    public DebuggableAttribute(bool isJITTrackingEnabled, bool isJITOptimizerDisabled) => throw null;
    public DebuggableAttribute.DebuggingModes DebuggingFlags { get => throw null; }
    public bool IsJITOptimizerDisabled { get => throw null; }
    public bool IsJITTrackingEnabled { get => throw null; }
    [System.Flags] public enum DebuggingModes : int { Default = 1, DisableOptimizations = 256, EnableEditAndContinue = 4, IgnoreSymbolStoreSequencePoints = 2, None = 0 }
}

public static class Debugger
{
    public static void Break() { }
    public static bool IsAttached { get => throw null; }
}

public sealed class DebuggerBrowsableAttribute : Attribute
{
    internal DebuggerBrowsableAttribute() { }
    public DebuggerBrowsableAttribute(DebuggerBrowsableState state) => throw null;
    public DebuggerBrowsableState State { get => throw null; }
}

public enum DebuggerBrowsableState : int { Collapsed = 2, Never = 0, RootHidden = 3 }

public sealed class DebuggerDisplayAttribute : Attribute
{
    internal DebuggerDisplayAttribute() { }
    public DebuggerDisplayAttribute(string value) => throw null;
    public Type Target { get => throw null; set { } }
    public string Name { get => throw null; set { } }
    public string TargetTypeName { get => throw null; set { } }
    public string Type { get => throw null; set { } }
    public string Value { get => throw null; }
}

public sealed class DebuggerHiddenAttribute : Attribute
{
    public DebuggerHiddenAttribute() => throw null;
}

public sealed class DebuggerNonUserCodeAttribute : Attribute
{
    public DebuggerNonUserCodeAttribute() => throw null;
}

public sealed class DebuggerStepThroughAttribute : Attribute
{
    public DebuggerStepThroughAttribute() => throw null;
}

public sealed class DebuggerStepperBoundaryAttribute : Attribute
{
    public DebuggerStepperBoundaryAttribute() => throw null;
}

public sealed class DebuggerTypeProxyAttribute : Attribute
{
    internal DebuggerTypeProxyAttribute() { }
    public DebuggerTypeProxyAttribute(Type type) => throw null;
    public DebuggerTypeProxyAttribute(string typeName) => throw null;
    public Type Target { get => throw null; set { } }
    public string ProxyTypeName { get => throw null; }
    public string TargetTypeName { get => throw null; set { } }
}

public sealed class NativeProfiledAttribute : Attribute
{
    public NativeProfiledAttribute() => throw null;
}
