using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace IotXmpp.Cli.Output;

/// <summary>
/// Where a command writes: lines and tables for people, or one JSON object a line (<c>--json</c>), on standard output; progress and errors on standard error.
/// On a terminal in colour and with a spinner, elsewhere plain.
/// </summary>
internal sealed class Screen
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly IAnsiConsole s_errors = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    private readonly Lock _gate = new();

    /// <summary>A screen.</summary>
    /// <param name="json">Whether standard output is for programs.</param>
    public Screen(bool json)
    {
        IsJson = json;
        IsTerminal = !json && !Console.IsOutputRedirected;
    }

    /// <summary>Whether standard output is one JSON object a line.</summary>
    public bool IsJson { get; }

    /// <summary>Whether a person looks at standard output.</summary>
    public bool IsTerminal { get; }

    /// <summary>Writes one line on standard error, in red on a terminal.</summary>
    public static void Error(string line)
    {
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine("iotxmpp: " + line);
        }
        else
        {
            s_errors.MarkupLine("[red]iotxmpp:[/] " + Markup.Escape(line));
        }
    }

    /// <summary>Writes a remark on standard error.</summary>
    public static void Note(string line) => Console.Error.WriteLine(line);

    /// <summary>Writes one line of text; nothing with <c>--json</c>.</summary>
    public void Line(string text)
    {
        if (!IsJson)
        {
            Write(text);
        }
    }

    /// <summary>Writes one line whose parts have styles of Spectre.Console (<c>green</c>, <c>dim</c>, …); nothing with <c>--json</c>.</summary>
    public void Line(params (string Text, string? Style)[] parts)
    {
        if (IsJson)
        {
            return;
        }

        if (!IsTerminal)
        {
            Write(string.Concat(parts.Select(p => p.Text)).TrimEnd());
            return;
        }

        string markup = string.Concat(parts.Select(p => p.Style is null ? Markup.Escape(p.Text) : $"[{p.Style}]{Markup.Escape(p.Text)}[/]"));
        lock (_gate)
        {
            AnsiConsole.MarkupLine(markup);
        }
    }

    /// <summary>Writes one JSON object; nothing without <c>--json</c>.</summary>
    public void Json(Func<JsonObject> make)
    {
        if (IsJson)
        {
            Write(make().ToJsonString(s_json));
        }
    }

    /// <summary>Writes a table; nothing with <c>--json</c>.</summary>
    /// <param name="headers">One for each column.</param>
    /// <param name="rows">Cells with a style or none.</param>
    public void Table(string[] headers, IReadOnlyList<(string Text, string? Style)[]> rows)
    {
        if (IsJson)
        {
            return;
        }

        int[] widths = [.. headers.Select((h, i) => rows.Select(r => Width(r[i].Text)).Append(Width(h)).Max())];
        (string, string?)[] head = [.. headers.Select((h, i) => (Pad(h, widths[i]), (string?)"bold"))];
        Line(head);
        foreach ((string Text, string? Style)[] row in rows)
        {
            (string, string?)[] cells = [.. row.Select((c, i) => (Pad(c.Text, widths[i]), c.Style))];
            Line(cells);
        }
    }

    /// <summary>Tells on standard error that something takes its time, until it is disposed: a spinner on a terminal, elsewhere a line after a second.</summary>
    public static Progress Wait(string what) => new(what, Console.IsErrorRedirected);

    private static string Pad(string text, int width) => text + new string(' ', width - Width(text) + 2);

    private static int Width(string text) => text.EnumerateRunes().Count();

    private void Write(string text)
    {
        lock (_gate)
        {
            Console.Out.WriteLine(text);
        }
    }
}
