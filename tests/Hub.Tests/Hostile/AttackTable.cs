using System.Text;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>Something that may not come on any stream, and the stream error that it earns everywhere (RFC 6120 §4.9.3, §11.1; wire profile, limits).</summary>
/// <param name="Name">What it is.</param>
/// <param name="Bytes">The bytes.</param>
/// <param name="Answer">The condition; over BOSH it may also be <c>bad-request</c> (XEP-0124 §17.2), since the body is broken with it.</param>
internal sealed record Attack(string Name, byte[] Bytes, string Answer)
{
    /// <summary>All of them.</summary>
    public static readonly Attack[] All =
    [
        new("a document type", Utf8("<!DOCTYPE x>"), "restricted-xml"),
        new("a bomb of entities", Utf8("<!DOCTYPE b [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><message><body>&b;</body></message>"), "restricted-xml"),
        new("an external entity", Utf8("<!DOCTYPE b [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><message><body>&x;</body></message>"), "restricted-xml"),
        new("an entity that nobody declared", Utf8("<message><body>&x;</body></message>"), "restricted-xml"),
        new("a processing instruction", Utf8("<?php x?>"), "restricted-xml"),
        new("a comment", Utf8("<message><!-- x --></message>"), "restricted-xml"),
        new("an end tag of another name", Utf8("<message><body></message></body>"), "not-well-formed"),
        new("an attribute twice", Utf8("<message id='1' id='2'/>"), "not-well-formed"),
        new("the same attribute by two prefixes", Utf8("<message xmlns:p='urn:p' xmlns:q='urn:p' p:a='1' q:a='2'/>"), "not-well-formed"),
        new("a prefix that nobody declared", Utf8("<message><p:x/></message>"), "not-well-formed"),
        new("the prefix xml for something else", Utf8("<message xmlns:xml='urn:x'/>"), "not-well-formed"),
        new("no UTF-8", [.. "<message><body>"u8, 0xFF, 0xFE, .. "</body></message>"u8], "not-well-formed"),
        new("an overlong slash", [.. "<message><body>"u8, 0xC0, 0xAF, .. "</body></message>"u8], "not-well-formed"),
        new("half a surrogate pair", [.. "<message><body>"u8, 0xED, 0xA0, 0x80, .. "</body></message>"u8], "not-well-formed"),
        new("a zero", [.. "<message><body>"u8, 0, .. "</body></message>"u8], "not-well-formed"),
        new("a zero by reference", Utf8("<message><body>&#0;</body></message>"), "not-well-formed"),
        new("a hundred elements deep", Utf8(string.Concat(Enumerable.Repeat("<a>", 100)) + string.Concat(Enumerable.Repeat("</a>", 100))), "policy-violation"),
        new("a hundred attributes", Utf8($"<message {string.Concat(Enumerable.Range(0, 100).Select(i => $"a{i}='' "))}/>"), "policy-violation"),
        new("a stanza larger than any", Utf8($"<message><body>{new string('x', 300_000)}</body></message>"), "policy-violation"),
    ];

    /// <summary>What the hub may say of it by that way in.</summary>
    public string[] Answers(string door) => door == "BOSH" ? [Answer, "bad-request", .. Answer == "policy-violation" ? ["HTTP 413"] : Array.Empty<string>()] : [Answer];

    /// <summary>The README's table.</summary>
    public static string Table()
    {
        var text = new StringBuilder("| attack | ").AppendJoin(" | ", AttackedHub.Doors).Append(" |\n|---|").Append(string.Concat(Enumerable.Repeat("---|", AttackedHub.Doors.Length))).Append('\n');
        foreach (var attack in All)
        {
            text.Append("| ").Append(attack.Name).Append(" | ").AppendJoin(" | ", AttackedHub.Doors.Select(door => string.Join(" or ", attack.Answers(door)))).Append(" |\n");
        }

        return text.ToString();
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
