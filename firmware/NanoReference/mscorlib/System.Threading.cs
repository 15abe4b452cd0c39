namespace System.Threading;

public sealed class AutoResetEvent : WaitHandle
{
    internal AutoResetEvent() { }
    public AutoResetEvent(bool initialState) => throw null;
    public bool Reset() => throw null;
    public bool Set() => throw null;
}

public static class Interlocked
{
    public static int CompareExchange(ref int location1, int value, int comparand) => throw null;
    public static int Decrement(ref int location) => throw null;
    public static int Exchange(ref int location1, int value) => throw null;
    public static int Increment(ref int location) => throw null;
}

public sealed class ManualResetEvent : WaitHandle
{
    internal ManualResetEvent() { }
    public ManualResetEvent(bool initialState) => throw null;
    public bool Reset() => throw null;
    public bool Set() => throw null;
}

public static class Monitor
{
    public static void Enter(object obj) { }
    public static void Exit(object obj) { }
}

public struct SpinWait
{
    private byte _stub;
    public static void SpinUntil(TimeSpan timeout) { }
    public static void SpinUntil(int millisecondsTimeout) { }
    public void SpinOnce() { }
}

public sealed class Thread
{
    internal Thread() { }
    public Thread(ThreadStart start) => throw null;
    public bool Join(TimeSpan timeout) => throw null;
    public bool Join(int millisecondsTimeout) => throw null;
    public static void Sleep(TimeSpan timeout) { }
    public static void Sleep(int millisecondsTimeout) { }
    public static void SpinWait(int iterations) { }
    public void Abort() { }
    public void Join() { }
    public void Resume() { }
    public void Start() { }
    public void Suspend() { }
    public ThreadPriority Priority { get => throw null; set { } }
    public ThreadState ThreadState { get => throw null; }
    public bool IsAlive { get => throw null; }
    public int ManagedThreadId { get => throw null; }
    public static Thread CurrentThread { get => throw null; }
}

public sealed class ThreadAbortException : SystemException
{
    internal ThreadAbortException() { }
}

public enum ThreadPriority : int { AboveNormal = 3, BelowNormal = 1, Highest = 4, Lowest = 0, Normal = 2 }

public delegate void ThreadStart();

[System.Flags] public enum ThreadState : int { AbortRequested = 128, Aborted = 256, Background = 4, Running = 0, StopRequested = 1, Stopped = 16, SuspendRequested = 2, Suspended = 64, Unstarted = 8, WaitSleepJoin = 32 }

public static class Timeout
{
    public const int Infinite = unchecked((int)(-1));
    public static readonly TimeSpan InfiniteTimeSpan;
}

public sealed class Timer : MarshalByRefObject, IDisposable
{
    internal Timer() { }
    public Timer(TimerCallback callback, object state, TimeSpan dueTime, TimeSpan period) => throw null;
    public Timer(TimerCallback callback, object state, int dueTime, int period) => throw null;
    public bool Change(TimeSpan dueTime, TimeSpan period) => throw null;
    public bool Change(int dueTime, int period) => throw null;
    public void Dispose() { }
}

public delegate void TimerCallback(object state);

public abstract class WaitHandle : MarshalByRefObject
{
    public const int WaitTimeout = unchecked((int)(258));
    protected WaitHandle() => throw null;
    public static bool WaitAll(WaitHandle[] waitHandles) => throw null;
    public static bool WaitAll(WaitHandle[] waitHandles, int millisecondsTimeout, bool exitContext) => throw null;
    public static int WaitAny(WaitHandle[] waitHandles) => throw null;
    public static int WaitAny(WaitHandle[] waitHandles, int millisecondsTimeout, bool exitContext) => throw null;
    public virtual bool WaitOne() => throw null;
    public virtual bool WaitOne(int millisecondsTimeout, bool exitContext) => throw null;
}
