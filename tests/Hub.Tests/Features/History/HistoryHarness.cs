using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Storage;
using IotXmpp.Xml;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.History;

/// <summary>A history over a real database, with a clock that is moved by hand.</summary>
public abstract class HistoryHarness : IAsyncLifetime
{
    internal static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    internal ManualTime Clock { get; } = new();

    internal ISqlDatabase Database { get; private set; } = null!;

    internal HistoryService History { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await OpenDatabaseAsync();
        History = await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (History is not null)
        {
            await History.DisposeAsync();
            await Database.DisposeAsync();
        }
    }

    /// <summary>An empty database with the tables.</summary>
    protected abstract Task<ISqlDatabase> OpenDatabaseAsync();

    internal static long At(int second) => Start.AddSeconds(second).ToUnixTimeMilliseconds();

    internal static string Numeric(string name, int second, string value) => $"<timestamp value='{TimeFormat.Text(At(second))}'><numeric name='{name}' value='{value}' unit='°C'/></timestamp>";

    internal static byte[] Payload(string thing, params string[] timestamps) =>
        Encoding.UTF8.GetBytes($"<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'><node nodeId='{thing}'>{string.Concat(timestamps)}</node></fields>");

    internal async Task PublishAsync(string thing, params string[] timestamps) => await WriteAsync(History.Read(thing, Payload(thing, timestamps))!);

    internal Task WriteAsync(SampleBatch batch) => Database.WriteAsync(s => History.Write(s, batch), () => History.Committed(batch));

    internal async Task<IReadOnlyList<Sample>> SamplesAsync(string field, string thing = "esp32-1") =>
        await History.SamplesAsync(History.Find(thing, field)!, Start.AddDays(-40), Start.AddDays(40), 10_000, TestContext.Current.CancellationToken);

    internal async Task<IReadOnlyList<Aggregate>> PointsAsync(string field, double seconds) =>
        await History.QueryAsync(History.Find("esp32-1", field)!, Start.AddHours(-1), Start.AddHours(24), TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);

    internal ValueTask<long> CountAsync(string table) => Database.ReadAsync(s =>
    {
        SqlStatement row = s.Prepare($"SELECT count(*) FROM {table}");
        row.Read();
        long count = row.GetInt64(0);
        row.Reset();
        return count;
    });

    internal async Task<HistoryService> OpenAsync(HistoryOptions? options = null)
    {
        var history = new HistoryService(Database, options ?? new HistoryOptions(), Clock, NullLogger<HistoryService>.Instance);
        await history.StartAsync();
        return history;
    }

    internal async Task<HistoryService> ReopenAsync(HistoryOptions? options = null)
    {
        await History.DisposeAsync();
        return await OpenAsync(options);
    }
}
