using System;
using System.Threading;
using nanoFramework.Runtime.Native;

namespace IotXmpp.Esp32.Board;

/// <summary>The entry point of an ESP32: one life of the board, and what follows it.</summary>
public static class Program
{
    /// <summary>Runs the application until it sleeps or restarts; whatever else ends it is a panic, and the board starts anew.</summary>
    public static void Main()
    {
        Esp32Board board = new Esp32Board();
        BoardApplication application = null;
        try
        {
            application = new BoardApplication(board, FirmwareVersion.Text, FirmwareVersion.BuiltUtcMs, null);
            while (!application.IsOver)
            {
                int wait = application.Step(System.Environment.TickCount64);
                board.Wait(wait);
            }
        }
        catch (Exception e)
        {
            // Not a loop of restarts without a pause: somebody may want to read the serial line, and nanoff to get a word in.
            Thread.Sleep(2000);
            if (application != null)
            {
                application.Panic(e.Message);
            }
            else
            {
                StartGuard.Announce(new FlashSettings(board.Files), "panic");
            }
        }

        Power.RebootDevice();
    }
}
