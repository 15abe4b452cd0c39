using System;
using IotXmpp.Esp32;
using IotXmpp.Xmpp;

namespace IotXmpp.SelfTest;

/// <summary>The self-test on nanoFramework. Its hub, account and authority come from build properties (<c>SelfTestSettings</c> is made by the build).</summary>
public static class Program
{
    /// <summary>Runs the test once.</summary>
    public static void Main()
    {
        Jid account;
        if (!Jid.TryParse(SelfTestSettings.Jid, out account) || account.Local.Length == 0)
        {
            Console.WriteLine("SELFTEST FAIL: \"" + SelfTestSettings.Jid + "\" is no account's JID");
            return;
        }

        try
        {
            bool withoutTls = SelfTestSettings.Tls == "none";
            string wrong = null;
            NanoSocket socket = withoutTls ? NanoSocket.WithoutTls() : NanoSocket.Create(SelfTestSettings.Domain, "SelfTestCa", SelfTestSettings.Authority, out wrong);
            if (wrong != null)
            {
                Console.WriteLine("SELFTEST FAIL: " + wrong);
                return;
            }

            NanoLink link = new NanoLink(SelfTestSettings.Host, SelfTestSettings.Port, SelfTestSettings.Tls == "direct", socket);
            new SelfTestRun(link, account, SelfTestSettings.Secret, withoutTls, new NativeHash(), new NativeRandom(), new MemorySettings()).Run();
        }
        catch (Exception e)
        {
            // The last line is always the verdict, whatever broke.
            Console.WriteLine("SELFTEST FAIL: " + e.GetType().Name + ": " + e.Message);
        }
    }
}
