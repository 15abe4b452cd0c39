using System.Diagnostics;
using System.Runtime.InteropServices;
using SharpFuzz;

namespace IotXmpp.Fuzz.Engine;

/// <summary>
/// Which branches an input has taken, for long runs: SharpFuzz writes a counter into each block of the assemblies under test (in a copy of the program, which then runs). Without it the engine goes by
/// the kinds that targets tell.
/// </summary>
internal static unsafe class Coverage
{
    private const int MapBytes = 65_536;
    private const string Mark = "IOTXMPP_FUZZ_INSTRUMENTED";
    private static readonly string[] Assemblies = ["IotXmpp.Hub.Xmpp.dll", "IotXmpp.Core.dll"];
    private static readonly byte[] Seen = new byte[MapBytes];
    private static byte* s_map;

    /// <summary>Whether this process is the copy.</summary>
    public static bool IsInstrumented { get; } = Environment.GetEnvironmentVariable(Mark) is not null;

    /// <summary>Makes the copy and runs it with the same arguments; returns its code.</summary>
    public static int RunCopy(string[] arguments)
    {
        // Within the tree, so that the copy finds the samples.
        var folder = Directory.CreateDirectory(TestKit.Repository.Path("artifacts", "fuzz", $"copy-{Environment.ProcessId}")).FullName;
        try
        {
            foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            foreach (var name in Assemblies)
            {
                Fuzzer.Instrument(Path.Combine(folder, name), _ => true, SharpFuzz.Options.Value);
            }

            var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "IotXmpp.Fuzz.dll"), .. arguments]);
            start.Environment[Mark] = "1";
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Before anything of the assemblies under test is called.</summary>
    public static void Prepare()
    {
        if (IsInstrumented)
        {
            s_map = (byte*)NativeMemory.AllocZeroed(MapBytes);
            SharpFuzz.Common.Trace.SharedMem = s_map;
        }
    }

    /// <summary>Before an input.</summary>
    public static void Begin()
    {
        if (!IsInstrumented)
        {
            return;
        }

        new Span<byte>(s_map, MapBytes).Clear();
        SharpFuzz.Common.Trace.PrevLocation = 0;
    }

    /// <summary>After an input: whether it took a branch that none before it took, or one much more often.</summary>
    public static bool End()
    {
        if (!IsInstrumented)
        {
            return false;
        }

        var isNew = false;
        for (var i = 0; i < MapBytes; i++)
        {
            if (s_map[i] == 0)
            {
                continue;
            }

            // Counts as powers of two, as afl has it.
            var bucket = (byte)(1 << Math.Min(7, System.Numerics.BitOperations.Log2(s_map[i])));
            if ((Seen[i] & bucket) == 0)
            {
                Seen[i] |= bucket;
                isNew = true;
            }
        }

        return isNew;
    }

    /// <summary>Branches that were taken so far.</summary>
    public static int Branches => Seen.Count(b => b != 0);
}
