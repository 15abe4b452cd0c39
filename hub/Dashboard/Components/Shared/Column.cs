using Microsoft.AspNetCore.Components;

namespace IotXmpp.Hub.Dashboard.Components.Shared;

/// <summary>A column of a <see cref="DataTable{TItem}"/>.</summary>
/// <typeparam name="TItem">What a row is.</typeparam>
public sealed class Column<TItem> : ComponentBase
{
    /// <summary>Its heading; on a phone it stands before each value.</summary>
    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    /// <summary>The value: shown where there is no <see cref="ChildContent"/>, and what rows are sorted by.</summary>
    [Parameter]
    public Func<TItem, object?>? Value { get; set; }

    /// <summary>What rows are sorted by, where that is not the value.</summary>
    [Parameter]
    public Func<TItem, IComparable?>? SortBy { get; set; }

    /// <summary>How a value is shown.</summary>
    [Parameter]
    public RenderFragment<TItem>? ChildContent { get; set; }

    /// <summary>Whether it is a number: then it stands at the right.</summary>
    [Parameter]
    public bool IsNumber { get; set; }

    /// <summary>Whether the values name the rows (one column of a table).</summary>
    [Parameter]
    public bool IsName { get; set; }

    /// <summary>Whether a phone leaves it out.</summary>
    [Parameter]
    public bool IsWide { get; set; }

    /// <summary>Whether it cannot be sorted by.</summary>
    [Parameter]
    public bool IsUnsorted { get; set; }

    [CascadingParameter]
    internal DataTable<TItem> Table { get; set; } = null!;

    internal bool CanSort => !IsUnsorted && (SortBy ?? Value as Delegate) is not null;

    internal IComparable? Key(TItem item) => SortBy is not null ? SortBy(item) : Value?.Invoke(item) switch
    {
        null => null,
        IComparable comparable => comparable,
        object other => other.ToString(),
    };

    /// <inheritdoc/>
    protected override void OnInitialized() => Table.Add(this);
}
