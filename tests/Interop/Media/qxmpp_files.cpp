// Two QXmpp clients and a file (XEP-0095, XEP-0096): once in band (XEP-0047), once by the hub's proxy (XEP-0065). qxmpp_files PORT ALICE BOB; passwords are the names. The last word is "ok".
#include <QtCore>

#include <QXmppClient.h>
#include <QXmppConfiguration.h>
#include <QXmppDiscoveryIq.h>
#include <QXmppDiscoveryManager.h>
#include <QXmppTransferManager.h>

#include <cstdio>
#include <functional>

constexpr int Wait = 60000; // milliseconds that anything may take

static void check(bool isSo, const QString &what)
{
    if (!isSo) {
        printf("not so: %s\n", qPrintable(what));
        exit(1);
    }
}

static void until(const std::function<bool()> &isSo, const QString &what)
{
    QElapsedTimer since;
    since.start();
    while (!isSo()) {
        check(since.elapsed() < Wait, "in time: " + what);
        QCoreApplication::processEvents(QEventLoop::AllEvents, 50);
        QThread::msleep(1);
    }
}

static void connectTo(QXmppClient &client, int port, const QString &user)
{
    QXmppConfiguration configuration;
    configuration.setJid(user + "@hub.test");
    configuration.setPassword(user);
    configuration.setResource("files");
    configuration.setHost("127.0.0.1");
    configuration.setPort(port);
    configuration.setStreamSecurityMode(QXmppConfiguration::TLSDisabled);
    configuration.setAutoReconnectionEnabled(false);
    client.connectToServer(configuration);
    until([&] { return client.isConnected(); }, user + " is there");
}

static QString proxyOf(QXmppClient &client)
{
    auto *disco = client.findExtension<QXmppDiscoveryManager>();
    QString found;
    int asked = 0, told = 0;
    bool listed = false;
    QObject::connect(disco, &QXmppDiscoveryManager::itemsReceived, [&](const QXmppDiscoveryIq &iq) {
        for (const auto &item : iq.items()) {
            disco->requestInfo(item.jid());
            asked++;
        }
        listed = true;
    });
    QObject::connect(disco, &QXmppDiscoveryManager::infoReceived, [&](const QXmppDiscoveryIq &iq) {
        for (const auto &identity : iq.identities())
            if (identity.category() == "proxy" && identity.type() == "bytestreams")
                found = iq.from();
        told++;
    });
    disco->requestItems("hub.test");
    until([&] { return listed && (told >= asked || !found.isEmpty()); }, "the services are told");
    disco->disconnect();
    return found;
}

static void move(QXmppTransferManager *from, QXmppTransferManager *to, const QString &jid, QXmppTransferJob::Method method, const QByteArray &file)
{
    from->setSupportedMethods(method);
    to->setSupportedMethods(method);
    QBuffer sent, received;
    sent.setData(file);
    sent.open(QIODevice::ReadOnly);
    received.open(QIODevice::WriteOnly);
    QXmppTransferJob *taken = nullptr;
    auto connection = QObject::connect(to, &QXmppTransferManager::fileReceived, [&](QXmppTransferJob *job) {
        taken = job;
        job->accept(&received);
    });
    QXmppTransferFileInfo info;
    info.setName("a picture.png");
    info.setSize(file.size());
    info.setHash(QCryptographicHash::hash(file, QCryptographicHash::Md5));
    QXmppTransferJob *job = from->sendFile(jid, &sent, info);
    until([&] { return job->state() == QXmppTransferJob::FinishedState && taken && taken->state() == QXmppTransferJob::FinishedState; }, "the file is there");
    check(job->error() == QXmppTransferJob::NoError && taken->error() == QXmppTransferJob::NoError, QString("no error: %1 %2").arg(job->error()).arg(taken->error()));
    check(taken->method() == method, "the method is the one that was wanted");
    check(QCryptographicHash::hash(received.data(), QCryptographicHash::Sha256) == QCryptographicHash::hash(file, QCryptographicHash::Sha256), "the file is the same");
    QObject::disconnect(connection);
    delete job;
    delete taken;
}

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QXmppClient alice, bob;
    auto *from = new QXmppTransferManager;
    auto *to = new QXmppTransferManager;
    alice.addExtension(from);
    bob.addExtension(to);
    connectTo(alice, QString(argv[1]).toInt(), argv[2]);
    connectTo(bob, QString(argv[1]).toInt(), argv[3]);
    const QString proxy = proxyOf(alice);
    check(proxy == "proxy.hub.test", "the proxy is found: " + proxy);
    from->setProxy(proxy);
    from->setProxyOnly(true);
    QByteArray file;
    for (int i = 0; i < 200000; i++)
        file.append(char((i * 7919) >> 5));
    const QString jid = QString(argv[3]) + "@hub.test/files";
    move(from, to, jid, QXmppTransferJob::InBandMethod, file);
    printf("done: in band\n");
    move(from, to, jid, QXmppTransferJob::SocksMethod, file);
    printf("done: by the proxy\nok\n");
    return 0;
}
