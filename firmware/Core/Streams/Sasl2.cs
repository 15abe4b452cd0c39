using IotXmpp.Sasl;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>The words of SASL2 (XEP-0388) with what is done inside of it: resumption (XEP-0198 §9), Bind 2 (XEP-0386), tokens (XEP-0484). What follows from them is <see cref="Negotiation"/>'s.</summary>
internal sealed class Sasl2
{
    private readonly ClientOptions _options;

    internal Sasl2(ClientOptions options)
    {
        _options = options;
    }

    // ---- what success told ----

    /// <summary>The additional data, or null.</summary>
    internal byte[] Data { get; private set; }

    /// <summary>Whether that was not base64.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>The bound address, bare where nothing was bound; null where none was told.</summary>
    internal Jid Jid { get; private set; }

    /// <summary>The session of before goes on.</summary>
    internal bool IsResumed { get; private set; }

    /// <summary>It does not.</summary>
    internal bool ResumeFailed { get; private set; }

    /// <summary>Whether <see cref="Handled"/> was told.</summary>
    internal bool HasHandled { get; private set; }

    /// <summary>How many stanzas of the session of before the server has.</summary>
    internal uint Handled { get; private set; }

    /// <summary>A new session was bound.</summary>
    internal bool IsBound { get; private set; }

    /// <summary>Stream management is on.</summary>
    internal bool IsEnabled { get; private set; }

    /// <summary>The id to resume with, or null.</summary>
    internal string ResumeId { get; private set; }

    /// <summary>A new token, or null.</summary>
    internal string Token { get; private set; }

    /// <summary>Whether resources are bound within the authentication: the server must give the very resource that is wanted.</summary>
    internal bool BindsInline(int features)
    {
        return (features & StreamFeatures.InlineBind) != 0
            && (_options.Resource.Length == 0 || _options.Resource == "thing" && (features & StreamFeatures.ExactTag) != 0);
    }

    /// <summary>Writes the request for authentication and for all that shall come with it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="initial">What it says first.</param>
    /// <param name="features">What the server offers.</param>
    /// <param name="fast">The token's record; null where none is kept.</param>
    /// <param name="wanted">The mechanism for which a token is asked; null for none.</param>
    /// <param name="management">The session of before, where it may be resumed.</param>
    internal void Write(StanzaWriter writer, SaslMechanism mechanism, byte[] initial, int features, FastToken fast, string wanted, StreamManagement management)
    {
        int depth = writer.Depth;
        writer.Start("authenticate", Ns.Sasl2).Attribute("mechanism", mechanism.Name);
        writer.Start("initial-response").Base64(initial, 0, initial.Length).End();
        if (fast != null)
        {
            writer.Start("user-agent").Attribute("id", fast.Agent).End();
        }
        bool resumable = _options.StreamManagement && management.ResumeId != null;
        bool resumesInline = resumable && (features & StreamFeatures.InlineResume) != 0;
        if (resumesInline)
        {
            writer.Start("resume", Ns.StreamManagement).Attribute("h", NumberFormat.Signed(management.Handled)).Attribute("previd", management.ResumeId, 0, management.ResumeId.Length).End();
        }
        if (BindsInline(features) && resumable == resumesInline) // what can be resumed afterwards is not given up here
        {
            writer.Start("bind", Ns.Bind2);
            if (_options.Resource.Length > 0)
            {
                writer.Element("tag", _options.Resource);
            }
            if (_options.StreamManagement && (features & StreamFeatures.InlineEnable) != 0)
            {
                writer.Start("enable", Ns.StreamManagement).Attribute("resume", "true").End();
            }
            writer.End();
        }
        if (mechanism is HashedTokenMechanism)
        {
            writer.Empty("fast", Ns.Fast);
        }
        else if (wanted != null)
        {
            writer.Start("request-token", Ns.Fast).Attribute("mechanism", wanted).End();
        }
        writer.EndTo(depth);
    }

    /// <summary>Reads <c>success</c>, on which the parser stands.</summary>
    internal void ReadSuccess(XmlPullParser parser)
    {
        Data = null;
        IsBroken = false;
        Jid = null;
        IsResumed = false;
        ResumeFailed = false;
        HasHandled = false;
        IsBound = false;
        IsEnabled = false;
        ResumeId = null;
        Token = null;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(Ns.Sasl2, "additional-data"))
            {
                Data = Decode(parser.ReadText());
                IsBroken = Data == null;
            }
            else if (parser.Is(Ns.Sasl2, "authorization-identifier"))
            {
                Jid.TryParse(parser.ReadText(), out Jid jid);
                Jid = jid;
            }
            else if (parser.Is(Ns.StreamManagement, "resumed") || parser.Is(Ns.StreamManagement, "failed"))
            {
                IsResumed = parser.LocalIs("resumed");
                ResumeFailed = !IsResumed;
                HasHandled = StreamManagement.TryCount(parser, out uint handled);
                Handled = handled;
            }
            else if (parser.Is(Ns.Bind2, "bound"))
            {
                IsBound = true;
                ReadBound(parser);
            }
            else if (parser.Is(Ns.Fast, "token"))
            {
                Token = parser.Attribute("token");
            }
        }
    }

    /// <summary>SASL data; null where it is not base64. White space around it is the server's habit (XEP-0388 has it in its examples).</summary>
    internal static byte[] Decode(string text)
    {
        byte[] bytes = Utf8.Encode(text.Trim());
        return Base64.Decode(bytes, 0, bytes.Length);
    }

    private void ReadBound(XmlPullParser parser)
    {
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (parser.Is(Ns.StreamManagement, "enabled"))
            {
                IsEnabled = true;
                ResumeId = parser.AttributeFlag("resume", false) ? parser.Attribute("id") : null;
            }
        }
    }
}
