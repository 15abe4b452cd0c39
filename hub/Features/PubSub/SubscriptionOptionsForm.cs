using System.Globalization;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>The fields of subscription options (XEP-0060 §16.4.2).</summary>
internal static class SubscriptionOptionsForm
{
    /// <summary>FORM_TYPE of subscription options.</summary>
    public const string FormType = Ns.PubSub + "#subscribe_options";

    /// <summary>The form to be filled in.</summary>
    public static DataForm Write(SubscriptionOptions options) => new DataForm(Forms.FormType.Form, FormType)
        .Add(FormField.Boolean("pubsub#deliver", options.Deliver, "Deliver notifications"))
        .Add(FormField.Single(
            "pubsub#expire", "text-single", options.Expire?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "", "When the subscription ends (UTC), empty for never"));

    /// <summary>The options that a submitted form makes of others.</summary>
    public static Outcome<SubscriptionOptions> Apply(SubscriptionOptions options, DataForm form, DateTimeOffset now)
    {
        if (form.Type != Forms.FormType.Submit || (form.FormType ?? FormType) != FormType)
        {
            return PubSubError.InvalidOptions;
        }

        if (form["pubsub#deliver"] is { } deliver)
        {
            if (!deliver.TryBoolean(out bool value))
            {
                return PubSubError.InvalidOptions;
            }

            options = options with { Deliver = value };
        }

        if (form["pubsub#expire"] is { } expire)
        {
            if (expire.Value.Length == 0)
            {
                options = options with { Expire = null };
            }
            else if (DateTimeOffset.TryParse(expire.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset at) && at > now)
            {
                options = options with { Expire = at };
            }
            else
            {
                return PubSubError.InvalidOptions;
            }
        }

        return options;
    }
}
