namespace IotXmpp.Hub.Dashboard.Components.Shared;

/// <summary>What an input within a <see cref="Field"/> says of itself, so that label, hint and error belong to it.</summary>
/// <param name="Id">Its <c>id</c>.</param>
/// <param name="DescribedBy">Its <c>aria-describedby</c>, or null.</param>
/// <param name="Invalid">Its <c>aria-invalid</c>: <c>true</c>, or null.</param>
public sealed record FieldContext(string Id, string? DescribedBy, string? Invalid);
