using System.Globalization;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Configuration;

/// <summary>The element <c>config</c> of the wire profile, read and written; the one place where outcomes become stanza errors.</summary>
public static class ConfigurationXml
{
    /// <summary>Characters of what a thing says of an error that are kept (512).</summary>
    private const int MaxText = 512;

    /// <summary>The word for a state.</summary>
    public static string Word(DriftState state) => state switch
    {
        DriftState.Same => "same",
        DriftState.Pending => "pending",
        DriftState.Differs => "differs",
        DriftState.Unknown => "unknown",
        DriftState.Refused => "refused",
        DriftState.Trial => "trial",
        DriftState.Reverted => "reverted",
        _ => "secret",
    };

    /// <summary>The stanza error of an outcome that is not <see cref="ConfigurationOutcome.Done"/>.</summary>
    public static StanzaError Error(ConfigurationOutcome outcome, string text)
    {
        StanzaError error = outcome switch
        {
            ConfigurationOutcome.Forbidden => StanzaError.Forbidden,
            ConfigurationOutcome.NotFound => StanzaError.ItemNotFound,
            ConfigurationOutcome.BadRequest => StanzaError.BadRequest,
            ConfigurationOutcome.Conflict => StanzaError.Conflict,
            ConfigurationOutcome.TooMany => StanzaError.ResourceConstraint,
            _ => StanzaError.InternalServerError,
        };
        return text is { Length: > 0 } ? error.With(text) : error;
    }

    /// <summary>What is published on the node <c>desired</c>.</summary>
    public static byte[] Desired(long version, IReadOnlyList<CommandParameter> parameters)
    {
        using var xml = new XmlBuilder();
        xml.Open("config"u8, Ns.Thing).Attribute("version"u8, version);
        ParameterText.WriteParameters(xml, parameters, Ns.Control);
        return xml.Close("config"u8).ToArray();
    }

    /// <summary>Reads what was published on one of the nodes.</summary>
    /// <returns>What it says, its time left open; null where it is no configuration.</returns>
    public static ReportedConfiguration? Read(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            return null;
        }

        Element config = Element.Parse(payload);
        if (!config.Is("config", Ns.Thing) || !long.TryParse(config["version"], NumberStyles.None, CultureInfo.InvariantCulture, out long version) || version > int.MaxValue
            || !ParameterText.TryRead(config, out List<CommandParameter>? parameters))
        {
            return null;
        }

        parameters = [.. parameters.Where(p => p.Name.Length <= ParameterText.MaxName && p.Value.Length <= ParameterText.MaxValue).DistinctBy(p => p.Name).Take(64)];
        Element? wrong = config.Child("paramError", Ns.Control);
        Element? trial = config.Child("trial", Ns.Thing);
        TrialState state = trial?["state"] switch { "none" => TrialState.None, "running" => TrialState.Running, "reverted" => TrialState.Reverted, _ => TrialState.Untold };
        return new ReportedConfiguration(
            version,
            default,
            parameters,
            wrong is null ? string.Empty : wrong["var"] is { Length: > 0 and <= ParameterText.MaxName } name ? name : "?",
            Words(wrong),
            state,
            state == TrialState.Reverted ? Words(trial) : string.Empty);
    }

    /// <summary>Writes how a thing's configuration stands.</summary>
    public static void Write(XmlBuilder xml, ThingConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(xml);
        ArgumentNullException.ThrowIfNull(configuration);
        xml.Open("config"u8, Ns.Thing).Attribute("thing"u8, configuration.Thing).Attribute("drift"u8, configuration.HasDrift ? "true"u8 : "false"u8);
        if (configuration.Desired is { } desired)
        {
            Write(xml, "desired"u8, desired, withParameters: false);
        }

        if (configuration.Reported is { } reported)
        {
            xml.Open("reported"u8).Attribute("version"u8, reported.Version).Attribute("at"u8, Time(reported.At));
            ParameterText.WriteParameters(xml, reported.Parameters, Ns.Control, masked: true);
            xml.Close("reported"u8);
        }

        foreach (ParameterDrift drift in configuration.Parameters)
        {
            xml.Open("parameter"u8).Attribute("name"u8, drift.Name).Attribute("type"u8, drift.Desired.Type).Attribute("state"u8, Word(drift.State)).Attribute("since"u8, Time(drift.Since))
                .Attribute("desired"u8, drift.Desired.IsSecret ? null : drift.Desired.Value).Attribute("reported"u8, drift.Reported);
            if (drift.Text.Length > 0)
            {
                xml.Text(drift.Text);
            }

            xml.Close("parameter"u8);
        }

        xml.Close("config"u8);
    }

    /// <summary>Writes a version.</summary>
    public static void Write(XmlBuilder xml, ReadOnlySpan<byte> name, ConfigurationVersion version, bool withParameters)
    {
        ArgumentNullException.ThrowIfNull(xml);
        ArgumentNullException.ThrowIfNull(version);
        xml.Open(name).Attribute("version"u8, version.Version).Attribute("at"u8, Time(version.At)).Attribute("by"u8, version.By.ToString()).Attribute("note"u8, version.Note.Length > 0 ? version.Note : null);
        if (withParameters)
        {
            ParameterText.WriteParameters(xml, version.Parameters, Ns.Control, masked: true);
        }

        xml.Close(name);
    }

    private static string Words(Element? element) => element is null ? string.Empty : element.Text is { Length: <= MaxText } text ? text : element.Text[..MaxText];

    private static string Time(DateTimeOffset time) => TimeFormat.Text(time.ToUnixTimeMilliseconds());
}
