using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IotXmpp.Gateway;

/// <summary>
/// A descriptor of Linux that is waited for in short turns, so that a wait can be cancelled: a serial line, a Bluetooth adapter. A call that fails leaves its reason in
/// <see cref="Marshal.GetLastPInvokeError"/>; the descriptor is not closed while a call uses it.
/// </summary>
/// <param name="handle">The descriptor; closed with this.</param>
internal sealed class PolledFile(SafeFileHandle handle) : IDisposable
{
    /// <summary>Milliseconds that the kernel waits at a time. Default 200: how late a stop is noticed.</summary>
    public const int PollMs = 200;

    /// <summary>There is something to read (POLLIN).</summary>
    public const short Readable = 1;

    /// <summary>There is room to write (POLLOUT).</summary>
    public const short Writable = 4;

    /// <summary>Waits, at most <see cref="PollMs"/>.</summary>
    /// <param name="events">What for.</param>
    /// <returns>What there is; also not 0 when the other end has hung up or the device has gone, which the next read or write tells. 0 when nothing came.</returns>
    public short Wait(short events)
    {
        var poll = new PollDescriptor { Events = events };
        nint ready = Locked(descriptor =>
        {
            poll.Descriptor = descriptor;
            return poll_(ref poll, 1, PollMs);
        });
        return ready > 0 ? poll.Returned : (short)0;
    }

    /// <summary>Reads what is there.</summary>
    /// <param name="buffer">Where to.</param>
    /// <returns>Bytes read; 0 at the end; -1 when it failed.</returns>
    public nint Read(byte[] buffer) => Locked(descriptor => read_(descriptor, buffer, buffer.Length));

    /// <summary>Writes.</summary>
    /// <param name="bytes">What.</param>
    /// <returns>Bytes written; -1 when it failed.</returns>
    public nint Write(byte[] bytes) => Locked(descriptor => write_(descriptor, bytes, bytes.Length));

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private nint Locked(Func<int, nint> call)
    {
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            return call((int)handle.DangerousGetHandle());
        }
        finally
        {
            if (added)
            {
                handle.DangerousRelease();
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

#pragma warning disable SA1300, IDE1006, CA2101, CA5392, SYSLIB1054 // names and forms of libc
    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    private static extern nint read_(int descriptor, byte[] buffer, nint count);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    private static extern nint write_(int descriptor, byte[] buffer, nint count);

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static extern int poll_(ref PollDescriptor descriptors, nuint count, int milliseconds);
#pragma warning restore SA1300, IDE1006, CA2101, CA5392, SYSLIB1054
}
