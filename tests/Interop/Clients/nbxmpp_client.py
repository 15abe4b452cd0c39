"""A conversation with nbxmpp, the library of Gajim: two people, a third session, a thing. What the hub and the client are told stands in the environment (see ClientScene). The last word is "ok"."""
import datetime
import hashlib
import os
import sys
import time
import urllib.request

import gi
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib

from nbxmpp.client import Client
from nbxmpp.const import AdHocAction, ConnectionProtocol, ConnectionType
from nbxmpp.modules.dataforms import SimpleDataForm, create_field, extend_form
from nbxmpp.modules.receipts import build_receipt
from nbxmpp.modules.user_avatar import Avatar
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import Iq, JID, Message, Node, Presence
from nbxmpp.structs import AdHocCommand, BookmarkData, StanzaHandler

WAIT = 60  # seconds that anything may take
HOST, DOMAIN, THING = os.environ['HUB_HOST'], os.environ['HUB_DOMAIN'], JID.from_string(os.environ['HUB_THING'])


def wait(is_so, what):
    """Lets the main loop run until it is so."""
    end = time.monotonic() + WAIT
    tick = GLib.timeout_add(100, lambda: True)  # wakes the loop, so that the end is seen
    try:
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(f'in time: {what}')
            GLib.MainContext.default().iteration(True)
    finally:
        GLib.source_remove(tick)


def check(is_so, what):
    if not is_so:
        raise AssertionError(what)


def done(what):
    print('done:', what, flush=True)


class Person:
    def __init__(self, name, resource, type_=ConnectionType.START_TLS):
        self.client = Client(log_context=f'{name}/{resource}')
        self.client.set_domain(DOMAIN)
        self.client.set_username(name)
        self.client.set_password(name)
        self.client.set_resource(resource)
        port = os.environ['HUB_TLS_PORT' if type_ == ConnectionType.DIRECT_TLS else 'HUB_PORT']
        self.client.set_custom_host(f'{HOST}:{port}', ConnectionProtocol.TCP, type_)
        self.events, self.stanzas = [], []
        for signal in ('connected', 'resume-successful', 'resume-failed', 'disconnected', 'connection-failed'):
            self.client.subscribe(signal, self.happened)
        for name in ('message', 'presence'):
            self.client.register_handler(StanzaHandler(name=name, callback=self.came, priority=100))

    def happened(self, _, signal, *__):
        self.events.append(signal)

    def came(self, _, stanza, properties):
        self.stanzas.append((stanza, properties))

    @property
    def jid(self):
        return self.client.get_bound_jid()

    def connect(self):
        self.client.connect()
        wait(lambda: self.events, 'an answer to the log-in')
        return self.events[0]

    def next(self, is_it, what):
        """The next stanza that it is true of; what came before it is let go."""
        found = []

        def look():
            while self.stanzas and not found:
                stanza, properties = self.stanzas.pop(0)
                if is_it(stanza, properties):
                    found.append((stanza, properties))
            return found
        wait(look, what)
        return found[0]

    def do(self, module, method, *arguments, **more):
        """Calls a task of a module and returns its result, or raises its error."""
        ended = []

        def end(task):  # the task forgets its result after this call
            try:
                ended.append((task.finish(), None))
            except Exception as e:
                ended.append((None, e))
        getattr(self.client.get_module(module), method)(*arguments, callback=end, **more)
        wait(lambda: ended, f'{module}.{method}')
        result, error = ended[0]
        if error is not None:
            raise error
        return result

    def ask(self, iq):
        answers = []
        self.client.send_stanza(iq, callback=lambda _, answer, **__: answers.append(answer))
        wait(lambda: answers, str(iq))
        return answers[0]

    def text(self, to, body):
        message = Message(to=to, body=body, typ='chat')
        self.client.send_stanza(message)
        return message


def request(type_, payload, to=None):
    iq = Iq(type_, to=to)
    iq.addChild(node=payload)
    return iq


def refused(call, condition):
    try:
        call()
    except Exception as e:
        return check(getattr(e, 'condition', None) == condition, f'{e!r}')
    raise AssertionError(f'not refused: {condition}')


def untrusted():
    person = Person('alice', 'nowhere')
    check(person.connect() != 'connected', 'no log-in without trust')
    check(person.client.get_error()[1] == 'bad-certificate' or 'certificate' in str(person.client.get_error()), f'{person.client.get_error()}')
    done('an unknown authority is not trusted')


def friends(alice, bob):
    alice.do('Roster', 'request_roster')
    bob.do('Roster', 'request_roster')
    for person in (alice, bob):
        person.client.send_stanza(Presence())
        person.next(lambda s, p, person=person: s.getName() == 'presence' and s.getFrom() == person.jid, 'own presence')
    alice.do('Roster', 'set_item', JID.from_string(bob.jid.bare), 'Bob', ['Garden'])
    for one, other in ((alice, bob), (bob, alice)):
        one.client.send_stanza(Presence(to=other.jid.bare, typ='subscribe'))
        other.next(lambda s, p: s.getName() == 'presence' and s.getType() == 'subscribe', 'a question')
        other.client.send_stanza(Presence(to=one.jid.bare, typ='subscribed'))
        one.next(lambda s, p: s.getName() == 'presence' and s.getFrom() == other.jid and s.getType() is None, 'the other is there')
    roster = alice.do('Roster', 'request_roster')
    check([(str(i.jid), i.name, i.subscription, set(i.groups)) for i in roster.items if i.name] == [('bob@hub.test', 'Bob', 'both', {'Garden'})], f'{roster.items}')
    done('roster and presence')


def conversation(alice, bob, second):
    check(second.ask(request('set', Node('enable', attrs={'xmlns': Namespace.CARBONS}))).getType() == 'result', 'carbons are on')
    message = Message(to=bob.jid, body='Is the greenhouse warm?', typ='chat')
    message.setID('m1')
    message.setReceiptRequest()
    alice.client.send_stanza(message)
    came, properties = bob.next(lambda s, p: s.getName() == 'message' and p.body, 'the message')
    check(properties.body == 'Is the greenhouse warm?' and properties.receipt.type == 'request', f'{came}')
    check(properties.stanza_ids and str(properties.stanza_ids[0].by) == bob.jid.bare, f'it has its archive id: {properties.stanza_ids}')
    bob.client.send_stanza(build_receipt(came))
    _, properties = alice.next(lambda s, p: s.getName() == 'message' and p.receipt is not None, 'the receipt')
    check((properties.receipt.type, properties.receipt.id) == ('received', 'm1'), f'{properties.receipt}')
    _, properties = second.next(lambda s, p: s.getName() == 'message' and p.is_carbon_message and p.body, 'the carbon')
    check(properties.carbon.is_sent and properties.body == 'Is the greenhouse warm?', f'{properties.carbon}')
    for i in range(5):
        bob.text(alice.jid, f'It is {20 + i} degrees')
    for i in range(5):
        alice.next(lambda s, p, i=i: s.getName() == 'message' and p.body == f'It is {20 + i} degrees', 'the answer')
        second.next(lambda s, p, i=i: s.getName() == 'message' and p.is_carbon_message and p.carbon.is_received and p.body == f'It is {20 + i} degrees', 'its carbon')
    done('messages, receipts, carbons')


def archive(alice, bob):
    alice.stanzas.clear()
    bodies, after = [], None
    while True:
        page = alice.do('MAM', 'make_query', JID.from_string(alice.jid.bare), queryid='q', max_=2, after=after)
        if page.complete and not page.rsm.last:
            break
        bodies += [p.body for s, p in alice.stanzas if s.getName() == 'message' and p.is_mam_message and p.body]
        alice.stanzas.clear()
        if page.complete:
            break
        after = page.rsm.last
    check(bodies == ['Is the greenhouse warm?'] + [f'It is {20 + i} degrees' for i in range(5)], f'all pages in order: {bodies}')
    preferences = alice.do('MAM', 'request_preferences')
    alice.do('MAM', 'set_preferences', 'roster', [JID.from_string('carol@hub.test')], [])
    changed = alice.do('MAM', 'request_preferences')
    check((changed.default, [str(j) for j in changed.always]) == ('roster', ['carol@hub.test']), f'{changed}')
    alice.do('MAM', 'set_preferences', preferences.default, preferences.always, preferences.never)
    done('archive with pages and preferences')


def discovery(alice, bob):
    info = alice.do('Discovery', 'disco_info', DOMAIN)
    check(info.supports('urn:xmpp:carbons:2') and any(i.category == 'server' for i in info.identities), f'{info}')
    items = {str(i.jid) for i in alice.do('Discovery', 'disco_items', DOMAIN).items}
    check({f'pubsub.{DOMAIN}', f'things.{DOMAIN}', f'upload.{DOMAIN}'} <= items, f'{items}')
    alice.do('Ping', 'ping', JID.from_string(DOMAIN))
    alice.do('Ping', 'ping', bob.jid)
    version = alice.do('SoftwareVersion', 'request_software_version', JID.from_string(DOMAIN))
    check(version.name and version.version, f'{version}')
    moment = alice.do('EntityTime', 'request_entity_time', JID.from_string(DOMAIN))
    check(bool(moment), f'{moment}')
    refused(lambda: alice.do('Ping', 'ping', JID.from_string('nobody@hub.test/none')), 'service-unavailable')
    done('discovery, version, time, ping')


def person(alice, bob):
    image = b'\x89PNG\r\n\x1a\n' + bytes(range(200))
    avatar = Avatar()
    avatar.add_image_source(image, 'image/png', 8, 8)
    alice.do('UserAvatar', 'set_avatar', avatar, public=True)
    metadata = bob.do('UserAvatar', 'request_avatar_metadata', JID.from_string(alice.jid.bare))
    sha = hashlib.sha1(image).hexdigest()
    check(metadata.default == sha or sha in metadata.avatar_shas, f'{metadata}')
    data = bob.do('UserAvatar', 'request_avatar_data', sha, JID.from_string(alice.jid.bare))
    check(data.data == image, 'the picture is the one that was published')
    room = BookmarkData(jid=JID.from_string('room@rooms.hub.test'), name='A room', nick='Al', autojoin=True)
    alice.do('NativeBookmarks', 'store_bookmarks', [room])
    kept = alice.do('NativeBookmarks', 'request_bookmarks')
    check([(str(b.jid), b.name, b.nick, b.autojoin) for b in kept] == [('room@rooms.hub.test', 'A room', 'Al', True)], f'{kept}')
    private = alice.do('PrivateBookmarks', 'request_bookmarks')
    check([str(b.jid) for b in private] == ['room@rooms.hub.test'], f'the same in private XML: {private}')
    alice.do('Blocking', 'block', [JID.from_string(bob.jid.bare)])
    check({str(j) for j in alice.do('Blocking', 'request_blocking_list')} == {bob.jid.bare}, 'bob is blocked')
    bob.text(alice.jid, 'Hello?')
    _, properties = bob.next(lambda s, p: s.getName() == 'message' and s.getType() == 'error', 'the refusal')
    check(properties.error.condition == 'service-unavailable', f'{properties.error}')
    alice.do('Blocking', 'unblock', [JID.from_string(bob.jid.bare)])
    bob.text(alice.jid, 'Hello!')
    alice.next(lambda s, p: s.getName() == 'message' and p.body == 'Hello!', 'after that messages come')
    done('avatar, bookmarks, blocking')


def upload(alice):
    service = JID.from_string(f'upload.{DOMAIN}')
    content = bytes(range(256)) * 40
    slot = alice.do('HTTPUpload', 'request_slot', service, 'picture.png', len(content), 'image/png')
    put = urllib.request.Request(slot.put_uri, data=content, method='PUT', headers={'Content-Type': 'image/png', **slot.headers})
    check(urllib.request.urlopen(put, timeout=WAIT).status == 201, 'it is put')
    check(urllib.request.urlopen(slot.get_uri, timeout=WAIT).read() == content, 'and got')
    done('a file put and got')


def nodes(alice, bob):
    service = f'pubsub.{DOMAIN}'
    create = request('set', Node('pubsub', attrs={'xmlns': Namespace.PUBSUB}, payload=[Node('create', attrs={'node': 'nbxmpp'})]), service)
    check(alice.ask(create).getType() == 'result', 'the node is made')
    form = alice.do('PubSub', 'get_node_configuration', 'nbxmpp', jid=service).form
    form['pubsub#title'].value = 'Warmth'
    form.type_ = 'submit'
    alice.do('PubSub', 'set_node_configuration', 'nbxmpp', form, jid=service)
    subscribe = request('set', Node('pubsub', attrs={'xmlns': Namespace.PUBSUB}, payload=[Node('subscribe', attrs={'node': 'nbxmpp', 'jid': str(bob.jid)})]), service)
    check(bob.ask(subscribe).getType() == 'result', 'bob subscribes')
    result = alice.do('PubSub', 'publish', 'nbxmpp', Node('sample', attrs={'xmlns': 'urn:example:sample', 'value': '21.4'}), id_='now', jid=service)
    check(result.id == 'now', f'{result}')
    _, properties = bob.next(lambda s, p: s.getName() == 'message' and p.is_pubsub_event, 'the notification')
    check((properties.pubsub_event.node, properties.pubsub_event.id) == ('nbxmpp', 'now'), f'{properties.pubsub_event}')
    items = bob.do('PubSub', 'request_items', 'nbxmpp', jid=service)
    check([i.getAttr('id') for i in items] == ['now'], f'{items}')
    alice.do('PubSub', 'retract', 'nbxmpp', 'now', jid=service)
    bob.next(lambda s, p: s.getName() == 'message' and p.is_pubsub_event and p.pubsub_event.retracted, 'the retraction')
    alice.do('PubSub', 'delete', 'nbxmpp', jid=service)
    bob.next(lambda s, p: s.getName() == 'message' and p.is_pubsub_event and p.pubsub_event.deleted, 'the deletion')
    done('publish-subscribe')


def thing(alice, bob):
    commands = {c.node: c for c in alice.do('AdHoc', 'request_command_list', THING)}
    check({'set', 'read', 'identify'} <= set(commands), f'{commands}')
    command = alice.do('AdHoc', 'execute_command', AdHocCommand(jid=THING, node='set', name=None))
    check(not command.is_completed, f'{command}')
    form = extend_form(command.data)
    form['relay'].value = True
    form.type_ = 'submit'
    command = alice.do('AdHoc', 'execute_command', command, action=AdHocAction.COMPLETE, dataform=form.get_purged())
    check(command.is_completed and 'relay=' in command.notes[0].text, f'{command}')
    control = Node('set', attrs={'xmlns': 'urn:xmpp:iot:control'}, payload=[Node('boolean', attrs={'name': 'relay', 'value': 'false'})])
    answer = alice.ask(request('set', control, THING))
    check(answer.getTag('setResponse', namespace='urn:xmpp:iot:control') is not None, f'{answer}')
    answer = bob.ask(request('set', control, THING))
    check(answer.getErrorType() == 'auth' and answer.getError() == 'forbidden', f'{answer}')
    done('commands to a thing, refused to a stranger')


def resumption(alice, bob):
    check(alice.client.sm_supported and alice.client.resumeable, 'the stream is managed and can be resumed')
    alice.events.clear()
    alice.stanzas.clear()
    bob.stanzas.clear()
    alice.client._con._con.get_socket().shutdown(True, True)  # as if the network were cut
    wait(lambda: 'disconnected' in alice.events, 'the cut is seen')
    for i in range(20):
        bob.text(alice.jid, f'while away {i}')
    alice.events.clear()
    check(alice.connect() == 'resume-successful', f'{alice.events}')
    for i in range(20):
        alice.next(lambda s, p, i=i: s.getName() == 'message' and p.body == f'while away {i}', f'message {i}, nothing lost')
    check(not [s for s, _ in bob.stanzas if s.getName() == 'presence'], 'nobody saw it')
    done('resumption')


def main():
    untrusted()
    Gio.TlsBackend.get_default().set_default_database(Gio.TlsFileDatabase.new(os.environ['HUB_CA']))
    alice, bob, second = Person('alice', 'one'), Person('bob', 'one', ConnectionType.DIRECT_TLS), Person('alice', 'two')
    for one in (alice, bob, second):
        check(one.connect() == 'connected', f'{one.events} {one.client.get_error()}')
        check(one.client.is_stream_secure, 'with TLS')
    done('log-in by STARTTLS and by direct TLS')
    friends(alice, bob)
    second.client.send_stanza(Presence())
    conversation(alice, bob, second)
    archive(alice, bob)
    discovery(alice, bob)
    person(alice, bob)
    upload(alice)
    nodes(alice, bob)
    thing(alice, bob)
    resumption(alice, bob)
    for one in (second, bob, alice):
        one.events.clear()
        one.client.disconnect()
        wait(lambda one=one: 'disconnected' in one.events, 'an orderly end')
    print('ok', flush=True)


main()
sys.stdout.flush()
os._exit(0)
