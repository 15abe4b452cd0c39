using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>The description of the API (OpenAPI 3.1), made from the operations that requests are held against.</summary>
internal static partial class RestDescription
{
    private const string Scheme = "token";

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = description => description.ActionDescriptor.EndpointMetadata.OfType<RestOperation>().Any();
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "IotXmpp",
                Version = "1",
                Description = "Things, how they are, what they have measured. A thing that the token's account may not see is answered as if there were none. Every refusal is application/problem+json (RFC 9457).",
            };
            // Relative to where the description was read: proxies and other names of the hub stay right.
            document.Servers = [new OpenApiServer { Url = "/" }];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "iotx_…", Description = "An API token. What each operation needs stands with it as x-scope." },
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeAsync);
    }

    private static Task DescribeAsync(OpenApiOperation described, OpenApiOperationTransformerContext context, CancellationToken cancel)
    {
        RestOperation operation = context.Description.ActionDescriptor.EndpointMetadata.OfType<RestOperation>().Single();
        described.OperationId = operation.Id;
        described.Summary = operation.Summary;
        described.Description = operation.Description.Length > 0 ? operation.Description : null;
        described.Tags = new HashSet<OpenApiTagReference> { new(operation.Group, context.Document) };
        described.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
        described.Extensions = new Dictionary<string, IOpenApiExtension> { ["x-scope"] = new JsonNodeExtension(JsonValue.Create(operation.Scope)) };
        described.Parameters =
        [
            .. PathParameters().Matches(context.Description.RelativePath ?? "").Select(m => new OpenApiParameter
            {
                Name = m.Groups[1].Value,
                In = ParameterLocation.Path,
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            }),
            .. operation.Parameters.Select(Describe),
        ];
        OpenApiResponses known = described.Responses ?? [];
        described.Responses = [];
        foreach (IGrouping<int, RestAnswer> answers in operation.Answers.GroupBy(a => a.Status).OrderBy(a => a.Key))
        {
            string status = answers.Key.ToString(CultureInfo.InvariantCulture);
            var response = new OpenApiResponse { Description = ReasonPhrases.GetReasonPhrase(answers.Key) };
            if (answers.Any(a => a.MediaType is not null))
            {
                response.Content = new Dictionary<string, OpenApiMediaType>();
                foreach (RestAnswer answer in answers.Where(a => a.MediaType is not null))
                {
                    response.Content[answer.MediaType!] = answer.Type is not null && known.TryGetValue(status, out IOpenApiResponse? made) && made.Content is { } content && content.TryGetValue(answer.MediaType!, out OpenApiMediaType? schema)
                        ? schema
                        : new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
                }
            }

            described.Responses[status] = response;
        }

        return Task.CompletedTask;
    }

    private static OpenApiParameter Describe(RestParameter parameter)
    {
        var one = new OpenApiSchema
        {
            Type = parameter.Type switch
            {
                "integer" => JsonSchemaType.Integer,
                "boolean" => JsonSchemaType.Boolean,
                _ => JsonSchemaType.String,
            },
            Format = parameter.Format,
            MaxLength = parameter.MaxLength,
            Minimum = parameter.Minimum?.ToString(CultureInfo.InvariantCulture),
            Maximum = parameter.Maximum?.ToString(CultureInfo.InvariantCulture),
            Enum = parameter.Words is { } words ? [.. words.Select(w => (JsonNode)JsonValue.Create(w))] : null,
            Default = parameter.Default is { } value ? JsonNode.Parse(value) : null,
        };
        return new OpenApiParameter
        {
            Name = parameter.Name,
            In = ParameterLocation.Query,
            Description = parameter.Description,
            Required = parameter.IsRequired,
            Schema = parameter.Most > 1 ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = one, MaxItems = parameter.Most } : one,
        };
    }

    [GeneratedRegex(@"\{\*{0,2}([A-Za-z]+)(?::[^}]*)?\}")]
    private static partial Regex PathParameters();
}
