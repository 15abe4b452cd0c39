using System.Xml;
using IotXmpp.Fuzz.Readers;
using IotXmpp.TestKit.Corpus;
using IotXmpp.Xml;
using Xunit;
using HubError = IotXmpp.Hub.Xml.XmlError;

namespace IotXmpp.Hub.Tests.Corpus;

/// <summary>Every sample of tests/Corpus, before System.Xml and before the parsers of the house.</summary>
public sealed class CorpusTests
{
    /// <summary>The names of all samples.</summary>
    public static TheoryData<string> Samples() => [.. Sample.All.Keys];

    /// <summary>The verdicts are not our opinion: where System.Xml can say something, it says the same.</summary>
    [Theory]
    [MemberData(nameof(Samples))]
    public void Judge_agrees_with_the_verdict(string name)
    {
        var sample = Sample.All[name];
        switch (sample.Verdict)
        {
            case Verdict.Ok or Verdict.Limit or Verdict.Format:
                Assert.NotEmpty(EventList.Read(sample.Document).ToString());
                break;
            // Namespaces in XML §3 forbids it, System.Xml does not look.
            case Verdict.Malformed when name.EndsWith("prefix xmlns used", StringComparison.Ordinal):
                break;
            case Verdict.Malformed:
                Assert.Throws<XmlException>(() => EventList.Read(sample.Document));
                break;
            case Verdict.Restricted when !name.Contains("nobody declared", StringComparison.Ordinal) && !name.Contains("entity in an attribute", StringComparison.Ordinal):
                Assert.NotEmpty(EventList.Read(sample.Document, dtd: true).ToString());
                break;
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Core(string name)
    {
        var sample = Sample.All[name];
        var (error, events) = CoreEvents.Read(sample.Document);
        switch (sample.Verdict)
        {
            case Verdict.Ok:
                Assert.Equal(XmlError.None, error);
                Assert.Equal(EventList.Read(sample.Document).ToString(), events);
                break;
            case Verdict.Malformed:
                Assert.Contains(error, new[] { XmlError.NotWellFormed, XmlError.BadEncoding, XmlError.BadNamespacePrefix });
                break;
            case Verdict.Refused:
                Assert.NotEqual(XmlError.None, error);
                break;
            case Verdict.Restricted:
                Assert.Equal(XmlError.RestrictedXml, error);
                break;
            case Verdict.Limit:
                Assert.Equal(XmlError.LimitExceeded, error);
                break;
            case Verdict.Encoding:
                Assert.Equal(XmlError.BadEncoding, error);
                break;
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Hub(string name)
    {
        var sample = Sample.All[name];
        var (error, events) = HubEvents.Read(sample.Document);
        switch (sample.Verdict)
        {
            case Verdict.Ok:
                Assert.Equal(HubError.None, error);
                Assert.Equal(EventList.Read(sample.Document, stream: true).ToString(), events);
                break;
            case Verdict.Refused:
                Assert.NotEqual(HubError.None, error);
                break;
            default:
                Assert.Equal(
                    sample.Verdict switch
                    {
                        Verdict.Malformed => HubError.NotWellFormed,
                        Verdict.Restricted => HubError.RestrictedXml,
                        Verdict.Limit => HubError.PolicyViolation,
                        Verdict.Encoding => HubError.UnsupportedEncoding,
                        _ => HubError.BadFormat,
                    },
                    error);
                break;
        }
    }
}
