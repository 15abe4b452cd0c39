using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Tls;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Server;

public sealed class OpenSslTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    /// <summary>When this fails after an update of .NET, idle TLS sessions cost three times the memory: find the new way to the handle.</summary>
    [Fact]
    public async Task Released_buffers_come_back_when_there_is_data()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SslStream runs over OpenSSL on Linux only");
        using X509Certificate2 certificate = Certificates.SelfSigned("localhost");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var outgoing = new TcpClient();
        await outgoing.ConnectAsync((IPEndPoint)listener.LocalEndpoint).WaitAsync(Bound);
        using TcpClient incoming = await listener.AcceptTcpClientAsync().WaitAsync(Bound);
        await using var server = new SslStream(incoming.GetStream());
        await using var client = new SslStream(outgoing.GetStream(), false, (_, _, _, _) => true);

        await Task.WhenAll(server.AuthenticateAsServerAsync(certificate), client.AuthenticateAsClientAsync("localhost")).WaitAsync(Bound);

        Assert.True(OpenSsl.ReleaseWhenIdle(server));

        // Longer than a record, and not a multiple of one; between the rounds the buffers are given back.
        byte[] sent = RandomNumberGenerator.GetBytes(70_001);
        byte[] received = new byte[sent.Length];
        for (int round = 0; round < 3; round++)
        {
            await Task.WhenAll(server.WriteAsync(sent).AsTask(), client.ReadExactlyAsync(received).AsTask()).WaitAsync(Bound);
            Assert.Equal(sent, received);
            received.AsSpan().Clear();
            await Task.WhenAll(client.WriteAsync(sent).AsTask(), server.ReadExactlyAsync(received).AsTask()).WaitAsync(Bound);
            Assert.Equal(sent, received);
        }
    }

    [Fact]
    public async Task Both_ends_have_the_same_first_Finished_message()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SslStream runs over OpenSSL on Linux only");
        using X509Certificate2 certificate = Certificates.SelfSigned("localhost");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var outgoing = new TcpClient();
        await outgoing.ConnectAsync((IPEndPoint)listener.LocalEndpoint).WaitAsync(Bound);
        using TcpClient incoming = await listener.AcceptTcpClientAsync().WaitAsync(Bound);
        await using var server = new SslStream(incoming.GetStream());
        await using var client = new SslStream(outgoing.GetStream(), false, (_, _, _, _) => true);
        var options = new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = System.Security.Authentication.SslProtocols.Tls12 };

        await Task.WhenAll(server.AuthenticateAsServerAsync(certificate), client.AuthenticateAsClientAsync(options)).WaitAsync(Bound);

        byte[] unique = OpenSsl.Unique(server);
        Assert.Equal(12, unique.Length);
        // .NET gives the client the same bytes, behind a header and the binding's name.
        using System.Security.Authentication.ExtendedProtection.ChannelBinding binding = client.TransportContext.GetChannelBinding(System.Security.Authentication.ExtendedProtection.ChannelBindingKind.Unique)!;
        byte[] whole = new byte[binding.Size];
        System.Runtime.InteropServices.Marshal.Copy(binding.DangerousGetHandle(), whole, 0, whole.Length);
        Assert.Equal(unique, whole[^unique.Length..]);
    }

    [Fact]
    public void A_stream_before_its_handshake_is_left_as_it_is()
    {
        using var stream = new SslStream(new MemoryStream());

        Assert.False(OpenSsl.ReleaseWhenIdle(stream));
        Assert.Empty(OpenSsl.Unique(stream));
    }
}
