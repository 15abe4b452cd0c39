using System.Globalization;

namespace IotXmpp.LoadGenerator.Measure;

/// <summary>What a process has used up to now.</summary>
/// <param name="CpuMicroseconds">User and system time of all its threads, living or ended; the kernel counts in steps of 10 ms.</param>
/// <param name="RssKiB">Resident memory.</param>
/// <param name="PssKiB">Resident memory with shared pages divided among those who share them.</param>
/// <param name="Threads">Threads alive.</param>
internal readonly record struct ProcessUse(double CpuMicroseconds, long RssKiB, long PssKiB, int Threads);

/// <summary>Reads a server's use of CPU and memory from /proc, with its descendants when asked.</summary>
internal sealed class ProcessProbe
{
    /// <summary>USER_HZ: what /proc/pid/stat counts in is 1/100 s on every Linux that .NET runs on.</summary>
    private const double MicrosecondsPerTick = 10_000;

    private readonly int _pid;
    private readonly bool _children;

    public ProcessProbe(int pid, bool children)
    {
        (_pid, _children) = (pid, children);
        if (!File.Exists($"/proc/{pid}/stat"))
        {
            throw new LoadSettingsException($"--server-pid {pid}: there is no such process");
        }
    }

    public ProcessUse Read()
    {
        double cpu = 0;
        long rss = 0, pss = 0;
        var threads = 0;
        foreach (var pid in Family())
        {
            try
            {
                var fields = Stat(pid);
                cpu += (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) * MicrosecondsPerTick;
                threads += int.Parse(fields[17], CultureInfo.InvariantCulture);
                foreach (var line in File.ReadLines($"/proc/{pid}/smaps_rollup"))
                {
                    if (line.StartsWith("Rss:", StringComparison.Ordinal))
                    {
                        rss += KiB(line);
                    }
                    else if (line.StartsWith("Pss:", StringComparison.Ordinal))
                    {
                        pss += KiB(line);
                    }
                }
            }
            catch (Exception e) when (pid != _pid && e is IOException or UnauthorizedAccessException)
            {
                // A helper of the server that ended between the two looks.
            }
        }

        return new(cpu, rss, pss, threads);
    }

    private static long KiB(string line) => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    /// <summary>The fields after the name, which may itself hold spaces: [0] is the state, [1] the parent, [11] utime, [12] stime, [17] threads.</summary>
    private static string[] Stat(int pid)
    {
        var text = File.ReadAllText($"/proc/{pid}/stat");
        return text[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    private List<int> Family()
    {
        List<int> family = [_pid];
        if (!_children)
        {
            return family;
        }

        var parents = new List<(int Pid, int Parent)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                try
                {
                    parents.Add((pid, int.Parse(Stat(pid)[1], CultureInfo.InvariantCulture)));
                }
                catch (IOException)
                {
                    // It ended meanwhile.
                }
            }
        }

        for (var i = 0; i < family.Count; i++)
        {
            family.AddRange(parents.Where(p => p.Parent == family[i]).Select(p => p.Pid));
        }

        return family;
    }
}
