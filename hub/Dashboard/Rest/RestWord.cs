using System.Text.Json;
using System.Text.Json.Serialization;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>Writes the members of an enum as words: <c>connection-lost</c>.</summary>
public sealed class RestWord<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
