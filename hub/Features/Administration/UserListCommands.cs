using System.Globalization;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>
/// Numbers and lists of users (XEP-0133 §4.13 to §4.22). Online is who has a session; idle is who is online and whose every session is away, has said that it is inactive (XEP-0352), or waits to be resumed;
/// active is who is online and not idle.
/// </summary>
internal sealed class UserListCommands(CommandForms forms, AccountStore accounts)
{
    /// <summary>Users in one answer, at most; default 1,000: some 50 KB. The next page begins behind the last of this one.</summary>
    public const int Limit = 1_000;

    private delegate ValueTask<List<string>> Page(string after, int max, CancellationToken cancel);

    private static readonly FormOption[] s_sizes = [.. new[] { 25, 50, 75, 100, 150, 200, 500, Limit }.Select(n => new FormOption(n.ToString(CultureInfo.InvariantCulture)))];

    public void Add()
    {
        Number("get-registered-users-num", "Get the number of registered users", "registeredusersnum", accounts.CountAsync);
        Number("get-disabled-users-num", "Get the number of disabled users", "disabledusersnum", accounts.CountDisabledAsync);
        Number("get-online-users-num", "Get the number of online users", "onlineusersnum", _ => new(Online().Count));
        Number("get-active-users-num", "Get the number of active users", "activeusersnum", _ => new(Online().Count(user => !user.Value)));
        Number("get-idle-users-num", "Get the number of idle users", "idleusersnum", _ => new(Online().Count(user => user.Value)));
        List("get-registered-users-list", "Get the list of registered users", "registereduserjids", async (after, max, cancel) => [.. (await accounts.ListAsync(after, max, cancel).ConfigureAwait(false)).Select(a => a.Name)]);
        List("get-disabled-users-list", "Get the list of disabled users", "disableduserjids", accounts.ListDisabledAsync);
        List("get-online-users-list", "Get the list of online users", "onlineuserjids", (after, max, _) => new(Take(_ => true, after, max)));
        List("get-active-users", "Get the list of active users", "activeuserjids", (after, max, _) => new(Take(isIdle => !isIdle, after, max)));
        // §4.22: the field of idle users has that name in the standard.
        List("get-idle-users", "Get the list of idle users", "activeuserjids", (after, max, _) => new(Take(isIdle => isIdle, after, max)));
    }

    private void Number(string node, string name, string var, Func<CancellationToken, ValueTask<long>> count) => forms.Add(node, name, async (_, cancel) =>
        CommandStep.Done(CommandForms.Result(FormField.Single(var, "text-single", (await count(cancel).ConfigureAwait(false)).ToString(CultureInfo.InvariantCulture), name[8..9].ToUpperInvariant() + name[9..]))));

    private void List(string node, string name, string var, Page page) => forms.Add(
        node,
        name,
        CommandForms.Form(
            name,
            "Users in the order of their names.",
            FormField.Single("max_items", "list-single", "100", "How many at most", s_sizes) with { IsRequired = true },
            new FormField("after") { Type = "text-single", Label = "Only names behind this one" }),
        async (input, cancel) =>
        {
            int max = int.Parse(input.Form["max_items"]!.Value, CultureInfo.InvariantCulture);
            string after = input.Form["after"]?.Value.Split('@')[0] ?? "";
            List<string> names = await page(after, max, cancel).ConfigureAwait(false);
            string domain = forms.Hub.Domain.Domain;
            DataForm form = CommandForms.Result(CommandForms.Field(var, "jid-multi", "Users", values: names.Select(user => user + "@" + domain)));
            return names.Count == max
                ? CommandStep.Done(form, new CommandNote(NoteType.Info, $"There may be more, behind {names[^1]}."))
                : CommandStep.Done(form);
        });

    private List<string> Take(Func<bool, bool> isWanted, string after, int max) =>
        [.. Online().Where(user => isWanted(user.Value) && string.CompareOrdinal(user.Key, after) > 0).Select(user => user.Key).Order(StringComparer.Ordinal).Take(max)];

    // Who is online, and whether he is idle.
    private Dictionary<string, bool> Online()
    {
        var users = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (Session session in forms.Hub.Sessions.All())
        {
            users[session.Jid.Local] = IsIdle(session) && (!users.TryGetValue(session.Jid.Local, out bool isIdle) || isIdle);
        }

        return users;
    }

    private static bool IsIdle(Session session) => !session.IsConnected || session.Gate is not null || (session.Presence is { } presence && IsAway(presence));

    private static bool IsAway(Stanza presence)
    {
        XmlSpanReader reader = presence.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            if (reader.LocalName.SequenceEqual("show"u8))
            {
                return Element.Read(ref reader).Text is "away" or "xa";
            }

            reader.Skip();
        }

        return false;
    }
}
