using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>Bounds of the inventory (settings section <c>Inventory</c>).</summary>
public sealed class InventoryOptions
{
    /// <summary>Notes on one thing (200); who wants to write more takes old ones away: what people wrote does not go by itself.</summary>
    [Range(1, 100_000)]
    public int NotesPerThing { get; set; } = 200;

    /// <summary>Characters of a note (2,000): some thirty lines.</summary>
    [Range(1, 100_000)]
    public int NoteChars { get; set; } = 2_000;

    /// <summary>Things of one import (20,000).</summary>
    [Range(1, 1_000_000)]
    public int ImportThings { get; set; } = 20_000;

    /// <summary>Things that one import may make (200): the answer with their secrets is one stanza.</summary>
    [Range(0, 1_000)]
    public int ImportNewThings { get; set; } = 200;

    /// <summary>Characters of one import (8,388,608): 400 for each of its things. It is in memory while it is read.</summary>
    [Range(1_024, 134_217_728)]
    public int ImportChars { get; set; } = 8_388_608;

    /// <summary>Faults that are told of one import (100); the others are counted.</summary>
    [Range(1, 10_000)]
    public int ImportFaults { get; set; } = 100;
}
