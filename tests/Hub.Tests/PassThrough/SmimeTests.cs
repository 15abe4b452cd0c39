using System.Diagnostics;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.PassThrough;

/// <summary>A message that OpenSSL has signed (S/MIME, RFC 3923) is still good for OpenSSL after each way through the hub.</summary>
public sealed class SmimeTests(PassThroughHub hub) : IClassFixture<PassThroughHub>
{
    private static readonly XNamespace E2e = "urn:ietf:params:xml:ns:xmpp-e2e";

    [Fact]
    public async Task A_signature_is_good_after_each_way()
    {
        using var folder = new TempFolder("smime");
        Assert.SkipUnless(await RunAsync(folder, "version") == 0, "openssl is not installed");
        Assert.Equal(0, await RunAsync(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=juliet", "-addext", "extendedKeyUsage=emailProtection", "-days", "3"));
        // RFC 3922: what is signed is a message in CPIM, with the line ends of mail.
        await File.WriteAllTextAsync(folder.File("cpim"), "Content-type: Message/CPIM\r\n\r\nFrom: Juliet <im:juliet@hub.test>\r\nTo: Romeo <im:romeo@peer.test>\r\nDateTime: 2003-12-09T11:45:36.66Z\r\nSubject: Imploring\r\n\r\nContent-type: text/plain; charset=utf-8\r\n\r\nWherefore art thou, Romeo? <&> é  \r\n");
        Assert.Equal(0, await RunAsync(folder, "smime", "-sign", "-in", "cpim", "-signer", "cert.pem", "-inkey", "key.pem", "-out", "signed", "-crlfeol"));
        string signed = await File.ReadAllTextAsync(folder.File("signed"));
        Assert.Contains("multipart/signed", signed, StringComparison.Ordinal);
        string payload = $"<body>This message is signed.</body><e2e xmlns='{E2e}'><![CDATA[{signed}]]></e2e>";

        await using TcpBytes alice = await hub.TcpAsync();
        await using TcpBytes bob = await hub.TcpAsync();
        await using TcpBytes carol = await hub.TcpAsync(hub.Pair.Peer);
        string late = await hub.AccountAsync();
        var ways = new Dictionary<string, XElement>();
        await alice.SendAsync($"<message to='{bob.Jid}' type='chat'>{payload}</message><message to='{carol.Jid}' type='chat'>{payload}</message><message to='{late}@hub.test' type='chat'>{payload}</message>");
        await alice.Client.PingAsync();
        ways["to another client"] = await bob.Client.ReadUntilAsync(e => e.Name.LocalName == "message");
        ways["to another server"] = await carol.Client.ReadUntilAsync(e => e.Name.LocalName == "message");
        await carol.SendAsync($"<message to='{bob.Jid}' type='chat'>{payload}</message>");
        ways["from another server"] = await bob.Client.ReadUntilAsync(e => e.Name.LocalName == "message");
        await using TcpBytes come = await TcpBytes.LoginAsync(hub.Hub.Plain, "hub.test", late);
        await come.SendAsync("<presence/>");
        ways["offline"] = await come.Client.ReadUntilAsync(e => e.Name.LocalName == "message");
        await come.SendAsync("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
        ways["archive"] = await come.Client.ReadUntilAsync(e => e.Name.LocalName == "message");

        foreach ((string way, XElement message) in ways)
        {
            string text = message.Descendants(E2e + "e2e").Single().Value;
            await File.WriteAllTextAsync(folder.File("received"), text);
            Assert.True(await RunAsync(folder, "smime", "-verify", "-in", "received", "-CAfile", "cert.pem", "-out", "/dev/null") == 0, way);
        }

        // The check can fail: one letter of the text.
        await File.WriteAllTextAsync(folder.File("received"), signed.Replace("Wherefore", "Therefore", StringComparison.Ordinal));
        Assert.NotEqual(0, await RunAsync(folder, "smime", "-verify", "-in", "received", "-CAfile", "cert.pem", "-out", "/dev/null"));
    }

    private static async Task<int> RunAsync(TempFolder folder, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("openssl", arguments) { WorkingDirectory = folder.Path, RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> said = process.StandardOutput.ReadToEndAsync();
            Task<string> complained = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(RawClient.DefaultWait);
            await Task.WhenAll(said, complained);
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
