using System.Globalization;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Of what a form of subscription options is: not every node offers every option.</summary>
/// <param name="IsCollection">Whether type and depth are offered (XEP-0248 §6.1).</param>
/// <param name="HasBody">Whether the hub can make a body of the payloads (XEP-0060 §12.7: else the option must not be offered).</param>
/// <param name="IsPresenceKnown">Whether the subscriber is of this domain: only then its presence is known.</param>
/// <param name="MayBeTemporary">Whether a subscription may end when the subscriber goes (§12.4): at the service of the hub, which sees everybody go.</param>
internal readonly record struct OptionsOffer(bool IsCollection, bool HasBody, bool IsPresenceKnown, bool MayBeTemporary);

/// <summary>The fields of subscription options (XEP-0060 §16.4.2, XEP-0248 §12.2.1).</summary>
internal static class SubscriptionOptionsForm
{
    /// <summary>FORM_TYPE of subscription options.</summary>
    public const string FormType = Ns.PubSub + "#subscribe_options";

    /// <summary>Milliseconds between digests, at least: a second.</summary>
    public const int LeastFrequency = 1_000;

    /// <summary>Milliseconds between digests, at most: a week.</summary>
    public const int MostFrequency = 604_800_000;

    /// <summary>Levels that may be said as a number.</summary>
    private const int MostDepth = 1_000;

    private static readonly (string Token, ShowValues Value)[] Shows =
        [("away", ShowValues.Away), ("chat", ShowValues.Chat), ("dnd", ShowValues.Dnd), ("online", ShowValues.Online), ("xa", ShowValues.Xa)];

    private static readonly string[] Types = ["nodes", "items", "all"];

    /// <summary>The form: to be filled in, or (<c>result</c>) to be told.</summary>
    public static DataForm Write(SubscriptionOptions options, OptionsOffer offer, Forms.FormType type = Forms.FormType.Form)
    {
        bool asks = type == Forms.FormType.Form;
        DataForm form = new DataForm(type, FormType)
            .Add(FormField.Boolean("pubsub#deliver", options.Deliver, "Deliver notifications"))
            .Add(FormField.Boolean("pubsub#digest", options.Digest, "Gather notifications"))
            .Add(FormField.Single("pubsub#digest_frequency", "text-single", options.DigestFrequency.ToString(CultureInfo.InvariantCulture), "Milliseconds between gathered notifications, at least"))
            .Add(FormField.Single("pubsub#expire", "text-single", Expire(options), "When the subscription ends (UTC, or presence: when one goes offline), empty for never"));
        if (offer.HasBody)
        {
            form.Add(FormField.Boolean("pubsub#include_body", options.IncludeBody, "Add a body for clients that do not know the payload"));
        }

        if (offer.IsPresenceKnown)
        {
            form.Add(new FormField("pubsub#show-values")
            {
                Type = "list-multi",
                Label = "Deliver only in these states of presence (none: in all)",
                Values = [.. Shows.Where(s => options.ShowValues.HasFlag(s.Value)).Select(s => s.Token)],
                Options = asks ? [.. Shows.Select(s => new FormOption(s.Token))] : [],
            });
        }

        if (offer.IsCollection)
        {
            form.Add(FormField.Single("pubsub#subscription_type", "list-single", Types[(int)options.Type], "Of what to notify", asks ? [.. Types.Select(t => new FormOption(t))] : []));
            form.Add(FormField.Single(
                "pubsub#subscription_depth",
                "text-single",
                options.Depth == SubscriptionOptions.AllDepths ? "all" : options.Depth.ToString(CultureInfo.InvariantCulture),
                "Levels below the collection (a number or all)"));
        }

        return form;
    }

    /// <summary>The options that a submitted form makes of others; fields that nobody knows are passed over (XEP-0004 §3.2.1).</summary>
    /// <param name="options">What is there.</param>
    /// <param name="form">The form.</param>
    /// <param name="offer">What the node offers.</param>
    /// <param name="now">The time.</param>
    /// <param name="maxLease">The longest lease: a longer one is cut to it (§12.18).</param>
    public static Outcome<SubscriptionOptions> Apply(SubscriptionOptions options, DataForm form, OptionsOffer offer, DateTimeOffset now, TimeSpan maxLease)
    {
        if (form.Type != Forms.FormType.Submit || (form.FormType ?? FormType) != FormType)
        {
            return PubSubError.InvalidOptions;
        }

        foreach (FormField field in form.Fields)
        {
            SubscriptionOptions? changed = field.Var switch
            {
                "pubsub#deliver" => field.TryBoolean(out bool deliver) ? options with { Deliver = deliver } : null,
                "pubsub#digest" => field.TryBoolean(out bool digest) ? options with { Digest = digest } : null,
                "pubsub#digest_frequency" => int.TryParse(field.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int often) && often is >= LeastFrequency and <= MostFrequency
                    ? options with { DigestFrequency = often }
                    : null,
                "pubsub#expire" => WithExpire(options, field.Value, offer, now, maxLease),
                "pubsub#include_body" => field.TryBoolean(out bool body) && (offer.HasBody || !body) ? options with { IncludeBody = body } : null,
                "pubsub#show-values" => WithShows(options, field.Values, offer),
                "pubsub#subscription_type" => Array.IndexOf(Types, field.Value) is >= 0 and int type ? options with { Type = (SubscriptionType)type } : null,
                "pubsub#subscription_depth" => field.Value == "all" ? options with { Depth = SubscriptionOptions.AllDepths }
                    : int.TryParse(field.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int depth) && depth <= MostDepth ? options with { Depth = depth }
                    : null,
                _ => options,
            };
            if (changed is null)
            {
                return PubSubError.InvalidOptions;
            }

            options = changed;
        }

        return options;
    }

    private static string Expire(SubscriptionOptions options) => options.UntilPresence
        ? "presence"
        : options.Expire?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    private static SubscriptionOptions? WithExpire(SubscriptionOptions options, string value, OptionsOffer offer, DateTimeOffset now, TimeSpan maxLease)
    {
        if (value.Length == 0)
        {
            return options with { Expire = null, UntilPresence = false };
        }

        if (value == "presence")
        {
            return offer.IsPresenceKnown && offer.MayBeTemporary ? options with { Expire = null, UntilPresence = true } : null;
        }

        if (!DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset at) || at <= now)
        {
            return null;
        }

        return options with { Expire = at - now > maxLease ? now + maxLease : at, UntilPresence = false };
    }

    private static SubscriptionOptions? WithShows(SubscriptionOptions options, IReadOnlyList<string> values, OptionsOffer offer)
    {
        ShowValues shows = ShowValues.None;
        foreach (string value in values)
        {
            int at = Array.FindIndex(Shows, s => s.Token == value);
            if (at < 0)
            {
                return null;
            }

            shows |= Shows[at].Value;
        }

        // Of other domains no presence is known: what cannot be kept is not promised.
        return offer.IsPresenceKnown || shows == ShowValues.None ? options with { ShowValues = shows } : null;
    }
}
