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
    [Flags] public enum DebuggingModes : int { Default = 1, DisableOptimizations = 256, EnableEditAndContinue = 4, IgnoreSymbolStoreSequencePoints = 2, None = 0 }
}
