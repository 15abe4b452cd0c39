using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace IotXmpp.Hub.Features.Metrics;

/// <summary>
/// The figures of one meter as Prometheus reads them (text format 0.0.4). Names follow its rules: dots become underscores, the unit and <c>_total</c> stand at the end. What is asked within a second is the same answer, so that nobody makes
/// the hub count without end.
/// </summary>
public sealed class PrometheusText : IDisposable
{
    /// <summary>What the answer is.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly List<Family> _families = [];
    private readonly Lock _gate = new();
    private byte[] _last = [];
    private long _lastAt;

    /// <summary>Listens to one meter, and to none of the same name.</summary>
    public PrometheusText(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter))
            {
                var family = new Family(instrument);
                lock (_families)
                {
                    _families.Add(family);
                }

                listener.EnableMeasurementEvents(instrument, family);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((Family)state!).Take(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((Family)state!).Take(value, tags));
        _listener.Start();
    }

    /// <summary>All figures as they are now, or were a second ago at most.</summary>
    public byte[] Collect()
    {
        lock (_gate)
        {
            if (_last.Length > 0 && Stopwatch.GetElapsedTime(_lastAt) < TimeSpan.FromSeconds(1))
            {
                return _last;
            }

            var text = new StringBuilder(8_192);
            lock (_families)
            {
                _families.ForEach(family => family.Clear());
                _listener.RecordObservableInstruments();
                _families.ForEach(family => family.Write(text));
            }

            ProcessFigures.Write(text);
            _last = Encoding.UTF8.GetBytes(text.ToString());
            _lastAt = Stopwatch.GetTimestamp();
            return _last;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    /// <summary>The name that an instrument has here.</summary>
    internal static string NameOf(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_');
        string unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => string.Empty };
        name += name.EndsWith(unit, StringComparison.Ordinal) ? string.Empty : unit;
        return IsCounter(instrument) ? name + "_total" : name;
    }

    internal static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    /// <summary>The two lines before the series.</summary>
    internal static void Head(StringBuilder text, string name, string type, string help) => text
        .Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)).Append('\n')
        .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static bool IsCounter(Instrument instrument) => instrument is ObservableCounter<long> or ObservableCounter<double> or Counter<long> or Counter<double>;

    // One instrument. What is observed is there anew each time; a histogram gathers.
    private sealed class Family
    {
        private readonly string _name;
        private readonly string _type;
        private readonly string _help;
        private readonly List<(string Labels, double Value)> _observed = [];
        private readonly double[]? _bounds;
        private readonly long[] _counts = [];
        private readonly Lock _histogram = new();
        private double _sum;

        public Family(Instrument instrument)
        {
            _name = NameOf(instrument);
            _help = instrument.Description ?? string.Empty;
            if (instrument is Histogram<double> histogram)
            {
                _bounds = [.. histogram.Advice?.HistogramBucketBoundaries ?? [0.001, 0.01, 0.1, 1, 10]];
                _counts = new long[_bounds.Length + 1];
            }

            _type = _bounds is not null ? "histogram" : IsCounter(instrument) ? "counter" : "gauge";
        }

        public void Clear() => _observed.Clear();

        public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (_bounds is null)
            {
                _observed.Add((Labels(tags), value));
                return;
            }

            int at = 0;
            while (at < _bounds.Length && value > _bounds[at])
            {
                at++;
            }

            lock (_histogram)
            {
                _counts[at]++;
                _sum += value;
            }
        }

        public void Write(StringBuilder text)
        {
            if (_bounds is not null)
            {
                WriteHistogram(text);
            }
            else if (_observed.Count > 0)
            {
                Head(text, _name, _type, _help);
                foreach ((string labels, double value) in _observed)
                {
                    text.Append(_name).Append(labels).Append(' ').Append(Number(value)).Append('\n');
                }
            }
        }

        private void WriteHistogram(StringBuilder text)
        {
            Head(text, _name, _type, _help);
            lock (_histogram)
            {
                long count = 0;
                for (int i = 0; i < _counts.Length; i++)
                {
                    count += _counts[i];
                    text.Append(_name).Append("_bucket{le=\"").Append(Number(i < _bounds!.Length ? _bounds[i] : double.PositiveInfinity)).Append("\"} ").Append(count).Append('\n');
                }

                text.Append(_name).Append("_sum ").Append(Number(_sum)).Append('\n').Append(_name).Append("_count ").Append(count).Append('\n');
            }
        }

        private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.IsEmpty)
            {
                return string.Empty;
            }

            var text = new StringBuilder("{");
            foreach ((string name, object? value) in tags)
            {
                text.Append(text.Length > 1 ? "," : string.Empty).Append(name).Append("=\"")
                    .Append(Convert.ToString(value, CultureInfo.InvariantCulture)!.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)).Append('"');
            }

            return text.Append('}').ToString();
        }
    }
}

/// <summary>The process, by the names that all programs give to this.</summary>
internal static class ProcessFigures
{
    public static void Write(StringBuilder text)
    {
        using Process process = Process.GetCurrentProcess();
        One("process_cpu_seconds_total", "counter", "Time of processors that the process has taken.", process.TotalProcessorTime.TotalSeconds);
        One("process_resident_memory_bytes", "gauge", "Memory of the process that is in memory.", process.WorkingSet64);
        One("process_start_time_seconds", "gauge", "When the process started, since 1970.", (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds);
        One("process_threads", "gauge", "Threads of the process.", process.Threads.Count);
        if (OperatingSystem.IsLinux())
        {
            One("process_open_fds", "gauge", "Files and sockets that the process has open.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        }

        void One(string name, string type, string help, double value)
        {
            PrometheusText.Head(text, name, type, help);
            text.Append(name).Append(' ').Append(PrometheusText.Number(value)).Append('\n');
        }
    }
}
