using System;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32.Desk;

/// <summary>Runs the application and tells the free heap after so many stanzas; ends with DESK PASS or DESK FAIL.</summary>
public static class Program
{
    private const long First = 1000;
    private const long Last = 10000;

    // What may come and go with a stanza in hand, and with some that wait for acknowledgement, when the heap is looked at: a third of a byte a stanza.
    private const long MayDiffer = 3072;

    /// <summary>The entry point.</summary>
    public static void Main()
    {
        try
        {
            Run();
        }
        catch (Exception e)
        {
            // The last line is always the verdict, whatever broke: the runtime itself says nothing of an exception that nobody caught.
            Console.WriteLine("DESK FAIL: " + e.GetType().Name + ": " + e.Message);
        }
    }

    private static void Run()
    {
        long empty = FreeBytes();
        DeskBoard board = new DeskBoard();
        BoardApplication application = new BoardApplication(board, FirmwareVersion.Text, FirmwareVersion.BuiltUtcMs, new Quick());
        if (application.Loop == null)
        {
            application.Step(System.Environment.TickCount64);
            Console.WriteLine("DESK FAIL: no settings; give -p:DeskKey and -p:DeskCa");
            return;
        }

        long first = -1;
        long start = System.Environment.TickCount64;
        while (!application.IsOver)
        {
            int wait = application.Step(System.Environment.TickCount64);
            board.Wait(wait);

            // Each sample is two stanzas: the publish and its result.
            long stanzas = application.Loop.Published * 2;
            if (first < 0 && stanzas >= First)
            {
                first = FreeBytes();
                Console.WriteLine("desk: empty " + empty.ToString() + ", after " + stanzas.ToString() + " stanzas " + first.ToString() + " bytes free: " + (empty - first).ToString() + " in use");
            }

            if (stanzas >= Last)
            {
                long last = FreeBytes();
                long milliseconds = System.Environment.TickCount64 - start;
                Console.WriteLine("desk: after " + stanzas.ToString() + " stanzas " + last.ToString() + " bytes free, " + milliseconds.ToString() + " ms in all");
                bool grown = first - last > MayDiffer;
                bool large = empty - first > 40 * 1024;
                Console.WriteLine(grown ? "DESK FAIL: the heap grows" : large ? "DESK FAIL: more than 40 KB in use" : "DESK PASS");
                return;
            }
        }

        Console.WriteLine("DESK FAIL: the application has ended itself after " + (application.Loop.Published * 2).ToString() + " stanzas");
    }

    private static long FreeBytes() => NumberFormat.Signed(nanoFramework.Runtime.Native.GC.Run(true));

    // One sample a publish, as fast as the hub answers.
    private sealed class Quick : IOptionsHook
    {
        public void Configure(ThingOptions thing, ClientOptions client)
        {
            thing.MinEventIntervalMs = 10;
            thing.MaxBatchSamples = 1;
            thing.RingSegmentBytes = 512; // a board has its flash for them, the desk its heap
            thing.RingSegments = 2;
        }
    }
}
