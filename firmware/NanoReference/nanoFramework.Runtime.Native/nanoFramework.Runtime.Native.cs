using System;

namespace nanoFramework.Runtime.Native;

public class ConstraintException : Exception
{
    public ConstraintException() => throw null;
}

public static class ExecutionConstraint
{
    public static void Install(int timeoutMilliseconds, int priority) { }
}

public static class GC
{
    public static uint Run(bool compactHeap) => throw null;
    public static void EnableGCMessages(bool enable) { }
}

public class Power
{
    public static event RebootEventHandler OnRebootEvent { add { } remove { } }
    public Power() => throw null;
    public static void RebootDevice(int exeConstraintTimeout, RebootOption rebootOption = (RebootOption)(0)) { }
    public static void RebootDevice(RebootOption rebootOption = (RebootOption)(0)) { }
}

public delegate void RebootEventHandler();

public enum RebootOption : int { ClrOnly = 2, EnterNanoBooter = 1, EnterProprietaryBooter = 8, NormalReboot = 0 }

public static class Rtc
{
    public static bool SetSystemTime(DateTime time) => throw null;
}

public static class SystemInfo
{
    public static Version Version { get => throw null; }
    public static byte Model { get => throw null; }
    public static byte OEM { get => throw null; }
    public static SystemInfo.FloatingPoint FloatingPointSupport { get => throw null; }
    public static string OEMString { get => throw null; }
    public static string Platform { get => throw null; }
    public static string TargetName { get => throw null; }
    public static ushort SKU { get => throw null; }
    public enum FloatingPoint : int { DoublePrecisionHardware = 4, DoublePrecisionSoftware = 3, None = 0, SinglePrecisionHardware = 2, SinglePrecisionSoftware = 1 }
}
