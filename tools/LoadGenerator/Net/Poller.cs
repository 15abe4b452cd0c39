using System.ComponentModel;
using System.Runtime.InteropServices;

namespace IotXmpp.LoadGenerator.Net;

/// <summary>
/// Linux epoll, level triggered, for one thread. The runtime's own socket engine costs a second receive call and a dispatch for each
/// wake-up; the generator shares the cores with the server it measures, so it asks the kernel directly.
/// </summary>
internal sealed unsafe partial class Poller : IDisposable
{
    private const int Add = 1, Delete = 2, Modify = 3;
    private const uint In = 0x001, Out = 0x004, Error = 0x008, HangUp = 0x010, ReadHangUp = 0x2000;
    private const int MaxEvents = 512;

    // struct epoll_event is packed on x86-64 only (12 bytes, data at 4); everywhere else it is 16 bytes with data at 8.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private readonly int _epoll;
    private readonly byte* _events;
    private bool _preciseWait = true;
    private bool _disposed;

    public Poller()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("The load generator needs Linux (epoll and /proc).");
        }

        _epoll = EpollCreate(0x80000);
        if (_epoll < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        _events = (byte*)NativeMemory.AllocZeroed((nuint)(MaxEvents * Stride));
    }

    public void Watch(int descriptor, int slot, bool writable) => Control(Add, descriptor, slot, writable);

    public void Change(int descriptor, int slot, bool writable) => Control(Modify, descriptor, slot, writable);

    public void Forget(int descriptor) => Control(Delete, descriptor, 0, false);

    /// <summary>Waits at most <paramref name="nanoseconds"/> and returns how many events <see cref="Event"/> can tell.</summary>
    public int Wait(long nanoseconds)
    {
        int count;
        if (_preciseWait)
        {
            var time = stackalloc long[2];
            time[0] = nanoseconds / 1_000_000_000;
            time[1] = nanoseconds % 1_000_000_000;
            try
            {
                count = EpollPWait2(_epoll, _events, MaxEvents, time, null);
                if (count < 0 && Marshal.GetLastPInvokeError() == 38)
                {
                    _preciseWait = false;
                    count = 0;
                }
            }
            catch (EntryPointNotFoundException)
            {
                _preciseWait = false;
                count = 0;
            }
        }
        else
        {
            count = EpollWait(_epoll, _events, MaxEvents, (int)Math.Min(int.MaxValue, (nanoseconds + 999_999) / 1_000_000));
        }

        return Math.Max(count, 0);
    }

    public int Event(int index, out bool readable, out bool writable)
    {
        var at = _events + index * Stride;
        var flags = *(uint*)at;
        readable = (flags & (In | Error | HangUp | ReadHangUp)) != 0;
        writable = (flags & (Out | Error | HangUp)) != 0;
        return *(int*)(at + DataAt);
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Close(_epoll);
            NativeMemory.Free(_events);
        }
    }

    private void Control(int operation, int descriptor, int slot, bool writable)
    {
        var entry = stackalloc byte[16];
        *(uint*)entry = In | ReadHangUp | (writable ? Out : 0);
        *(long*)(entry + DataAt) = slot;
        if (EpollControl(_epoll, operation, descriptor, entry) < 0 && operation != Delete)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(int epoll, int operation, int descriptor, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int EpollWait(int epoll, byte* events, int maxEvents, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    private static partial int EpollPWait2(int epoll, byte* events, int maxEvents, long* timeout, void* signals);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
