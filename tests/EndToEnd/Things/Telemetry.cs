using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.EndToEnd.Things;

/// <summary>Where the samples of a thing are, by their times.</summary>
internal static class Telemetry
{
    /// <summary>The times of all samples at the hub, twice if it is there twice.</summary>
    public static async Task<List<string>> TimesAsync(this XmppConnection reader, string thing)
    {
        var times = new List<string>();
        for (string after = ""; ;)
        {
            // The hub answers by pages (XEP-0059), however many are asked for; 20 full batches are far from the 256 KiB that a tool takes in one stanza, 100 are not.
            var query = new Element(Ns.PubSub, "pubsub");
            query.Add("items").Set("node", $"things/{thing}/telemetry");
            Element set = query.Add(Ns.Rsm, "set");
            set.Add("max").Text = "20";
            if (after.Length > 0)
            {
                set.Add("after").Text = after;
            }

            Element page = (await reader.SendIqAsync("get", new Jid("", "pubsub.hub.test", ""), query)).Child(Ns.PubSub, "pubsub")!;
            List<Element> items = [.. page.Child("items")!.Children()];
            if (items.Count == 0)
            {
                return times;
            }

            times.AddRange(items.SelectMany(i => i.Child(Ns.SensorData, "fields")!.Child("node")!.Children()).Select(t => t.Attribute("value")!));
            after = items[^1].Attribute("id")!;
        }
    }

    /// <summary>The times of the samples that are on the flash of a board that is off.</summary>
    public static List<string> Kept(VirtualFlash flash)
    {
        var ring = new TelemetryRing(flash, BoardOptions.RingSegmentBytes, BoardOptions.RingSegments);
        var sample = new Sample();
        var times = new List<string>();
        while (ring.TryNext(sample))
        {
            times.Add(TimeFormat.Text(sample.TimeMs));
        }

        return times;
    }
}
