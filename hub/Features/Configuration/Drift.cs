using System.Globalization;
using IotXmpp.Hub.Features.Commands;

namespace IotXmpp.Hub.Features.Configuration;

/// <summary>Says how what a thing is like stands to what it shall be like.</summary>
internal static class Drift
{
    // Wire profile, registry: new network settings are kept only if the hub is reached again within 5 minutes.
    private static readonly string[] NetworkSettings = ["wifiSsid", "wifiPassword", "hubHost", "hubPort"];

    /// <summary>Compares them.</summary>
    /// <param name="thing">The thing.</param>
    /// <param name="desired">What it shall be like.</param>
    /// <param name="reported">What it says.</param>
    /// <param name="isOnline">Whether the thing is there.</param>
    /// <param name="now">The time.</param>
    /// <param name="trial">How long a trial takes, as the hub reckons it.</param>
    public static ThingConfiguration Of(string thing, ConfigurationVersion? desired, ReportedConfiguration? reported, bool isOnline, DateTimeOffset now, TimeSpan trial)
    {
        if (desired is null)
        {
            return new ThingConfiguration(thing, null, reported, []);
        }

        var drifts = new List<ParameterDrift>();
        foreach (CommandParameter wanted in desired.Parameters.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            string? value = reported?.Parameters.FirstOrDefault(p => p.Name == wanted.Name)?.Value;
            (DriftState state, DateTimeOffset since, string text) = Judge(wanted, value, desired, reported, isOnline, now, trial);
            drifts.Add(new ParameterDrift(wanted.Name, state, wanted.Masked, value, since, text));
        }

        return new ThingConfiguration(thing, desired, reported, drifts);
    }

    /// <summary>Whether two values of a type are the same, however they are written.</summary>
    internal static bool IsSame(string type, string a, string b) => a == b || type switch
    {
        "boolean" => a is "true" or "1" == b is "true" or "1",
        "int" or "long" or "double" => double.TryParse(a, NumberStyles.Float, CultureInfo.InvariantCulture, out double x) && double.TryParse(b, NumberStyles.Float, CultureInfo.InvariantCulture, out double y) && x.Equals(y),
        "color" => string.Equals(a, b, StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    private static (DriftState State, DateTimeOffset Since, string Text) Judge(
        CommandParameter wanted, string? value, ConfigurationVersion desired, ReportedConfiguration? reported, bool isOnline, DateTimeOffset now, TimeSpan trial)
    {
        if (reported is null || reported.Version < desired.Version)
        {
            return (DriftState.Pending, desired.At, isOnline ? "The thing has not taken it yet." : "The thing is not there; it takes it when it comes.");
        }

        if (reported.ErrorParameter.Length > 0 && reported.Version == desired.Version)
        {
            // A thing sets all of a version or nothing.
            return reported.ErrorParameter == wanted.Name
                ? (DriftState.Refused, reported.At, reported.ErrorText)
                : value is not null && IsSame(wanted.Type, wanted.Value, value)
                    ? (DriftState.Same, reported.At, string.Empty)
                    : (DriftState.Refused, reported.At, $"It came with {reported.ErrorParameter}, which was refused.");
        }

        if (wanted.IsSecret)
        {
            return (DriftState.Secret, reported.At, string.Empty);
        }

        if (value is null)
        {
            return (DriftState.Unknown, reported.At, "The thing says nothing of it.");
        }

        if (IsSame(wanted.Type, wanted.Value, value))
        {
            return (DriftState.Same, reported.At, string.Empty);
        }

        if (Array.IndexOf(NetworkSettings, wanted.Name) < 0 || reported.Trial == TrialState.None)
        {
            return (DriftState.Differs, reported.At, string.Empty);
        }

        if (reported.Trial == TrialState.Reverted)
        {
            return (DriftState.Reverted, reported.At, reported.TrialText);
        }

        DateTimeOffset over = reported.At + trial;
        if (reported.Trial == TrialState.Running)
        {
            return (DriftState.Trial, reported.At, now < over ? "The thing tries it, and goes back to the old one where it does not reach the hub within 5 minutes."
                : isOnline ? "The thing has not said yet what came of it." : "The thing tried it and is not back yet.");
        }

        // Firmware that tells nothing of trials: it says the old value when it has taken a new one, and nothing more where it went back to the old one.
        return now < over ? (DriftState.Trial, reported.At, "The thing tries it, and goes back to the old one where it does not reach the hub within 5 minutes.")
            : isOnline ? (DriftState.Reverted, over, "The hub was not reached with it within 5 minutes, it seems: the thing is here with the old one.")
            : (DriftState.Trial, reported.At, "The thing tried it and is not back yet.");
    }
}
