// A conversation with QXmpp: two people, a third session, a thing. What the hub and the client are told stands in the environment (see ClientScene). The last word is "ok".
#include <QtCore>
#include <QtNetwork/QSslCertificate>

#include <QXmppBookmarkManager.h>
#include <QXmppBookmarkSet.h>
#include <QXmppCarbonManager.h>
#include <QXmppClient.h>
#include <QXmppConfiguration.h>
#include <QXmppDiscoveryIq.h>
#include <QXmppDiscoveryManager.h>
#include <QXmppHttpUploadIq.h>
#include <QXmppMamManager.h>
#include <QXmppMessage.h>
#include <QXmppMessageReceiptManager.h>
#include <QXmppPubSubItem.h>
#include <QXmppRosterManager.h>
#include <QXmppUploadRequestManager.h>
#include <QXmppUtils.h>
#include <QXmppVCardIq.h>
#include <QXmppVCardManager.h>
#include <QXmppVersionIq.h>
#include <QXmppVersionManager.h>

#include <cstdio>
#include <functional>

constexpr int Wait = 30000; // milliseconds that anything may take

static QString setting(const char *name) { return QString::fromUtf8(qgetenv(name)); }

[[noreturn]] static void fail(const QString &what)
{
    printf("not so: %s\n", qPrintable(what));
    exit(1);
}

static void check(bool isSo, const QString &what)
{
    if (!isSo)
        fail(what);
}

static void done(const char *what)
{
    printf("done: %s\n", what);
    fflush(stdout);
}

static void until(const std::function<bool()> &isSo, const QString &what)
{
    QElapsedTimer since;
    since.start();
    while (!isSo()) {
        check(since.elapsed() < Wait, "in time: " + what);
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents | QEventLoop::AllEvents, 50);
        QThread::msleep(1);
    }
}

// An IQ whose payload is written as it stands, and its answer.
class RawIq : public QXmppIq
{
public:
    RawIq(QXmppIq::Type type, const QString &to, const QString &payload) : QXmppIq(type) { setTo(to); m_payload = payload; }

protected:
    void toXmlElementFromChild(QXmlStreamWriter *writer) const override
    {
        writer->writeCharacters(""); // closes the start tag
        writer->device()->write(m_payload.toUtf8());
    }

private:
    QString m_payload;
};

struct Answers : public QXmppClientExtension
{
    QMap<QString, QDomElement> came;
    QSet<QString> asked;

    bool handleStanza(const QDomElement &stanza) override
    {
        if (stanza.tagName() != "iq" || !asked.contains(stanza.attribute("id")))
            return false;
        came[stanza.attribute("id")] = stanza.cloneNode().toElement();
        return true;
    }
};

struct Person
{
    QXmppClient client;
    QXmppCarbonManager *carbons = new QXmppCarbonManager;
    QXmppMamManager *archive = new QXmppMamManager;
    QXmppMessageReceiptManager *receipts = new QXmppMessageReceiptManager;
    QXmppUploadRequestManager *uploads = new QXmppUploadRequestManager;
    QXmppBookmarkManager *bookmarks = new QXmppBookmarkManager;
    Answers *answers = new Answers;
    QList<QXmppMessage> messages;
    QList<QXmppPresence> presences;
    int connected = 0, disconnected = 0, errors = 0;
    QString name, resource;

    Person(const QString &name, const QString &resource) : name(name), resource(resource)
    {
        if (qEnvironmentVariableIsSet("QXMPP_DEBUG"))
            client.logger()->setLoggingType(QXmppLogger::StdoutLogging);
        for (QXmppClientExtension *extension : std::initializer_list<QXmppClientExtension *> { carbons, archive, receipts, uploads, bookmarks, answers })
            client.insertExtension(0, extension);
        QObject::connect(&client, &QXmppClient::connected, [this] { connected++; });
        QObject::connect(&client, &QXmppClient::disconnected, [this] { disconnected++; });
        QObject::connect(&client, &QXmppClient::error, [this](QXmppClient::Error) { errors++; });
        QObject::connect(&client, &QXmppClient::messageReceived, [this](const QXmppMessage &m) { messages << m; });
        QObject::connect(&client, &QXmppClient::presenceReceived, [this](const QXmppPresence &p) { presences << p; });
    }

    QString bare() const { return name + "@" + setting("HUB_DOMAIN"); }
    QString jid() const { return bare() + "/" + resource; }

    void connect(bool directTls, bool trusting = true)
    {
        QXmppConfiguration configuration;
        configuration.setJid(bare());
        configuration.setResource(resource);
        configuration.setPassword(name);
        configuration.setHost(setting("HUB_HOST"));
        configuration.setPort(setting(directTls ? "HUB_TLS_PORT" : "HUB_PORT").toInt());
        configuration.setStreamSecurityMode(directTls ? QXmppConfiguration::LegacySSL : QXmppConfiguration::TLSRequired);
        configuration.setAutoReconnectionEnabled(false);
        configuration.setIgnoreSslErrors(false);
        if (trusting)
            configuration.setCaCertificates(QSslCertificate::fromPath(setting("HUB_CA")));
        client.connectToServer(configuration);
    }

    QXmppMessage message(const std::function<bool(const QXmppMessage &)> &isIt, const QString &what)
    {
        QXmppMessage found;
        until([&] {
            while (!messages.isEmpty()) {
                found = messages.takeFirst();
                if (isIt(found))
                    return true;
            }
            return false;
        }, what);
        return found;
    }

    QXmppPresence presence(const QString &from, QXmppPresence::Type type)
    {
        QXmppPresence found;
        until([&] {
            while (!presences.isEmpty()) {
                found = presences.takeFirst();
                if (found.from() == from && found.type() == type)
                    return true;
            }
            return false;
        }, name + " sees " + from);
        return found;
    }

    QDomElement ask(QXmppIq::Type type, const QString &to, const QString &payload)
    {
        RawIq iq(type, to, payload);
        answers->asked << iq.id();
        check(client.sendPacket(iq), "sent: " + payload);
        until([&] { return answers->came.contains(iq.id()); }, "an answer to " + payload);
        return answers->came[iq.id()];
    }

    void text(const QString &to, const QString &body)
    {
        QXmppMessage message("", to, body);
        message.setType(QXmppMessage::Chat);
        client.sendPacket(message);
    }
};

static QString words(const QDomElement &element)
{
    QString text;
    QTextStream stream(&text);
    element.save(stream, 0);
    return text;
}

static void friends(Person &alice, Person &bob)
{
    auto *a = alice.client.findExtension<QXmppRosterManager>(), *b = bob.client.findExtension<QXmppRosterManager>();
    until([&] { return a->isRosterReceived() && b->isRosterReceived(); }, "rosters");
    check(a->addItem(bob.bare(), "Bob", { "Garden" }), "an entry");
    check(a->subscribe(bob.bare()), "a question");
    bob.presence(alice.bare(), QXmppPresence::Subscribe);
    b->acceptSubscription(alice.bare());
    alice.presence(bob.jid(), QXmppPresence::Available);
    until([&] { return a->getRosterEntry(bob.bare()).subscriptionType() == QXmppRosterIq::Item::To; }, "the push");
    check(a->getRosterEntry(bob.bare()).name() == "Bob" && a->getRosterEntry(bob.bare()).groups().contains("Garden"), "name and group");
    QXmppPresence away;
    away.setAvailableStatusType(QXmppPresence::Away);
    away.setStatusText("gone for tea");
    bob.client.setClientPresence(away);
    check(alice.presence(bob.jid(), QXmppPresence::Available).statusText() == "gone for tea", "away");
    done("roster and presence");
}

static void conversation(Person &alice, Person &bob, Person &second)
{
    second.carbons->setCarbonsEnabled(true);
    QStringList sent, received, delivered;
    QObject::connect(second.carbons, &QXmppCarbonManager::messageSent, [&](const QXmppMessage &m) { sent << m.body(); });
    QObject::connect(second.carbons, &QXmppCarbonManager::messageReceived, [&](const QXmppMessage &m) { received << m.body(); });
    QObject::connect(alice.receipts, &QXmppMessageReceiptManager::messageDelivered, [&](const QString &, const QString &id) { delivered << id; });
    second.ask(QXmppIq::Get, "hub.test", "<ping xmlns='urn:xmpp:ping'/>"); // the answer stands behind that of the carbons
    QXmppMessage message("", bob.jid(), "Is the greenhouse warm?");
    message.setType(QXmppMessage::Chat);
    message.setId("m1");
    message.setReceiptRequested(true);
    alice.client.sendPacket(message);
    auto came = bob.message([](const QXmppMessage &m) { return m.id() == "m1"; }, "the message");
    check(came.body() == "Is the greenhouse warm?" && came.from() == alice.jid(), came.body());
    check(!came.stanzaId().isEmpty() && came.stanzaIdBy() == bob.bare(), "its id in bob's archive");
    until([&] { return delivered.contains("m1"); }, "the receipt");
    until([&] { return sent.contains("Is the greenhouse warm?"); }, "the carbon of what was sent");
    bob.text(alice.jid(), "It is.");
    alice.message([](const QXmppMessage &m) { return m.body() == "It is."; }, "the answer");
    until([&] { return received.contains("It is."); }, "the carbon of what came");
    done("messages, receipts, carbons");

    QStringList bodies;
    bool complete = false;
    QObject::connect(alice.archive, &QXmppMamManager::archivedMessageReceived, [&](const QString &, const QXmppMessage &m) { if (!m.body().isEmpty()) bodies << m.body(); });
    QObject::connect(alice.archive, &QXmppMamManager::resultsRecieved, [&](const QString &, const QXmppResultSetReply &, bool all) { complete = all; });
    alice.archive->retrieveArchivedMessages({}, {}, bob.bare());
    until([&] { return complete; }, "the archive");
    check(bodies == QStringList({ "Is the greenhouse warm?", "It is." }), bodies.join("|"));
    done("archive");
}

static void discovery(Person &alice, Person &bob)
{
    auto *disco = alice.client.findExtension<QXmppDiscoveryManager>();
    QStringList features, items;
    QObject::connect(disco, &QXmppDiscoveryManager::infoReceived, [&](const QXmppDiscoveryIq &iq) { if (iq.from() == "hub.test") features = iq.features(); });
    QObject::connect(disco, &QXmppDiscoveryManager::itemsReceived, [&](const QXmppDiscoveryIq &iq) { for (const auto &i : iq.items()) items << i.jid(); });
    disco->requestInfo("hub.test");
    disco->requestItems("hub.test");
    until([&] { return features.contains("urn:xmpp:carbons:2") && items.contains("pubsub.hub.test") && items.contains("upload.hub.test"); }, "features and items");
    QString version;
    QObject::connect(alice.client.findExtension<QXmppVersionManager>(), &QXmppVersionManager::versionReceived, [&](const QXmppVersionIq &iq) { version = iq.name(); });
    alice.client.findExtension<QXmppVersionManager>()->requestVersion("hub.test");
    until([&] { return !version.isEmpty(); }, "the version");
    check(words(alice.ask(QXmppIq::Get, "bob@hub.test/none", "<ping xmlns='urn:xmpp:ping'/>")).contains("service-unavailable"), "no such resource");

    auto *cards = alice.client.findExtension<QXmppVCardManager>();
    QXmppVCardIq card;
    card.setFullName("Alice");
    card.setNickName("Al");
    card.setPhoto(QByteArray("\x89PNG\r\n\x1a\n", 8) + QByteArray(200, 'x'));
    card.setPhotoType("image/png");
    cards->setClientVCard(card);
    alice.ask(QXmppIq::Get, alice.bare(), "<vCard xmlns='vcard-temp'/>"); // the answer stands behind that of the change
    QString full;
    QByteArray photo;
    auto *others = bob.client.findExtension<QXmppVCardManager>();
    QObject::connect(others, &QXmppVCardManager::vCardReceived, [&](const QXmppVCardIq &iq) { full = iq.fullName(); photo = iq.photo(); });
    others->requestVCard(alice.bare());
    until([&] { return full == "Alice" && photo == card.photo(); }, "the vCard");
    done("discovery, version, vCard");

    bool slot = false;
    QXmppHttpUploadSlotIq got;
    QObject::connect(alice.uploads, &QXmppUploadRequestManager::slotReceived, [&](const QXmppHttpUploadSlotIq &iq) { slot = true; got = iq; });
    check(!alice.uploads->requestUploadSlot("picture.png", 1000, QMimeDatabase().mimeTypeForName("image/png"), "upload.hub.test").isEmpty(), "a slot is asked for");
    until([&] { return slot; }, "a slot");
    check(got.putUrl().isValid() && got.getUrl().isValid(), "its addresses");
    done("a slot for a file");
}

static void nodes(Person &alice, Person &bob)
{
    const QString ns = "xmlns='http://jabber.org/protocol/pubsub'";
    check(alice.ask(QXmppIq::Set, "pubsub.hub.test", "<pubsub " + ns + "><create node='qxmpp'/></pubsub>").attribute("type") == "result", "create");
    check(bob.ask(QXmppIq::Set, "pubsub.hub.test", "<pubsub " + ns + "><subscribe node='qxmpp' jid='" + bob.jid() + "'/></pubsub>").attribute("type") == "result", "subscribe");
    check(alice.ask(QXmppIq::Set, "pubsub.hub.test", "<pubsub " + ns + "><publish node='qxmpp'><item id='now'><sample xmlns='urn:example:sample'/></item></publish></pubsub>").attribute("type") == "result", "publish");
    bob.message([](const QXmppMessage &m) { return m.from() == "pubsub.hub.test"; }, "the notification");
    check(words(bob.ask(QXmppIq::Get, "pubsub.hub.test", "<pubsub " + ns + "><items node='qxmpp'/></pubsub>")).contains("urn:example:sample"), "items");
    done("publish-subscribe");
}

static void thing(Person &alice, Person &bob)
{
    const QString to = setting("HUB_THING"), commands = "xmlns='http://jabber.org/protocol/commands'";
    check(words(alice.ask(QXmppIq::Get, to, "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>")).contains("identify"), "commands");
    auto form = alice.ask(QXmppIq::Set, to, "<command " + commands + " node='set' action='execute'/>");
    auto session = form.firstChildElement("command").attribute("sessionid");
    auto set = alice.ask(QXmppIq::Set, to, "<command " + commands + " node='set' action='complete' sessionid='" + session + "'><x xmlns='jabber:x:data' type='submit'><field var='relay'><value>true</value></field></x></command>");
    check(words(set).contains("relay=true"), words(set));
    check(words(alice.ask(QXmppIq::Set, to, "<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='false'/></set>")).contains("setResponse"), "off");
    check(words(bob.ask(QXmppIq::Set, to, "<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set>")).contains("forbidden"), "refused");
    done("commands to a thing, refused to a stranger");
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QTimer tick; // wakes the loop, so that the end is seen
    tick.start(100);
    Person nobody("alice", "nowhere");
    nobody.connect(false, false);
    until([&] { return nobody.disconnected > 0 || nobody.errors > 0; }, "an unknown authority is refused");
    check(nobody.connected == 0, "an unknown authority is not trusted");
    nobody.client.disconnectFromServer();
    done("an unknown authority is not trusted");
    Person alice("alice", "one"), bob("bob", "one"), second("alice", "two");
    alice.connect(false);
    bob.connect(false); // over direct TLS QXmpp 1.4 opens the stream twice
    second.connect(false);
    until([&] { return alice.connected && bob.connected && second.connected; }, "log-in");
    done("log-in by STARTTLS");
    friends(alice, bob);
    conversation(alice, bob, second);
    discovery(alice, bob);
    nodes(alice, bob);
    thing(alice, bob);
    for (auto *person : { &second, &bob, &alice })
        person->client.disconnectFromServer();
    until([&] { return alice.disconnected && bob.disconnected && second.disconnected; }, "an orderly end");
    puts("ok");
    return 0;
}
