using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>The contracts of all resources, gathered as they are mapped: the description of the API is made from the very ones that requests are read and answers written by.</summary>
internal sealed class RestContracts : IJsonTypeInfoResolver
{
    private readonly ConcurrentDictionary<IJsonTypeInfoResolver, bool> _contexts = new() { [RestProblemJson.Default] = true };

    /// <summary>Takes one in.</summary>
    /// <exception cref="ArgumentException">Its context is not strict: it would take what it does not know.</exception>
    public void Add(JsonTypeInfo contract)
    {
        JsonSerializerOptions options = contract.Options;
        if (options.UnmappedMemberHandling != JsonUnmappedMemberHandling.Disallow || options.AllowDuplicateProperties || options.PropertyNamingPolicy != JsonNamingPolicy.CamelCase || !options.RespectNullableAnnotations)
        {
            throw new ArgumentException($"The JSON context of {contract.Type.Name} must be [JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)].");
        }

        _contexts.TryAdd(contract.OriginatingResolver ?? throw new ArgumentException($"The contract of {contract.Type.Name} is not source-generated."), true);
    }

    /// <inheritdoc/>
    public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options)
    {
        foreach (IJsonTypeInfoResolver context in _contexts.Keys)
        {
            if (context.GetTypeInfo(type, options) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
