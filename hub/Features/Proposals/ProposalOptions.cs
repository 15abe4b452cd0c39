using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Proposals;

/// <summary>Commands that programs propose (settings section <c>Proposals</c>).</summary>
public sealed class ProposalOptions
{
    /// <summary>Minutes in which a proposal can be confirmed (15): what was right an hour ago need not be now.</summary>
    [Range(1, 1_440)]
    public int LifetimeMinutes { get; set; } = 15;

    /// <summary>Open proposals of one account (20): more than a person looks at with care.</summary>
    [Range(1, 1_000)]
    public int MaxOpen { get; set; } = 20;

    /// <summary>Parameters of one proposal (16).</summary>
    [Range(1, 64)]
    public int MaxParameters { get; set; } = 16;

    /// <summary>People who are told of a new proposal by a message (10), of those who may confirm it; 0: nobody is.</summary>
    [Range(0, 100)]
    public int ToldPeople { get; set; } = 10;

    /// <summary>Days for which it is kept who decided what (400).</summary>
    [Range(1, 36_500)]
    public int KeptDays { get; set; } = 400;
}
