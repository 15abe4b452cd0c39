using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using IotXmpp.EndToEnd.Cli;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>What of systemd a test needs: a <c>systemctl</c> that writes down how it was called and answers what it is told, and the socket that services notify.</summary>
public sealed class FakeSystemd : IDisposable
{
    private readonly TempFolder _folder = new("systemd");
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    public FakeSystemd()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux's");
        File.WriteAllText(Systemctl, $"""
            #!/bin/sh
            echo "$@" >> {Calls}
            case "$1" in show) cat {Answer} ;; --version) echo "systemd 252" ;; esac
            """);
        FileModes.Set(Systemctl, (UnixFileMode)0b111_101_101);
        File.WriteAllText(Answer, string.Empty);
        _socket.Bind(new UnixDomainSocketEndPoint(NotifySocket));
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>The folder to stand first in PATH.</summary>
    public string Folder => _folder.Path;

    /// <summary>A PATH where it is found first.</summary>
    public string SearchPath => Folder + ":" + Environment.GetEnvironmentVariable("PATH");

    /// <summary>What <c>NOTIFY_SOCKET</c> shall say.</summary>
    public string NotifySocket => _folder.File("notify");

    /// <summary>What services told.</summary>
    public ConcurrentQueue<string> Told { get; } = new();

    /// <summary>How <c>systemctl</c> was called, in order.</summary>
    public string[] Called => File.Exists(Calls) ? File.ReadAllLines(Calls) : [];

    private string Systemctl => _folder.File("systemctl");

    private string Calls => _folder.File("calls");

    private string Answer => _folder.File("answer");

    /// <summary>Says what <c>systemctl show</c> answers.</summary>
    public void Show(params string[] properties) => File.WriteAllLines(Answer, properties);

    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
        _reading.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        _stop.Dispose();
        _folder.Dispose();
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            int count = await _socket.ReceiveAsync(buffer, SocketFlags.None, _stop.Token);
            Told.Enqueue(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }
}
