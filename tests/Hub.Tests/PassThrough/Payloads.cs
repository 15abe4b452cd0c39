namespace IotXmpp.Hub.Tests.PassThrough;

/// <summary>What clients encrypt or sign between themselves, and other XML that a careless relay would change: forms that mean the same to a parser and not to who compares bytes.</summary>
internal static class Payloads
{
    /// <summary>The payloads by name.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        // RFC 3923 §3: an S/MIME entity as CDATA.
        ["e2e"] = "<e2e xmlns='urn:ietf:params:xml:ns:xmpp-e2e'><![CDATA[\r\nContent-Type: multipart/signed; boundary=\"next\";\r\n              micalg=sha1;\r\n\tprotocol=application/pkcs7-signature\r\n\r\n--next\r\nContent-type: Message/CPIM\r\n\r\nFrom: Juliet Capulet <im:juliet@example.com>\r\nSubject: &amp; ]] > <b>not markup</b>\r\n\r\n--next--\r\n]]></e2e>",
        ["cpim"] = "<e2e xmlns=\"urn:ietf:params:xml:ns:xmpp-e2e\"><![CDATA[<xmpp xmlns='jabber:client'><message from='a@b'><body xmlns='jabber:server'>Hi</body></message></xmpp>]]></e2e>",
        ["omemo"] = "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'><key rid='31415'>BASE64ENCODED+/==</key><key prekey=\"true\" rid='12321' >BASE64ENCODED...</key><iv>BASE64</iv></header><payload>BASE\r\n64</payload></encrypted><encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl' name=\"OMEMO\"/>",
        ["omemo2"] = "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='27183'><keys jid='juliet@capulet.lit'><key rid='31415'>b64/encoded/data</key></keys>\n  <keys jid='romeo@montague.lit'><key kex='true' rid='1337'>b64</key></keys></header><payload>b64==</payload></encrypted>",
        ["ox"] = "<openpgp xmlns='urn:xmpp:openpgp:0'>\n  BASE64_OPENPGP_MESSAGE\t\n</openpgp>",
        ["pgp"] = "<x xmlns='jabber:x:encrypted'>qANQR1DBwU4DX7jmYZnncmUQB/9KuKBddzQH+tZ1ZywKK0yHKnq57kWq+RFtQdCJ\nWpdWpR0uQsuJe7+vh3NWn59/gTc5MDlX8dS9p0ovStmNcyLhxVgmqS8ZKhsblVeu\n</x>",
        ["references"] = "<x xmlns='urn:test:x' a='&#x41;&apos;&quot;&#10;' b=\"it's\">&lt;&gt;&amp;&#13;&#xD;&#128512;\u00e9\U0001F600e\u0301</x>",
        ["prefixes"] = "<p:x xmlns:p='urn:test:p' xmlns:q=\"urn:test:q\" q:a='1'  p:b = '2' ><q:y/><p:z></p:z><n xmlns=''/></p:x>",
        ["spaces"] = "  <x xmlns='urn:test:x'   b='2'\n a='1'\t>\n\t <y  />\n<y></y> </x  >\n ",
        ["cdata"] = "<x xmlns='urn:test:x'><![CDATA[]]>a<![CDATA[<&>]]]]><![CDATA[>]]></x>",
        ["ibb"] = "<data xmlns='http://jabber.org/protocol/ibb' seq='0' sid='i781hf64'>qANQR1DBwU4DX7jmYZnncmUQB/9KuKBddzQH+tZ1ZywKK0yHKnq57kWq+RFtQdCJ\nWpdWpR0uQsuJe7+vh3NWn59/gTc5MDlX8dS9p0ovStmNcyLhxVgmqS8ZKhsblVeu</data>",
        ["cid"] = "<data xmlns='urn:xmpp:bob' cid='sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org' max-age='86400' type='image/png'>iVBORw0KGgoAAAANSUhEUgAAALQAAAAnCAYAAACmE6CaAAAABHNCSVQICAgIfAhk\r\n</data>",
    };
}
