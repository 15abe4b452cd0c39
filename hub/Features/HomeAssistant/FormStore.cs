using System.Text.Json;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>What things let be set, over restarts of the hub, in SQL: the home has its switches also of a thing that comes back later than the hub. A row a thing, written only where it is another one.</summary>
internal sealed class FormStore(ISqlDatabase database)
{
    /// <summary>All forms, by thing.</summary>
    public ValueTask<Dictionary<string, List<Parameter>>> AllAsync(CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var forms = new Dictionary<string, List<Parameter>>(StringComparer.Ordinal);
            SqlStatement row = session.Prepare("SELECT thing, form FROM home_form");
            while (row.Read())
            {
                forms[row.GetString(0)] = Read(row.GetString(1));
            }

            return forms;
        },
        cancel);

    /// <summary>Keeps the form of a thing.</summary>
    public Task KeepAsync(string thing, IReadOnlyList<Parameter> form) => database.WriteAsync(session =>
    {
        session.Prepare("INSERT INTO home_form (thing, form) VALUES ($1, $2) ON CONFLICT (thing) DO UPDATE SET form = excluded.form WHERE home_form.form <> excluded.form")
            .Bind(1, thing).Bind(2, JsonSerializer.Serialize(form)).Execute();
    });

    /// <summary>Forgets a thing.</summary>
    public Task ForgetAsync(string thing) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM home_form WHERE thing = $1").Bind(1, thing).Execute();
    });

    // What cannot be read is asked for anew.
    private static List<Parameter> Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<List<Parameter>>(text) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
