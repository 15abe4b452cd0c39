using System.Runtime.CompilerServices;
using Xunit;

namespace IotXmpp.Hub.Tests.Streams;

/// <summary>
/// What XEP-0198 1.6.3 says that a server MUST, MUST NOT, SHOULD or SHOULD NOT do, clause by clause, and where that is held: by a dialogue, or by a test of the name. What a server MAY do stands here where the
/// hub does it. A dialogue of the folder that is in no clause is one that the standard does not ask for, and fails.
/// </summary>
public sealed class StreamManagementClauses
{
    private static readonly (string Section, string Says, string[] Held)[] s_clauses =
    [
        ("2", "offered after authentication", ["offered"]),
        ("3", "enable MUST be answered by enabled or failed", ["enable-with-resume", "enable-before-bind"]),
        ("3", "a server that allows resumption MUST say resume='true', and MUST give an id", ["enable-with-resume"]),
        ("3", "enabled MAY have max, and so may enable", ["enable-with-max", "max-is-kept"]),
        ("3", "before binding nothing but resumption", ["enable-before-bind"]),
        ("3", "a second enable SHOULD be a stream error", ["enable-twice"]),
        ("4", "an answer MUST have h", ["answer-without-h"]),
        ("4", "a request MUST be answered with what was handled", ["acks"]),
        ("4", "stanzas count, and nothing else does", ["acks-count-stanzas-only"]),
        ("4", "counters are modulo 2^32", [nameof(StreamManagementTests.Counters_begin_anew_behind_the_largest_number)]),
        ("4", "an answer replaces the one before; it never takes back", ["answers-do-not-go-back"]),
        ("4", "unacknowledged stanzas SHOULD be treated as if the resource were unavailable", ["unacknowledged-iqs-of-a-session-that-ended", "new-session-ends-the-old-one", "unacknowledged-go-to-another-resource"]),
        ("4", "they SHOULD have a delay with the time of the first delivery", ["unacknowledged-go-to-another-resource", nameof(StreamManagementTests.What_was_not_acknowledged_knows_when_it_came_first)]),
        ("4", "a party may bound what waits", ["too-many-unacknowledged", nameof(StreamManagementTests.What_waits_for_an_answer_is_bounded_and_ends_the_session)]),
        ("5", "resume MUST name previd and h", ["resume-malformed"]),
        ("5", "resumed MUST have previd and h", ["resume-tells-what-the-server-has"]),
        ("5", "what is not handled MUST be sent again, and only that", ["resume-unacknowledged-come-again", "resume-nothing-lost"]),
        ("5", "a server without resumption MUST answer failed, SHOULD say feature-not-implemented", ["resume-not-supported"]),
        ("5", "an id that is not known MUST be answered by failed, SHOULD say item-not-found", ["resume-unknown", "closed-is-not-resumed"]),
        ("5", "failed MAY have h for a session that has timed out", ["max-is-kept", nameof(StreamManagementTests.Sessions_that_timed_out_are_remembered_for_their_account_alone_and_in_bounds)]),
        ("5", "after that the client SHOULD be allowed to bind", ["resume-unknown", "resume-malformed", "resume-not-supported", "resume-too-high"]),
        ("5", "the old stream SHOULD get conflict where it is still open", ["resume-while-the-old-socket-lives"]),
        ("5", "a session is its account's alone", ["resume-of-another"]),
        ("5", "presence and all other state is kept while the session is", ["presence-stays-while-resumable"]),
        ("6", "an error about enable or resume MUST be failed with a stanza error's condition", ["enable-before-bind", "resume-malformed", "resume-too-high"]),
        ("6", "an answer that is too high SHOULD be undefined-condition with handled-count-too-high", ["wrong-h"]),
        ("8", "a stream that was closed in order is over", ["closed-is-not-resumed"]),
        ("8", "one that was not SHOULD be kept for a limited time", ["max-is-kept", nameof(StreamManagementTests.A_session_is_kept_for_at_least_half_a_minute_unless_settings_say_otherwise)]),
        ("9", "resumption within SASL2 MUST come first, and binding is ignored where it succeeds", ["../xep0386/resume-inline"]),
        ("9", "no features follow a resumed session", ["../xep0386/resume-inline"]),
        ("9", "where it fails, failed MUST stand in success and binding goes on", ["../xep0386/resume-inline-fails", "../xep0386/resume-inline-fails-without-bind", "../xep0386/resume-inline-of-another"]),
        ("9", "enable within Bind 2", ["../xep0386/sm-enabled-inline", "../xep0386/sm-enabled-later"]),
    ];

    public static TheoryData<string, string, string> Clauses { get; } = [.. s_clauses.SelectMany(clause => clause.Held.Select(held => (clause.Section, clause.Says, held)))];

    [Theory]
    [MemberData(nameof(Clauses))]
    public void Clause_is_held(string section, string says, string held) => Assert.True(
        File.Exists(Path.Combine(Folder(), held + ".xmpp")) || typeof(StreamManagementTests).GetMethod(held) is not null, $"§{section}, {says}: there is no {held}");

    [Fact]
    public void Every_dialogue_holds_a_clause()
    {
        HashSet<string> held = [.. s_clauses.SelectMany(clause => clause.Held)];
        Assert.All(Directory.EnumerateFiles(Folder(), "*.xmpp"), file => Assert.Contains(Path.GetFileNameWithoutExtension(file), held));
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "Dialogues", "xep0198");
}
