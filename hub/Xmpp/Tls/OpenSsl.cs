using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace IotXmpp.Hub.Tls;

/// <summary>
/// What .NET does not let through to OpenSSL 3 on Linux: giving back the buffers of idle sessions, and exported keying material. It reaches the
/// <c>SSL*</c> inside an <see cref="SslStream"/>; where that is not possible (another system, another OpenSSL, changed internals) everything here says
/// no, and nothing but memory is lost.
/// </summary>
internal static unsafe class OpenSsl
{
    private const int CtrlMode = 33;
    private const int ModeReleaseBuffers = 0x10;
    private const int BindingBytes = 32;

    private static readonly FieldInfo? s_context = typeof(SslStream).GetField("_securityContext", BindingFlags.NonPublic | BindingFlags.Instance);
    private static readonly Functions? s_functions = OperatingSystem.IsLinux() && s_context is not null ? Functions.Load() : null;

    /// <summary>True when this process can reach OpenSSL.</summary>
    public static bool IsReachable => s_functions is not null;

    /// <summary>
    /// Sets SSL_MODE_RELEASE_BUFFERS on the context that the stream's session came from: all later sessions of the context give their record buffers
    /// (17 KB for reading, 17 KB for writing) back whenever they are empty.
    /// </summary>
    public static bool TryReleaseBuffers(SslStream stream) => With(stream, static (functions, ssl) =>
    {
        nint context = functions.GetContext(ssl);
        return context != 0 && (functions.ContextControl(context, CtrlMode, ModeReleaseBuffers, 0) & ModeReleaseBuffers) != 0;
    });

    /// <summary>True when the stream's own session gives its buffers back.</summary>
    public static bool ReleasesBuffers(SslStream stream)
        => With(stream, static (functions, ssl) => (functions.Control(ssl, CtrlMode, 0, 0) & ModeReleaseBuffers) != 0);

    /// <summary>
    /// The channel binding <c>tls-exporter</c> (RFC 9266 §2) of a TLS 1.3 session; empty for older ones and where OpenSSL cannot be reached. To be called
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

    private static bool With(SslStream stream, Func<Functions, nint, bool> use)
    {
        if (s_functions is null || Session(stream) is not { IsInvalid: false } handle)
        {
            return false;
        }

        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            return use(s_functions, handle.DangerousGetHandle());
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            if (added)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>The handle of the <c>SSL*</c>, which is the security context itself or a property of it.</summary>
    private static SafeHandle? Session(SslStream stream)
    {
        object? context = s_context?.GetValue(stream);
        PropertyInfo? inner = context?.GetType().GetProperty("SslContext", BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance);
        object? session = inner is null ? context : inner.GetValue(context);
        return session is SafeHandle handle && handle.GetType().Name == "SafeSslHandle" ? handle : null;
    }

    /// <summary>Function pointers into the OpenSSL that .NET itself has loaded.</summary>
    private sealed class Functions(nint ssl)
    {
        public readonly delegate* unmanaged<nint, int, nint, nint, nint> Control
            = (delegate* unmanaged<nint, int, nint, nint, nint>)NativeLibrary.GetExport(ssl, "SSL_ctrl");

        public readonly delegate* unmanaged<nint, int, nint, nint, nint> ContextControl
            = (delegate* unmanaged<nint, int, nint, nint, nint>)NativeLibrary.GetExport(ssl, "SSL_CTX_ctrl");

        public readonly delegate* unmanaged<nint, nint> GetContext = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(ssl, "SSL_get_SSL_CTX");

        public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte*, nuint, int, int> Export
            = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte*, nuint, int, int>)NativeLibrary.GetExport(ssl, "SSL_export_keying_material");

        [System.Runtime.Versioning.SupportedOSPlatform("linux")]
        public static Functions? Load()
        {
            // A handle must never go to another OpenSSL than it came from: the version that .NET uses has to be that of the library found here.
            if (!NativeLibrary.TryLoad("libssl.so.3", out nint ssl) || !NativeLibrary.TryLoad("libcrypto.so.3", out nint crypto)
                || !NativeLibrary.TryGetExport(crypto, "OpenSSL_version_num", out nint version))
            {
                return null;
            }

            try
            {
                return (long)((delegate* unmanaged<nuint>)version)() == SafeEvpPKeyHandle.OpenSslVersion ? new Functions(ssl) : null;
            }
            catch (EntryPointNotFoundException)
            {
                return null;
            }
        }
    }
}
