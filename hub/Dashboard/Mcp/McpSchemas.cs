using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace IotXmpp.Hub.Dashboard.Mcp;

/// <summary>The tools as they are described to programs.</summary>
internal static class McpSchemas
{
    public static Tool ListThings { get; } = Make("list_things", "List things", "Things that the account may see, with how they are and their latest values. At most 50 at a time; 'next' of a result is 'after' of the next call.", isReadOnly: true, """
        {"type":"object","additionalProperties":false,"properties":{
          "text":{"type":"string","maxLength":128,"description":"Things whose id, name or tag has this text."},
          "state":{"type":"string","enum":["online","resuming","sleeping","overdue","offline","lost"],"description":"'lost' is overdue, and offline without a farewell."},
          "after":{"type":"string","maxLength":128},
          "limit":{"type":"integer","minimum":1,"maximum":50}}}
        """);

    public static Tool ReadThing { get; } = Make("read_thing", "Read a thing", "One thing: how it is and since when, its fields with their latest values, its tags.", isReadOnly: true, """
        {"type":"object","additionalProperties":false,"required":["thing"],"properties":{"thing":{"type":"string","maxLength":128,"description":"The thing's id."}}}
        """);

    public static Tool QueryHistory { get; } = Make("query_history", "Query history", "What a field of a thing was in a span, as points with count, min, max, average and last. A point with count 0 is a gap.", isReadOnly: true, """
        {"type":"object","additionalProperties":false,"required":["thing","field"],"properties":{
          "thing":{"type":"string","maxLength":128},
          "field":{"type":"string","maxLength":512},
          "from":{"type":"string","format":"date-time","description":"A day before 'to' where it is not given."},
          "to":{"type":"string","format":"date-time","description":"Now where it is not given."},
          "points":{"type":"integer","minimum":1,"maximum":200,"description":"50 where it is not given."}}}
        """);

    public static Tool ListAlerts { get; } = Make("list_alerts", "List alerts", "Alerts of things that the account may see, the newest first. At most 50 at a time; 'next' of a result is 'before' of the next call.", isReadOnly: true, """
        {"type":"object","additionalProperties":false,"properties":{
          "thing":{"type":"string","maxLength":128},
          "state":{"type":"string","enum":["open","cleared"]},
          "before":{"type":"string","maxLength":20},
          "limit":{"type":"integer","minimum":1,"maximum":50}}}
        """);

    public static Tool ProposeCommand { get; } = Make("propose_command", "Propose a command", "Proposes to set parameters of a thing. Nothing is done until a person who may control the thing confirms it at the hub; it expires after some minutes. read_proposal tells what has become of it.", isReadOnly: false, """
        {"type":"object","additionalProperties":false,"required":["thing","parameters"],"properties":{
          "thing":{"type":"string","maxLength":128},
          "parameters":{"type":"array","minItems":1,"maxItems":16,"items":{"type":"object","additionalProperties":false,"required":["name","value"],"properties":{
            "name":{"type":"string","maxLength":256},"value":{"type":["boolean","number","string"]}}}},
          "reason":{"type":"string","maxLength":500,"description":"Why, for the person who decides."}}}
        """);

    public static Tool ReadProposal { get; } = Make("read_proposal", "Read a proposal", "What has become of a proposed command.", isReadOnly: true, """
        {"type":"object","additionalProperties":false,"required":["proposal"],"properties":{"proposal":{"type":"string","maxLength":64}}}
        """);

    private static Tool Make(string name, string title, string description, bool isReadOnly, string schema) => new()
    {
        Name = name,
        Title = title,
        Description = description,
        InputSchema = JsonDocument.Parse(schema).RootElement,
        // A proposal is kept, destroys nothing, and is another one each time.
        Annotations = new ToolAnnotations { Title = title, ReadOnlyHint = isReadOnly, DestructiveHint = false, IdempotentHint = isReadOnly, OpenWorldHint = false },
    };
}
