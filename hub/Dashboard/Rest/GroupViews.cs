using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>What somebody is in a group.</summary>
/// <param name="Who">His bare JID.</param>
/// <param name="Role">The role.</param>
/// <param name="Only">The parameters that an operator may set, where they are limited to some.</param>
/// <param name="Except">The parameters that an operator may not set, where they are all but some.</param>
public sealed record MemberView(string Who, [property: JsonConverter(typeof(RestWord<GroupRole>))] GroupRole Role, IReadOnlyList<string>? Only, IReadOnlyList<string>? Except)
{
    /// <summary>A member.</summary>
    public static MemberView Of(Jid who, GroupMember member)
    {
        ArgumentNullException.ThrowIfNull(who);
        ArgumentNullException.ThrowIfNull(member);
        IReadOnlyList<string> names = [.. member.Parameters.Names.Order(StringComparer.Ordinal)];
        return new MemberView(who.ToString(), member.Role, member.Parameters.IsExcept ? null : names, member.Parameters.IsExcept && names.Count > 0 ? names : null);
    }
}

/// <summary>A group of things and of people.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Owner">Whose it is; null where that account is gone.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Role">What the account is in it; null for an administrator of the hub who is not.</param>
/// <param name="Things">How many things it has.</param>
/// <param name="Members">How many members it has, for who may manage it.</param>
public sealed record GroupView(string Id, string Name, string? Owner, DateTime Created, [property: JsonConverter(typeof(RestWord<GroupRole>))] GroupRole? Role, int Things, int? Members);

/// <summary>A thing of a group.</summary>
/// <param name="Id">Its id.</param>
public sealed record GroupThingView(string Id);

/// <summary>A group to be made.</summary>
/// <param name="Id">Its id: 1 to 64 of a-z, 0-9 and -.</param>
/// <param name="Name">Its name; the id where there is none.</param>
/// <param name="Owner">Its owner, which only administrators of the hub say; else the account.</param>
public sealed record GroupWish(string Id, string? Name = null, string? Owner = null);

/// <summary>What shall be another.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Owner">Its owner.</param>
public sealed record GroupPatch(string? Name = null, string? Owner = null);

/// <summary>What somebody shall be.</summary>
/// <param name="Role">The role.</param>
/// <param name="Only">An operator of these parameters only.</param>
/// <param name="Except">An operator of all parameters but these.</param>
public sealed record MemberWish([property: JsonConverter(typeof(RestWord<GroupRole>))] GroupRole Role, IReadOnlyList<string>? Only = null, IReadOnlyList<string>? Except = null);

/// <summary>JSON of groups.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GroupView))]
[JsonSerializable(typeof(RestPage<GroupView>))]
[JsonSerializable(typeof(RestPage<GroupThingView>))]
[JsonSerializable(typeof(RestPage<MemberView>))]
[JsonSerializable(typeof(MemberView))]
[JsonSerializable(typeof(GroupWish))]
[JsonSerializable(typeof(GroupPatch))]
[JsonSerializable(typeof(MemberWish))]
internal sealed partial class GroupJson : JsonSerializerContext;
