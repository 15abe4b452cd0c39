using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>The fields of a room's configuration (XEP-0045 §15.5.3) as one table: how each is written and read. Two more, the lists of admins and owners, change affiliations.</summary>
internal static class RoomConfigurationForm
{
    /// <summary>FORM_TYPE of room configuration.</summary>
    public const string FormType = "http://jabber.org/protocol/muc#roomconfig";

    private const string Admins = "muc#roomconfig_roomadmins";
    private const string Owners = "muc#roomconfig_roomowners";

    private static readonly int[] Sizes = [10, 20, 30, 50, 100, 200, 500];

    private static readonly Field[] Fields =
    [
        Text("muc#roomconfig_roomname", "A name for the room", c => c.Name, (c, v) => c with { Name = v }),
        Text("muc#roomconfig_roomdesc", "A short description", c => c.Description, (c, v) => c with { Description = v }),
        Text("muc#roomconfig_lang", "The language of the discussion", c => c.Language, (c, v) => c with { Language = v }),
        Bool("muc#roomconfig_persistentroom", "Keep the room when nobody is there", c => c.Persistent, (c, v) => c with { Persistent = v }),
        Bool("muc#roomconfig_publicroom", "List the room", c => c.Public, (c, v) => c with { Public = v }),
        Bool("muc#roomconfig_membersonly", "Only members may enter", c => c.MembersOnly, (c, v) => c with { MembersOnly = v }),
        Bool("muc#roomconfig_allowinvites", "Members of a members-only room may invite; who is invited becomes a member", c => c.AllowInvites, (c, v) => c with { AllowInvites = v }),
        Bool("muc#roomconfig_passwordprotectedroom", "A password is needed to enter", c => c.PasswordProtected, (c, v) => c with { PasswordProtected = v }),
        new("muc#roomconfig_roomsecret", "text-private", "The password", c => [c.Secret], (c, v, o) => One(v).Length <= o.TextLimit ? c with { Secret = One(v) } : null),
        Bool("muc#roomconfig_moderatedroom", "Who is no member has no voice until a moderator gives it", c => c.Moderated, (c, v) => c with { Moderated = v }),
        Bool("muc#roomconfig_changesubject", "Participants may change the subject", c => c.ChangeSubject, (c, v) => c with { ChangeSubject = v }),
        List("muc#roomconfig_whois", "Who may discover real JIDs", c => c.Whois, (c, v) => c with { Whois = v }),
        List("muc#roomconfig_allowpm", "Who may send private messages", c => c.AllowPm, (c, v) => c with { AllowPm = v }),
        Set("muc#roomconfig_presencebroadcast", "Whose presence others are told", c => c.PresenceBroadcast, (c, v) => c with { PresenceBroadcast = v }),
        Set("muc#roomconfig_getmemberlist", "Who may read the list of members", c => c.GetMemberList, (c, v) => c with { GetMemberList = v }),
        new("muc#roomconfig_maxusers", "list-single", "Occupants at most", c => [c.MaxUsers == 0 ? "none" : Number(c.MaxUsers)],
            (c, v, o) => One(v) is "none" or "" or "0" ? c with { MaxUsers = 0 } : Range(v, 1, o.OccupantsPerRoom) is { } n ? c with { MaxUsers = n } : null)
        {
            Options = (c, o) => [.. Sizes.Append(c.MaxUsers).Where(n => n > 0 && n <= o.OccupantsPerRoom).Distinct().Order().Select(n => new FormOption(Number(n))), new FormOption("none")],
        },
        Bool("muc#roomconfig_enablelogging", "Keep the discussion in the room's archive", c => c.EnableLogging, (c, v) => c with { EnableLogging = v }),
        new("muc#maxhistoryfetch", "text-single", "Messages of the discussion that are sent to who enters", c => [Number(c.MaxHistory)], (c, v, o) => Range(v, 0, o.HistoryMessages) is { } n ? c with { MaxHistory = n } : null),
        Text("muc#roomconfig_pubsub", "The URI of a node that goes with the room", c => c.PubSub, (c, v) => c with { PubSub = v }),
    ];

    private static readonly Dictionary<string, Field> ByVar = Fields.ToDictionary(f => f.Var, StringComparer.Ordinal);

    /// <summary>The form of a room to be filled in (§10.2); within a turn.</summary>
    public static DataForm Write(Room room, RoomsOptions options)
    {
        var form = new DataForm(Forms.FormType.Form, FormType) { Title = "Configuration of " + room.Jid };
        foreach (Field field in Fields)
        {
            form.Add(new FormField(field.Var) { Type = field.Type, Label = field.Label, Values = field.Get(room.Configuration), Options = field.Options?.Invoke(room.Configuration, options) ?? [] });
        }

        form.Add(new FormField(Admins) { Type = "jid-multi", Label = "All admins", Values = [.. room.Affiliations.With(Affiliation.Admin).Select(row => row.Jid.ToString())] });
        return form.Add(new FormField(Owners) { Type = "jid-multi", Label = "All owners", Values = [.. room.Affiliations.With(Affiliation.Owner).Select(row => row.Jid.ToString())] });
    }

    /// <summary>
    /// What a submitted form makes of a room; within a turn. Fields that are not in it stay as they are, fields that nobody knows are passed over (XEP-0004 §3.2.1).
    /// </summary>
    /// <returns>Null, or why it cannot be: <see cref="RoomError.NotAcceptable"/> where a value is none (§10.1.3).</returns>
    public static RoomError? Read(DataForm form, Room room, RoomsOptions options, out RoomConfiguration configuration, out List<Affiliate> changes)
    {
        configuration = room.Configuration;
        changes = [];
        if (form.Type != Forms.FormType.Submit || (form.FormType ?? FormType) != FormType)
        {
            return RoomError.BadRequest;
        }

        foreach (FormField given in form.Fields)
        {
            if (ByVar.TryGetValue(given.Var, out Field? field))
            {
                if (field.Set(configuration, given.Values, options) is not { } changed)
                {
                    return RoomError.NotAcceptable;
                }

                configuration = changed;
            }
            else if (given.Var is Admins or Owners && !TryList(given, room, given.Var == Owners ? Affiliation.Owner : Affiliation.Admin, changes))
            {
                return RoomError.NotAcceptable;
            }
        }

        // §10.1.3: a password that is blank protects nothing.
        return configuration is { PasswordProtected: true, Secret.Length: 0 } ? RoomError.NotAcceptable : null;
    }

    /// <summary>What of the configuration is told to everybody (§6.4).</summary>
    public static DataForm Info(Room room)
    {
        RoomConfiguration configuration = room.Configuration;
        var form = new DataForm(Forms.FormType.Result, "http://jabber.org/protocol/muc#roominfo");
        form.Add(FormField.Single("muc#roominfo_description", "text-single", configuration.Description, "Description"));
        form.Add(new FormField("muc#roominfo_contactjid") { Type = "jid-multi", Label = "Contact addresses", Values = configuration.Whois == Whois.Anyone ? [.. room.Affiliations.With(Affiliation.Owner).Select(row => row.Jid.ToString())] : [] });
        form.Add(FormField.Single("muc#roominfo_occupants", "text-single", Number(room.Occupants.Count), "Number of occupants"));
        form.Add(FormField.Single("muc#roominfo_lang", "text-single", configuration.Language, "Language of the discussion"));
        form.Add(FormField.Boolean("muc#roominfo_subjectmod", configuration.ChangeSubject, "Participants may change the subject"));
        form.Add(FormField.Single("muc#maxhistoryfetch", "text-single", Number(configuration.MaxHistory), "Messages of the discussion that are sent to who enters"));
        foreach (string var in (string[])["muc#roomconfig_roomname", "muc#roomconfig_changesubject", "muc#roomconfig_allowpm", "muc#roomconfig_allowinvites", "muc#roomconfig_pubsub"])
        {
            Field field = ByVar[var];
            form.Add(new FormField(var) { Type = field.Type, Label = field.Label, Values = field.Get(configuration) });
        }

        return form;
    }

    // §10.8: a list in the configuration is the full list, not a change of it.
    private static bool TryList(FormField field, Room room, Affiliation affiliation, List<Affiliate> changes)
    {
        var jids = new HashSet<Jid>();
        foreach (string value in field.Values)
        {
            if (value.Length > 0)
            {
                if (!JidPrep.TryParse(value, out Jid? jid))
                {
                    return false;
                }

                jids.Add(jid.Bare);
            }
        }

        foreach (Affiliate row in room.Affiliations.With(affiliation))
        {
            if (!jids.Remove(row.Jid) && !changes.Exists(change => change.Jid.Equals(row.Jid)))
            {
                // Who is taken off both lists stays a member where only members may enter, or keeps nothing.
                changes.Add(new Affiliate(row.Jid, room.Configuration.MembersOnly ? Affiliation.Member : Affiliation.None));
            }
        }

        foreach (Jid jid in jids)
        {
            changes.RemoveAll(change => change.Jid.Equals(jid));
            changes.Add(new Affiliate(jid, affiliation));
        }

        return true;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string One(IReadOnlyList<string> values) => values.Count > 0 ? values[0] : "";

    private static int? Range(IReadOnlyList<string> values, int least, int most) =>
        int.TryParse(One(values), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most ? value : null;

    private static Field Text(string var, string label, Func<RoomConfiguration, string> get, Func<RoomConfiguration, string, RoomConfiguration> set) =>
        new(var, "text-single", label, c => [get(c)], (c, v, o) => One(v).Length <= o.TextLimit ? set(c, One(v)) : null);

    private static Field Bool(string var, string label, Func<RoomConfiguration, bool> get, Func<RoomConfiguration, bool, RoomConfiguration> set) =>
        new(var, "boolean", label, c => [get(c) ? "1" : "0"], (c, v, _) => One(v) switch
        {
            "1" or "true" => set(c, true),
            "0" or "false" => set(c, false),
            _ => null,
        });

    private static Field List<T>(string var, string label, Func<RoomConfiguration, T> get, Func<RoomConfiguration, T, RoomConfiguration> set)
        where T : struct, Enum
    {
        Dictionary<string, T> tokens = Enum.GetValues<T>().ToDictionary(Token, StringComparer.Ordinal);
        FormOption[] options = [.. tokens.Keys.Select(t => new FormOption(t))];
        return new(var, "list-single", label, c => [Token(get(c))], (c, v, _) => tokens.TryGetValue(One(v), out T value) ? set(c, value) : null) { Options = (_, _) => options };
    }

    private static Field Set(string var, string label, Func<RoomConfiguration, Roles> get, Func<RoomConfiguration, Roles, RoomConfiguration> set)
    {
        Role[] roles = [Role.Moderator, Role.Participant, Role.Visitor];
        FormOption[] options = [.. roles.Select(role => new FormOption(RoomTokens.Of(role)))];
        return new(var, "list-multi", label, c => [.. roles.Where(role => get(c).Contains(role)).Select(RoomTokens.Of)], (c, v, _) =>
        {
            Roles chosen = Roles.None;
            foreach (string value in v)
            {
                // "none" and an empty value are how some clients submit an empty list.
                if (value is "" or "none")
                {
                    continue;
                }

                if (RoomTokens.ReadRole(value) is not { } role)
                {
                    return null;
                }

                chosen |= RolesExtensions.Of(role);
            }

            return set(c, chosen);
        })
        {
            Options = (_, _) => options,
        };
    }

    private static string Token<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private sealed record Field(
        string Var,
        string Type,
        string Label,
        Func<RoomConfiguration, IReadOnlyList<string>> Get,
        Func<RoomConfiguration, IReadOnlyList<string>, RoomsOptions, RoomConfiguration?> Set)
    {
        public Func<RoomConfiguration, RoomsOptions, IReadOnlyList<FormOption>>? Options { get; init; }
    }
}
