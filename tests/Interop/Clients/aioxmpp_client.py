"""A conversation with aioxmpp: two people, a third session, a thing. What the hub and the client are told stands in the environment (see ClientScene). The last word is "ok"."""
import asyncio
import os
import socket
import sys
from datetime import timedelta

import aioxmpp
import aioxmpp.adhoc.xso
import aioxmpp.bookmarks
import aioxmpp.connector
import aioxmpp.ibr
import aioxmpp.mdr
import aioxmpp.muc
import aioxmpp.private_xml
import aioxmpp.security_layer
import aioxmpp.vcard
import aioxmpp.version
import aioxmpp.xso as xso

WAIT = 60  # seconds that anything may take
HOST, DOMAIN, THING = os.environ['HUB_HOST'], os.environ['HUB_DOMAIN'], aioxmpp.JID.fromstr(os.environ['HUB_THING'])


class Sample(xso.XSO):
    """A payload of the tests' own."""
    TAG = ('urn:example:sample', 'sample')
    value = xso.Attr('value')

    def __init__(self, value=None):
        super().__init__()
        self.value = value


aioxmpp.pubsub.xso.as_payload_class(Sample)


class Switch(xso.XSO):
    """XEP-0325: a parameter that is true or false."""
    TAG = ('urn:xmpp:iot:control', 'boolean')
    name = xso.Attr('name')
    value = xso.Attr('value')


@aioxmpp.IQ.as_payload_class
class Set(xso.XSO):
    """XEP-0325: sets parameters of a thing."""
    TAG = ('urn:xmpp:iot:control', 'set')
    parameters = xso.ChildList([Switch])


@aioxmpp.IQ.as_payload_class
class SetResponse(xso.XSO):
    """XEP-0325: it has been done."""
    TAG = ('urn:xmpp:iot:control', 'setResponse')


def trusting():
    context = aioxmpp.security_layer.default_ssl_context()
    context.load_verify_locations(os.environ['HUB_CA'])
    return context


class Person:
    SERVICES = [
        aioxmpp.RosterClient, aioxmpp.PresenceClient, aioxmpp.DiscoClient, aioxmpp.DiscoServer, aioxmpp.EntityCapsService, aioxmpp.PubSubClient, aioxmpp.PEPClient, aioxmpp.AdHocClient,
        aioxmpp.BlockingClient, aioxmpp.CarbonsClient, aioxmpp.AvatarService, aioxmpp.bookmarks.BookmarkClient, aioxmpp.vcard.VCardService, aioxmpp.mdr.DeliveryReceiptsService,
        aioxmpp.PingService, aioxmpp.dispatcher.SimpleMessageDispatcher,
    ]

    def __init__(self, name, resource, direct_tls=False, ca=trusting, password=None):
        connector = aioxmpp.connector.XMPPOverTLSConnector() if direct_tls else aioxmpp.connector.STARTTLSConnector()
        self.connections = 0
        self.client = aioxmpp.PresenceManagedClient(
            aioxmpp.JID(name, DOMAIN, resource),
            aioxmpp.security_layer.make(password or name, ssl_context_factory=ca),
            override_peer=[(HOST, int(os.environ['HUB_TLS_PORT' if direct_tls else 'HUB_PORT']), connector)],
            max_initial_attempts=1)
        self.services = {service: self.client.summon(service) for service in self.SERVICES}
        self.client.on_stream_established.connect(self.established)
        self.messages = asyncio.Queue()
        self[aioxmpp.dispatcher.SimpleMessageDispatcher].register_callback(None, None, self.messages.put_nowait)

    def __getitem__(self, service):
        return self.services[service]

    @property
    def jid(self):
        return self.client.local_jid

    def established(self):
        self.connections += 1

    async def message(self, is_it=lambda m: bool(m.body) and m.type_ == aioxmpp.MessageType.CHAT):
        async def look():
            while True:
                message = await self.messages.get()
                if is_it(message):
                    return message
        return await asyncio.wait_for(look(), WAIT)

    async def ask(self, iq):
        return await asyncio.wait_for(self.client.send(iq), WAIT)


def next_of(signal, is_it=lambda *a, **k: True):
    """The arguments of the signal's next call that the condition is true of."""
    found = asyncio.get_event_loop().create_future()

    def look(*arguments, **more):
        if not found.done() and is_it(*arguments, **more):
            found.set_result(arguments)
            return True  # not again
        return False

    signal.connect(look)
    return asyncio.wait_for(found, WAIT)


def check(is_so, what):
    if not is_so:
        raise AssertionError(what)


def done(what):
    print('done:', what, flush=True)


def text(to, body, type_=aioxmpp.MessageType.CHAT):
    message = aioxmpp.Message(to=to, type_=type_)
    message.body[None] = body
    return message


async def untrusted():
    """A client that trusts nobody does not get in: the certificates are checked."""
    refused = []

    def trusting_nobody():
        context = aioxmpp.security_layer.default_ssl_context()
        context.set_info_callback(lambda connection, where, code: refused.append(connection.get_cipher_name()) if where & 0x4000 and where & 0x08 else None)
        return context

    person = Person('alice', 'nowhere', ca=trusting_nobody)
    person.client.backoff_start = person.client.backoff_cap = timedelta(days=1)
    try:
        async with person.client.connected():
            pass
    except Exception:  # which one depends on when the library notices
        check(person.connections == 0 and refused, 'refused by an alert of the client')
        return done('an unknown authority is not trusted')
    raise AssertionError('the client came in without trust')


async def friends(alice, bob):
    a, b = alice[aioxmpp.RosterClient], bob[aioxmpp.RosterClient]
    for roster in (a, b):
        roster.on_subscribe.connect(lambda stanza, roster=roster: roster.approve(stanza.from_))
    named = next_of(a.on_entry_added, lambda item: item.jid == bob.jid.bare())
    await a.set_entry(bob.jid.bare(), name='Bob', add_to_groups={'Garden'})
    await named
    check(a.items[bob.jid.bare()].name == 'Bob', 'the roster has the name')
    for one, other in ((alice, bob), (bob, alice)):
        came = next_of(one[aioxmpp.PresenceClient].on_available, lambda full, _, other=other: full == other.jid)
        one[aioxmpp.RosterClient].subscribe(other.jid.bare())
        await came
    check(a.items[bob.jid.bare()].subscription == 'both', f'both see each other: {a.items[bob.jid.bare()].subscription}')
    changed = next_of(bob[aioxmpp.PresenceClient].on_changed, lambda full, stanza: full == alice.jid and stanza.show == aioxmpp.PresenceShow.AWAY)
    alice.client.set_presence(aioxmpp.PresenceState(available=True, show=aioxmpp.PresenceShow.AWAY), 'gone for tea')
    await changed
    done('roster and presence')


async def conversation(alice, bob, second):
    await second[aioxmpp.CarbonsClient].enable()
    message = text(bob.jid, 'Is the greenhouse warm?')
    tracker = alice[aioxmpp.mdr.DeliveryReceiptsService].attach_tracker(message)
    delivered = next_of(tracker.on_state_changed, lambda state, _: state == aioxmpp.tracking.MessageState.DELIVERED_TO_RECIPIENT)
    await alice.client.send(message)
    came = await bob.message()
    check(came.from_ == alice.jid and came.body.any() == 'Is the greenhouse warm?' and came.xep0184_request_receipt, 'the message with its request')
    await bob.client.send(aioxmpp.mdr.compose_receipt(came))
    await delivered
    copied = await second.message(lambda m: m.xep0280_sent is not None)
    check(copied.xep0280_sent.stanza.body.any() == 'Is the greenhouse warm?', 'a carbon of what was sent')
    await bob.client.send(text(alice.jid, 'It is.'))
    check((await alice.message()).body.any() == 'It is.', 'the answer')
    copied = await second.message(lambda m: m.xep0280_received is not None and bool(m.xep0280_received.stanza.body))
    check(copied.xep0280_received.stanza.body.any() == 'It is.', 'a carbon of what came')
    done('messages, receipts, carbons')


async def discovery(alice, bob):
    disco = alice[aioxmpp.DiscoClient]
    info = await disco.query_info(aioxmpp.JID(None, DOMAIN, None))
    check({'urn:xmpp:carbons:2', 'urn:xmpp:ping', 'urn:xmpp:blocking', 'vcard-temp'} <= info.features, f'features: {sorted(info.features)}')
    check(any(i.category == 'server' and i.type_ == 'im' for i in info.identities), 'the domain is a server')
    items = {str(item.jid) for item in (await disco.query_items(aioxmpp.JID(None, DOMAIN, None))).items}
    check({f'pubsub.{DOMAIN}', f'things.{DOMAIN}', f'upload.{DOMAIN}'} <= items, f'items: {items}')
    info = await disco.query_info(bob.jid)
    check('http://jabber.org/protocol/disco#info' in info.features, 'the other client answers')
    answer = await aioxmpp.version.query_version(alice.client.stream, aioxmpp.JID(None, DOMAIN, None))
    check(bool(answer.name and answer.version), 'the hub tells its version')
    await alice[aioxmpp.PingService].ping(bob.jid)
    try:
        await alice[aioxmpp.PingService].ping(bob.jid.replace(resource='none'))
        raise AssertionError('there is no such resource')
    except aioxmpp.errors.XMPPCancelError as e:
        check(e.condition == aioxmpp.errors.ErrorCondition.SERVICE_UNAVAILABLE, f'{e}')
    done('discovery, version, ping')


async def nodes(alice, bob):
    a, b, service = alice[aioxmpp.PubSubClient], bob[aioxmpp.PubSubClient], aioxmpp.JID(None, f'pubsub.{DOMAIN}', None)
    features = await a.get_features(service)
    check(aioxmpp.pubsub.xso.Feature.PUBLISH in features and aioxmpp.pubsub.xso.Feature.SUBSCRIBE in features, f'features: {features}')
    await a.create(service, 'aioxmpp')
    answer = await b.subscribe(service, 'aioxmpp')
    check(answer.payload.subscription == 'subscribed', f'{answer.payload}')
    told = next_of(b.on_item_published, lambda jid, node, item, **_: node == 'aioxmpp')
    given = await a.publish(service, 'aioxmpp', Sample('21.4'), id_='now')
    check(given == 'now', 'the id is kept')
    check((await told)[2].registered_payload.value == '21.4', 'the subscriber has it')
    items = await b.get_items(service, 'aioxmpp')
    check([i.registered_payload.value for i in items.payload.items] == ['21.4'], 'and reads it')
    form = await a.get_node_config(service, 'aioxmpp')
    form.fields.append(aioxmpp.forms.Field(var='pubsub#title', values=['Warmth'])) if 'pubsub#title' not in {f.var for f in form.fields} else None
    for field in form.fields:
        if field.var == 'pubsub#title':
            field.values[:] = ['Warmth']
    form.type_ = aioxmpp.forms.DataType.SUBMIT
    await a.set_node_config(service, form, 'aioxmpp')
    title = [f.values[:] for f in (await a.get_node_config(service, 'aioxmpp')).fields if f.var == 'pubsub#title']
    check(title == [['Warmth']], f'the title is kept: {title}')
    gone = next_of(b.on_item_retracted, lambda jid, node, id_, **_: (node, id_) == ('aioxmpp', 'now'))
    await a.retract(service, 'aioxmpp', 'now', notify=True)
    await gone
    deleted = next_of(b.on_node_deleted, lambda jid, node, **_: node == 'aioxmpp')
    await a.delete(service, 'aioxmpp')
    await deleted
    try:
        await b.get_items(service, 'aioxmpp')
        raise AssertionError('the node has gone')
    except aioxmpp.errors.XMPPCancelError as e:
        check(e.condition == aioxmpp.errors.ErrorCondition.ITEM_NOT_FOUND, f'{e}')
    done('publish-subscribe')


async def person(alice, bob):
    image = b'\x89PNG\r\n\x1a\n' + bytes(range(200))
    seen = next_of(bob[aioxmpp.AvatarService].on_metadata_changed, lambda jid, metadata: jid == alice.jid.bare() and bool(metadata))
    avatar = aioxmpp.avatar.AvatarSet()
    avatar.add_avatar_image('image/png', image_bytes=image)
    await alice[aioxmpp.AvatarService].publish_avatar_set(avatar)
    _, metadata = await seen
    check(await metadata[0].get_image_bytes() == image, 'the picture is the one that was published')
    bookmark = aioxmpp.bookmarks.Conference('A room', aioxmpp.JID.fromstr(f'room@rooms.{DOMAIN}'), nick='Al')
    await alice[aioxmpp.bookmarks.BookmarkClient].add_bookmark(bookmark)
    kept = await alice[aioxmpp.bookmarks.BookmarkClient].get_bookmarks()
    check([b.jid for b in kept] == [bookmark.jid], f'bookmarks: {kept}')
    blocking = alice[aioxmpp.BlockingClient]
    blocked = next_of(blocking.on_jids_blocked)
    await blocking.block_jids([bob.jid.bare()])
    check(bob.jid.bare() in (await blocked)[0], 'the push of the block')
    await bob.client.send(text(alice.jid, 'Hello?'))
    refused = await bob.message(lambda m: m.type_ == aioxmpp.MessageType.ERROR)
    check(refused.error.condition == aioxmpp.errors.ErrorCondition.SERVICE_UNAVAILABLE, f'{refused.error}')
    unblocked = next_of(blocking.on_jids_unblocked)
    await blocking.unblock_all()
    await unblocked
    await bob.client.send(text(alice.jid, 'Hello!'))
    check((await alice.message()).body.any() == 'Hello!', 'after that messages come')
    done('avatar, bookmarks, blocking')


async def room(alice, bob):
    a, b = alice.client.summon(aioxmpp.MUCClient), bob.client.summon(aioxmpp.MUCClient)
    address = aioxmpp.JID('greenhouse', f'rooms.{DOMAIN}', None)
    mine, entered = a.join(address, 'Al', history=aioxmpp.muc.xso.History(maxstanzas=0))
    await asyncio.wait_for(entered, WAIT)
    form = await a.get_room_config(address)
    for field in form.fields:
        if field.var == 'muc#roomconfig_roomname':
            field.values[:] = ['Greenhouse']
        if field.var == 'muc#roomconfig_persistentroom':
            field.values[:] = ['1']
    form.type_ = aioxmpp.forms.DataType.SUBMIT
    await a.set_room_config(address, form)
    info = await alice[aioxmpp.DiscoClient].query_info(address, require_fresh=True)
    check([i.name for i in info.identities if i.category == 'conference'] == ['Greenhouse'], f'{info.identities}')
    joined = next_of(mine.on_join, lambda member, **_: member.nick == 'Bo')
    his, entered = b.join(address, 'Bo')
    await asyncio.wait_for(entered, WAIT)
    await joined
    check({m.nick for m in his.members} == {'Al', 'Bo'} and mine.me.affiliation == 'owner', f'{[m.nick for m in his.members]}')
    said = next_of(his.on_message, lambda message, member, *_, **__: bool(message.body))
    mine.send_message(text(address, 'Who waters?', aioxmpp.MessageType.GROUPCHAT))
    message, member = (await said)[:2]
    check((message.body.any(), member.nick) == ('Who waters?', 'Al'), f'{message}')
    topic = next_of(his.on_topic_changed)
    await mine.set_topic({None: 'Water'})
    check((await topic)[1].any() == 'Water', 'the subject')
    renamed = next_of(mine.on_nick_changed)
    await his.set_nick('Bob')
    check((await renamed)[1:] == ('Bo', 'Bob'), 'the nickname')
    muted = next_of(his.on_muc_role_changed, lambda presence, member, **_: member.nick == 'Bob')
    await mine.muc_set_role('Bob', 'visitor')
    await muted
    check(his.me.role == 'visitor', f'{his.me.role}')
    left = next_of(mine.on_leave, lambda member, *_, **__: member.nick == 'Bob')
    await his.leave()
    await left
    await mine.leave()
    done('a room: made, configured, entered, talked in, moderated, left')


async def newcomer(alice):
    """In-band registration (XEP-0077), a new password, and leaving again."""
    layer = aioxmpp.security_layer.make(None, ssl_context_factory=trusting)
    transport, stream, _ = await aioxmpp.node.connect_xmlstream(
        aioxmpp.JID('carol', DOMAIN, None), layer, override_peer=[(HOST, int(os.environ['HUB_PORT']), aioxmpp.connector.STARTTLSConnector())])
    form = await aioxmpp.ibr.get_registration_fields(stream, timeout=WAIT)
    check({'username', 'password'} <= {name for _, name in aioxmpp.ibr.get_used_fields(form)}, f'{aioxmpp.ibr.get_used_fields(form)}')
    await aioxmpp.ibr.register(stream, aioxmpp.ibr.Query('carol', 'carol'), timeout=WAIT)
    await stream.close_and_wait()
    carol = Person('carol', 'one')
    async with carol.client.connected():
        service = carol.client.summon(aioxmpp.ibr.RegistrationService)
        info = await service.get_client_info()
        check(info.registered and info.username == 'carol', f'{info}')
        await service.change_pass('another')
    again = Person('carol', 'two', password='another')
    try:
        async with again.client.connected():
            gone = next_of(again.client.on_failure)
            await again.client.summon(aioxmpp.ibr.RegistrationService).cancel_registration()
            await gone
    except (ConnectionError, aioxmpp.errors.StreamError):
        pass  # the end of the stream may overtake the answer within the library
    late, came_in = Person('carol', 'three', password='another'), False
    try:
        async with late.client.connected():
            came_in = True
    except Exception:  # of the library's SASL
        pass
    check(not came_in, 'who is removed does not come in')
    done('registered, changed the password, removed')


async def thing(alice, bob):
    adhoc = alice[aioxmpp.AdHocClient]
    check(await adhoc.supports_commands(THING), 'the thing has commands')
    names = {item.node for item in await adhoc.get_commands(THING)}
    check({'set', 'read', 'identify'} <= names, f'commands: {names}')
    async with await adhoc.execute(THING, 'set') as session:
        form = session.first_payload
        check([f.var for f in form.fields if f.var == 'relay'] == ['relay'], 'the form has the relay')
        for field in form.fields:
            if field.var == 'relay':
                field.values[:] = ['true']
        form.type_ = aioxmpp.forms.DataType.SUBMIT
        await session.proceed(action=aioxmpp.adhoc.xso.ActionType.COMPLETE if aioxmpp.adhoc.xso.ActionType.COMPLETE in session.allowed_actions else aioxmpp.adhoc.xso.ActionType.EXECUTE, payload=form)
        check(session.status == aioxmpp.adhoc.xso.CommandStatus.COMPLETED, f'{session.status}')
        check('relay=true' in session.response.notes[0].body, f'{session.response.notes[0].body}')
    switch = Switch()
    switch.name, switch.value = 'relay', 'false'
    payload = Set()
    payload.parameters.append(switch)
    answer = await alice.ask(aioxmpp.IQ(to=THING, type_=aioxmpp.IQType.SET, payload=payload))
    check(isinstance(answer, SetResponse), f'{answer}')
    try:
        await bob.ask(aioxmpp.IQ(to=THING, type_=aioxmpp.IQType.SET, payload=payload))
        raise AssertionError('bob does not own it')
    except aioxmpp.errors.XMPPError as e:
        check(e.condition == aioxmpp.errors.ErrorCondition.FORBIDDEN, f'{e}')
    done('commands to a thing, refused to a stranger')


async def resumption(alice, bob):
    stream = alice.client.stream
    check(stream.sm_enabled and stream.sm_resumable, 'the stream is managed and can be resumed')
    suspended, resumed = next_of(alice.client.on_stream_suspended), next_of(alice.client.on_stream_resumed)
    gone = []
    alice.client.on_stream_destroyed.connect(lambda *_: gone.append('the session'))
    bob[aioxmpp.PresenceClient].on_unavailable.connect(lambda full, _: gone.append(full))
    stream._xmlstream._transport.get_extra_info('socket').shutdown(socket.SHUT_RDWR)  # as if the network were cut
    await suspended
    for i in range(20):
        await bob.client.send(text(alice.jid, f'while away {i}'))
    await resumed
    bodies = [(await alice.message()).body.any() for _ in range(20)]
    check(bodies == [f'while away {i}' for i in range(20)], f'nothing was lost, all in order: {bodies}')
    check(alice.connections == 1 and not gone, f'the same session, and nobody saw it: {gone}')
    done('resumption')


async def main():
    await untrusted()
    alice, bob, second = Person('alice', 'one'), Person('bob', 'one', direct_tls=True), Person('alice', 'two')
    online = aioxmpp.PresenceState(available=True)
    async with alice.client.connected(presence=online), bob.client.connected(presence=online), second.client.connected(presence=online):
        done('log-in by STARTTLS and by direct TLS')
        await friends(alice, bob)
        await conversation(alice, bob, second)
        await discovery(alice, bob)
        await nodes(alice, bob)
        await person(alice, bob)
        await room(alice, bob)
        await thing(alice, bob)
        await newcomer(alice)
        await resumption(alice, bob)
    print('ok', flush=True)


asyncio.get_event_loop().run_until_complete(main())
sys.stdout.flush()
os._exit(0)
