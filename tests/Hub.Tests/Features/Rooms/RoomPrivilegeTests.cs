using IotXmpp.Hub.Features.Rooms;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Rooms;

/// <summary>The tables of XEP-0045 §5, row by row.</summary>
public sealed class RoomPrivilegeTests
{
    private static readonly Role[] Roles = [Role.None, Role.Visitor, Role.Participant, Role.Moderator];
    private static readonly Affiliation[] Affiliations = [Affiliation.Outcast, Affiliation.None, Affiliation.Member, Affiliation.Admin, Affiliation.Owner];

    /// <summary>§5.1.2: the role on entering, by affiliation: outcast, none, member, admin, owner.</summary>
    [Theory]
    [InlineData("moderated", "none visitor participant moderator moderator")]
    [InlineData("unmoderated", "none participant participant moderator moderator")]
    [InlineData("members-only", "none none participant moderator moderator")]
    [InlineData("moderated members-only", "none none participant moderator moderator")]
    public void Role_on_entering(string room, string roles) => Assert.Equal(
        roles.Split(' '), Affiliations.Select(a => RoomTokens.Of(RoomPrivileges.RoleOnEntering(a, room.StartsWith("moderated", StringComparison.Ordinal), room.EndsWith("members-only", StringComparison.Ordinal)))));

    /// <summary>§5.1.1: privileges of none, visitor, participant, moderator in a moderated room with the usual configuration.</summary>
    [Theory]
    [InlineData("speak", "no no yes yes")]
    [InlineData("speak unmoderated", "no yes yes yes")]
    [InlineData("whisper", "no yes yes yes")]
    [InlineData("subject", "no no no yes")]
    [InlineData("subject allowed", "no no yes yes")]
    [InlineData("invite", "no yes yes yes")]
    [InlineData("kick visitor", "no no no yes")]
    [InlineData("grant voice", "no no no yes")]
    [InlineData("revoke voice", "no no no yes")]
    [InlineData("grant moderator", "no no no no")]
    public void Privileges_of_roles(string privilege, string expected)
    {
        RoomConfiguration configuration = new() { Moderated = privilege != "speak unmoderated", ChangeSubject = privilege == "subject allowed" };
        Assert.Equal(expected.Split(' '), Roles.Select(role => privilege.Split(' ')[0] switch
        {
            "speak" => RoomPrivileges.HasVoice(role, configuration.Moderated),
            "whisper" => RoomPrivileges.MaySendPrivately(role, configuration.AllowPm),
            "subject" => RoomPrivileges.MayChangeSubject(role, configuration),
            "invite" => RoomPrivileges.MayInvite(Affiliation.None, role, configuration),
            "kick" => RoomPrivileges.ChangeRole(Affiliation.None, role, Affiliation.None, Role.Visitor, Role.None) is null,
            "revoke" => RoomPrivileges.ChangeRole(Affiliation.None, role, Affiliation.None, Role.Participant, Role.Visitor) is null,
            _ => RoomPrivileges.ChangeRole(Affiliation.None, role, Affiliation.None, Role.Visitor, privilege == "grant voice" ? Role.Participant : Role.Moderator) is null,
        } ? "yes" : "no"));
    }

    /// <summary>§5.2.1: privileges of outcast, none, member, admin, owner.</summary>
    [Theory]
    [InlineData("ban member", "no no no yes yes")]
    [InlineData("ban admin", "no no no no yes")]
    [InlineData("edit members", "no no no yes yes")]
    [InlineData("make moderator", "no no no yes yes")]
    [InlineData("edit admins", "no no no no yes")]
    [InlineData("edit owners", "no no no no yes")]
    [InlineData("read bans", "no no no yes yes")]
    [InlineData("read members", "no no no yes yes")]
    [InlineData("read admins", "no no no no yes")]
    [InlineData("read members non-anonymous", "no no yes yes yes")]
    public void Privileges_of_affiliations(string privilege, string expected)
    {
        RoomConfiguration configuration = new() { MembersOnly = true, Whois = privilege.EndsWith("non-anonymous", StringComparison.Ordinal) ? Whois.Anyone : Whois.Moderators };
        Assert.Equal(expected.Split(' '), Affiliations.Select(actor => privilege switch
        {
            "ban member" => RoomPrivileges.ChangeAffiliation(actor, Affiliation.Member, Affiliation.Outcast) is null,
            "ban admin" => RoomPrivileges.ChangeAffiliation(actor, Affiliation.Admin, Affiliation.Outcast) is null,
            "edit members" => RoomPrivileges.ChangeAffiliation(actor, Affiliation.None, Affiliation.Member) is null && RoomPrivileges.ChangeAffiliation(actor, Affiliation.Member, Affiliation.None) is null,
            "make moderator" => RoomPrivileges.ChangeRole(actor, Role.None, Affiliation.None, Role.Participant, Role.Moderator) is null,
            "edit admins" => RoomPrivileges.ChangeAffiliation(actor, Affiliation.None, Affiliation.Admin) is null,
            "edit owners" => RoomPrivileges.ChangeAffiliation(actor, Affiliation.Owner, Affiliation.Admin) is null,
            "read bans" => RoomPrivileges.MayRead(Affiliation.Outcast, actor, Role.None, configuration),
            "read admins" => RoomPrivileges.MayRead(Affiliation.Admin, actor, Role.None, configuration),
            _ => RoomPrivileges.MayRead(Affiliation.Member, actor, Role.None, configuration),
        } ? "yes" : "no"));
    }

    /// <summary>§5.1.3, §8.2, §8.4, §9.6, §9.7: who (affiliation/role) changes whom (affiliation/role) to what, and what comes of it.</summary>
    [Theory]
    [InlineData("none/moderator", "none/participant", "none", null)]
    [InlineData("none/moderator", "none/moderator", "none", RoomError.NotAllowed)]
    [InlineData("member/moderator", "admin/moderator", "none", RoomError.NotAllowed)]
    [InlineData("admin/moderator", "owner/moderator", "none", RoomError.NotAllowed)]
    [InlineData("admin/moderator", "member/moderator", "none", null)]
    [InlineData("owner/moderator", "owner/moderator", "none", null)]
    [InlineData("none/participant", "none/visitor", "none", RoomError.Forbidden)]
    [InlineData("none/moderator", "none/visitor", "participant", null)]
    [InlineData("none/moderator", "none/participant", "visitor", null)]
    [InlineData("none/moderator", "member/participant", "visitor", RoomError.NotAllowed)]
    [InlineData("member/moderator", "member/participant", "visitor", RoomError.NotAllowed)]
    [InlineData("admin/moderator", "member/participant", "visitor", null)]
    [InlineData("owner/moderator", "admin/moderator", "visitor", RoomError.NotAllowed)]
    [InlineData("owner/moderator", "owner/moderator", "participant", RoomError.NotAllowed)]
    [InlineData("none/moderator", "none/moderator", "participant", RoomError.Forbidden)]
    [InlineData("admin/moderator", "none/moderator", "participant", null)]
    [InlineData("admin/none", "none/participant", "moderator", null)]
    [InlineData("member/moderator", "none/participant", "moderator", RoomError.Forbidden)]
    public void Changes_of_roles(string actor, string target, string role, object? error) => Assert.Equal((RoomError?)error, RoomPrivileges.ChangeRole(
        RoomTokens.ReadAffiliation(actor.Split('/')[0])!.Value, RoomTokens.ReadRole(actor.Split('/')[1])!.Value,
        RoomTokens.ReadAffiliation(target.Split('/')[0])!.Value, RoomTokens.ReadRole(target.Split('/')[1])!.Value, RoomTokens.ReadRole(role)!.Value));

    /// <summary>§5.2.2, as an admin may: from each affiliation to outcast, none, member, admin, owner. An owner may everything, others nothing.</summary>
    [Theory]
    [InlineData("outcast", "- - - Forbidden Forbidden")]
    [InlineData("none", "- - - Forbidden Forbidden")]
    [InlineData("member", "- - - Forbidden Forbidden")]
    [InlineData("admin", "NotAllowed Forbidden Forbidden Forbidden Forbidden")]
    [InlineData("owner", "NotAllowed Forbidden Forbidden Forbidden Forbidden")]
    public void Changes_of_affiliations(string before, string expected)
    {
        Affiliation from = RoomTokens.ReadAffiliation(before)!.Value;
        Assert.Equal(expected.Split(' '), Affiliations.Select(to => RoomPrivileges.ChangeAffiliation(Affiliation.Admin, from, to)?.ToString() ?? "-"));
        Assert.All(Affiliations, to => Assert.Null(RoomPrivileges.ChangeAffiliation(Affiliation.Owner, from, to)));
        Assert.All(Affiliations, to => Assert.Equal(RoomError.Forbidden, RoomPrivileges.ChangeAffiliation(Affiliation.Member, from, to)));
    }

    /// <summary>§5.1.3: what becomes of a role when the affiliation changes.</summary>
    [Theory]
    [InlineData("participant", "none", "admin", true, "moderator")]
    [InlineData("visitor", "none", "member", true, "participant")]
    [InlineData("moderator", "none", "member", true, "moderator")]
    [InlineData("moderator", "admin", "member", true, "participant")]
    [InlineData("moderator", "owner", "none", true, "visitor")]
    [InlineData("moderator", "owner", "none", false, "participant")]
    [InlineData("moderator", "owner", "admin", true, "moderator")]
    [InlineData("participant", "member", "none", true, "visitor")]
    [InlineData("participant", "member", "none", false, "participant")]
    public void Role_after_a_change_of_affiliation(string role, string before, string after, bool isModerated, string expected) => Assert.Equal(expected, RoomTokens.Of(RoomPrivileges.RoleAfter(
        RoomTokens.ReadRole(role)!.Value, RoomTokens.ReadAffiliation(before)!.Value, RoomTokens.ReadAffiliation(after)!.Value, isModerated)));
}
