using System.ComponentModel.DataAnnotations;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.VCard;

/// <summary>vCards and avatars (settings section <c>VCard</c>).</summary>
public sealed class VCardOptions
{
    /// <summary>Bytes of one vCard (160 KiB: an avatar of 96 KB in base64, and the rest).</summary>
    [Range(1024, 16 << 20)]
    public int MaxBytes { get; set; } = 160 * 1024;

    /// <summary>Accounts whose avatar's hash is in memory (20,000, some 100 bytes each); when it is full it starts anew.</summary>
    [Range(1, 10_000_000)]
    public int CachedAccounts { get; set; } = 20_000;
}

/// <summary>A vCard as it is kept.</summary>
/// <param name="Xml">The element <c>vCard</c> as UTF-8.</param>
/// <param name="PhotoHash">The SHA-1 of its photo in hexadecimal; empty for none.</param>
public sealed record StoredVCard(byte[] Xml, string PhotoHash);

/// <summary>vCards in SQL. Owners are localparts, prepared.</summary>
public sealed class VCardStore(ISqlDatabase database)
{
    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("VCard", 1, "vCards of accounts", "CREATE TABLE vcard (owner {text} NOT NULL PRIMARY KEY, photo {text} NOT NULL, xml {blob} NOT NULL);"),
    ];

    /// <summary>The vCard of an account, or null.</summary>
    public ValueTask<StoredVCard?> FindAsync(string owner, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT xml, photo FROM vcard WHERE owner = $1").Bind(1, owner);
            StoredVCard? card = row.Read() ? new StoredVCard(row.GetBytes(0), row.GetString(1)) : null;
            row.Reset();
            return card;
        },
        cancel);

    /// <summary>The hash of an account's photo; empty for none.</summary>
    public ValueTask<string> PhotoHashAsync(string owner, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT photo FROM vcard WHERE owner = $1").Bind(1, owner);
            string hash = row.Read() ? row.GetString(0) : string.Empty;
            row.Reset();
            return hash;
        },
        cancel);

    /// <summary>Told of an account's vCard, or that there is none, when that is durable and in the order of the commits, whoever has changed it.</summary>
    public event Action<string, StoredVCard?>? Changed;

    /// <summary>Stores a vCard.</summary>
    public Task SetAsync(string owner, StoredVCard card) => database.WriteAsync(
        session => session.Prepare("""
            INSERT INTO vcard (owner, photo, xml) VALUES ($1, $2, $3) ON CONFLICT (owner) DO UPDATE SET photo = excluded.photo, xml = excluded.xml
            """).Bind(1, owner).Bind(2, card.PhotoHash).Bind(3, card.Xml).Execute(),
        () => Changed?.Invoke(owner, card));

    /// <summary>Removes the vCard of an account.</summary>
    public Task RemoveAsync(string owner) => database.WriteAsync(session => session.Prepare("DELETE FROM vcard WHERE owner = $1").Bind(1, owner).Execute(), () => Changed?.Invoke(owner, null));
}
