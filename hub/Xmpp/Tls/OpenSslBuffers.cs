using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;

namespace IotXmpp.Hub.Tls;

/// <summary>
/// Makes OpenSSL give its record buffers back while a connection is idle (<c>SSL_MODE_RELEASE_BUFFERS</c>). It keeps 16 KB for reading and 16 KB for
/// writing for each connection otherwise, which is three quarters of what an idle TLS session costs; and sessions of things are idle nearly always.
/// <see cref="SslStream"/> has no option for it, so its handle is fetched by reflection: where the runtime or the library is not the known one, nothing is
/// done and a session just costs more.
/// </summary>
internal static unsafe class OpenSslBuffers
{
    // ssl.h, the same in 1.1.1 and all of 3.x.
    private const int ControlMode = 33;
    private const nint ReleaseBuffers = 0x10;

    private static readonly FieldInfo? s_context = typeof(SslStream).GetField("_securityContext", BindingFlags.Instance | BindingFlags.NonPublic);
    private static readonly Lazy<nint> s_control = new(FindControl);

    /// <summary>To be called after the handshake. Returns whether the connection will release its buffers.</summary>
    public static bool ReleaseWhenIdle(SslStream stream)
    {
        if (s_context?.GetValue(stream) is not SafeHandle { IsInvalid: false } handle || handle.GetType().Name != "SafeSslHandle" || s_control.Value == 0)
        {
            return false;
        }

        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            var control = (delegate* unmanaged<nint, int, nint, nint, nint>)s_control.Value;
            return (control(handle.DangerousGetHandle(), ControlMode, ReleaseBuffers, 0) & ReleaseBuffers) != 0;
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    // SSL_ctrl of the very library that the runtime has loaded: another version's would take the handle for something else.
    private static nint FindControl()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        try
        {
            string[] loaded = [.. File.ReadLines("/proc/self/maps")
                .Select(line => line[(line.LastIndexOf(' ') + 1)..])
                .Where(path => Path.GetFileName(path).StartsWith("libssl.so", StringComparison.Ordinal))
                .Distinct()];
            return loaded.Length == 1 && NativeLibrary.TryLoad(loaded[0], out nint library) && NativeLibrary.TryGetExport(library, "SSL_ctrl", out nint control) ? control : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
