using System.Text;
using IotXmpp.TestKit;

namespace IotXmpp.Hub.Tests.Architecture;

/// <summary>What XEP-0479 asks of a server in one column.</summary>
internal enum Asked
{
    /// <summary>Nothing: the document has a cross.</summary>
    No,

    /// <summary>It is required.</summary>
    Yes,

    /// <summary>It is no matter of servers: the document says "N/A".</summary>
    NotOfServers,
}

/// <summary>Something that provides a feature, and where it is tested.</summary>
/// <param name="Standard">Its number as the modules have it: the beginning is enough, a module says which chapter it is.</param>
/// <param name="Test">A file or folder of the tree; what it holds is about this standard.</param>
internal sealed record Provider(string Standard, string Test);

/// <summary>A row of one of the tables.</summary>
/// <param name="Suite">The category.</param>
/// <param name="Feature">The feature.</param>
/// <param name="Server">Whether a server must have it.</param>
/// <param name="Advanced">Whether an advanced server must.</param>
/// <param name="Providers">All of them are needed.</param>
internal sealed record ComplianceRow(string Suite, string Feature, Asked Server, Asked Advanced, params Provider[] Providers);

/// <summary>
/// The compliance suites of 2023 (XEP-0479 §2), the columns for servers, row by row as the document has them; and what becomes of them with the modules and tests that there are. Nothing is claimed here: a row is fulfilled
/// when a module speaks each of its standards and each of its tests is there.
/// </summary>
internal static class Compliance
{
    public static readonly ComplianceRow[] Rows =
    [
        new("Core", "Core features", Asked.Yes, Asked.Yes, new Provider("RFC 6120", "tests/Dialogues/rfc6120-streams")),
        new("Core", "TLS", Asked.Yes, Asked.Yes, new Provider("RFC 7590", "tests/Interop/Clients/aioxmpp_client.py")),
        new("Core", "Direct TLS", Asked.No, Asked.Yes, new Provider("XEP-0368", "tests/Dialogues/rfc6120-streams/direct-tls.xmpp")),
        new("Core", "Feature discovery", Asked.Yes, Asked.Yes, new Provider("XEP-0030", "tests/Dialogues/xep0030")),
        new("Core", "Feature broadcasts", Asked.No, Asked.Yes, new Provider("XEP-0115", "tests/Dialogues/xep0115")),
        new("Core", "Server Extensibility", Asked.Yes, Asked.Yes, new Provider("XEP-0114", "tests/Hub.Tests/Peers/ComponentTests.cs")),
        new("Core", "Event publishing", Asked.No, Asked.Yes, new Provider("XEP-0163", "tests/Dialogues/xep0163")),

        new("Web", "Web Connection Mechanisms", Asked.Yes, Asked.Yes, new Provider("RFC 7395", "tests/Hub.Tests/Web/WebSocketTests.cs"), new Provider("XEP-0206", "tests/Hub.Tests/Web/BoshTests.cs")),
        new("Web", "Connection Mechanism Discovery", Asked.No, Asked.NotOfServers, new Provider("XEP-0156", "tests/Hub.Tests/Web/HostMetaTests.cs")),

        new("IM", "Core features", Asked.Yes, Asked.Yes, new Provider("RFC 6121", "tests/Dialogues/rfc6121-delivery")),
        new("IM", "The /me Command", Asked.NotOfServers, Asked.NotOfServers),
        new("IM", "User Avatars", Asked.NotOfServers, Asked.NotOfServers, new Provider("XEP-0084", "tests/Interop/ConversationTests.cs")),
        new("IM", "User Avatar Compatibility", Asked.No, Asked.Yes, new Provider("XEP-0398", "tests/Dialogues/xep0398"), new Provider("XEP-0153", "tests/Dialogues/xep0398/vcard-to-pep.xmpp")),
        new("IM", "vcard-temp", Asked.Yes, Asked.Yes, new Provider("XEP-0054", "tests/Dialogues/xep0054")),
        new("IM", "Outbound Message Synchronization", Asked.Yes, Asked.Yes, new Provider("XEP-0280", "tests/Dialogues/xep0280")),
        new("IM", "User Blocking", Asked.No, Asked.Yes, new Provider("XEP-0191", "tests/Dialogues/xep0191")),
        new("IM", "Group Chat", Asked.Yes, Asked.Yes, new Provider("XEP-0045", "tests/Dialogues/xep0045"), new Provider("XEP-0249", "tests/Dialogues/xep0249")),
        new("IM", "Advanced Group Chat", Asked.No, Asked.Yes, new Provider("XEP-0048", "tests/Dialogues/xep0402/unified-with-private-xml.xmpp"), new Provider("XEP-0313", "tests/Dialogues/xep0045/archive.xmpp"),
            new Provider("XEP-0402", "tests/Dialogues/xep0402"), new Provider("XEP-0410", "tests/Dialogues/xep0410")),
        new("IM", "Persistent Storage of Private Data via PubSub", Asked.No, Asked.Yes, new Provider("XEP-0223", "tests/Dialogues/xep0223")),
        new("IM", "Private XML Storage", Asked.No, Asked.Yes, new Provider("XEP-0049", "tests/Dialogues/xep0049")),
        new("IM", "Stream Management", Asked.No, Asked.Yes, new Provider("XEP-0198", "tests/Dialogues/xep0198")),
        new("IM", "Message Acknowledgements", Asked.NotOfServers, Asked.NotOfServers, new Provider("XEP-0184", "tests/Interop/Clients/nbxmpp_client.py")),
        new("IM", "History Storage / Retrieval", Asked.No, Asked.Yes, new Provider("XEP-0313", "tests/Dialogues/xep0313")),
        new("IM", "Chat States", Asked.NotOfServers, Asked.NotOfServers, new Provider("XEP-0085", "tests/Dialogues/xep0280/copied-without-body.xmpp")),
        new("IM", "Message Correction", Asked.NotOfServers, Asked.NotOfServers, new Provider("XEP-0308", "tests/Dialogues/messages/pass-through.xmpp")),
        new("IM", "File Upload", Asked.Yes, Asked.Yes, new Provider("XEP-0363", "tests/Hub.Tests/Web/UploadTests.cs")),
        new("IM", "Direct File Transfer", Asked.NotOfServers, Asked.NotOfServers),

        new("Mobile", "Stream Management", Asked.Yes, Asked.Yes, new Provider("XEP-0198", "tests/Dialogues/xep0198")),
        new("Mobile", "Client State Indication", Asked.Yes, Asked.Yes, new Provider("XEP-0352", "tests/Dialogues/xep0352")),
        new("Mobile", "Third Party Push Notifications", Asked.No, Asked.Yes, new Provider("XEP-0357", "tests/Dialogues/xep0357")),

        new("A/V Calling", "Call Setup", Asked.NotOfServers, Asked.NotOfServers),
        new("A/V Calling", "Transport", Asked.NotOfServers, Asked.NotOfServers),
        new("A/V Calling", "Encryption", Asked.NotOfServers, Asked.NotOfServers),
        new("A/V Calling", "STUN/TURN server discovery", Asked.Yes, Asked.Yes, new Provider("XEP-0215", "tests/Dialogues/xep0215")),
        new("A/V Calling", "Quality and Performance improvements", Asked.NotOfServers, Asked.NotOfServers),
    ];

    /// <summary>Whether a standard is spoken by some module and its test is there.</summary>
    public static bool Has(Provider provider, IReadOnlyCollection<string> spoken) =>
        spoken.Any(s => s == provider.Standard || s.StartsWith(provider.Standard + " ", StringComparison.Ordinal)) && (File.Exists(Repository.Path(provider.Test)) || Directory.Exists(Repository.Path(provider.Test)));

    /// <summary>The README's table.</summary>
    /// <param name="spoken">The numbers of all standards that the modules speak.</param>
    public static string Table(IReadOnlyCollection<string> spoken)
    {
        var text = new StringBuilder("| suite | server | advanced server |\n|---|---|---|\n");
        foreach (var suite in Rows.Select(r => r.Suite).Distinct())
        {
            // XEP-0479 §2.2–2.5: each suite has all of the core suite of its level.
            text.Append('|').Append(' ').Append(suite).Append(" | ").Append(Level(r => r.Server)).Append(" | ").Append(Level(r => r.Advanced)).Append(" |\n");

            string Level(Func<ComplianceRow, Asked> column)
            {
                var missing = Rows.Where(r => (r.Suite == suite || r.Suite == "Core") && column(r) == Asked.Yes).SelectMany(r => r.Providers).Where(p => !Has(p, spoken)).Select(p => p.Standard).Distinct().ToArray();
                return missing.Length == 0 ? "✓" : $"✗ without {string.Join(", ", missing)}";
            }
        }

        text.Append("\n| suite | feature | server | advanced | by, with its tests |\n|---|---|---|---|---|\n");
        foreach (var row in Rows)
        {
            var isThere = row.Providers.All(p => Has(p, spoken));
            text.Append("| ").Append(row.Suite).Append(" | ").Append(row.Feature).Append(" | ").Append(Cell(row.Server, isThere)).Append(" | ").Append(Cell(row.Advanced, isThere)).Append(" | ");
            text.AppendJoin(", ", row.Providers.Select(p => Has(p, spoken) ? $"[{p.Standard}]({p.Test})" : $"{p.Standard} (missing)"));
            text.Append(row.Providers.Length == 0 ? "between clients |\n" : " |\n");
        }

        return text.ToString();
    }

    private static string Cell(Asked asked, bool isThere) => asked switch
    {
        Asked.Yes => isThere ? "✓" : "✗",
        Asked.No => isThere ? "(✓)" : "",
        _ => "n/a",
    };
}
