"""Plays one scenario with slixmpp against a hub: conversation.py SCENARIO PORT PASSWORD ALICE BOB. Ends with 0, or says what was not as it should be."""
import hashlib

from people import Client, check, play
from slixmpp.plugins.xep_0048 import Bookmarks

PLUGINS = ['xep_0030', 'xep_0049', 'xep_0048', 'xep_0054', 'xep_0060', 'xep_0115', 'xep_0163', 'xep_0084', 'xep_0153', 'xep_0191', 'xep_0199', 'xep_0280', 'xep_0297', 'xep_0313', 'xep_0359']


def person(jid, password):
    return Client(jid, password, PLUGINS)


async def archive(alice, bob, _):
    for i in range(5):
        came = bob.next('message', lambda m, i=i: m['body'] == f'message {i}')
        alice.send_message(mto=bob.boundjid, mbody=f'message {i}', mtype='chat')
        message = await came
        check(message['stanza_id']['by'] == bob.boundjid.bare and message['stanza_id']['id'], 'a delivered message has its archive id')
    bodies = [m['mam_result']['forwarded']['stanza']['body'] async for m in bob['xep_0313'].iterate(rsm={'max': 2})]
    check(bodies == [f'message {i}' for i in range(5)], f'all pages in order: {bodies}')
    bodies = [m['mam_result']['forwarded']['stanza']['body'] async for m in alice['xep_0313'].iterate(with_jid=bob.boundjid.bare, rsm={'max': 3}, reverse=True)]
    check(sorted(bodies) == [f'message {i}' for i in range(5)], f'all pages backwards: {bodies}')
    metadata = await bob['xep_0313'].get_archive_metadata()
    check(metadata['mam_metadata']['end']['id'] == message['stanza_id']['id'], 'the archive ends with the last message')
    fields = await bob['xep_0313'].get_fields()
    check({'with', 'start', 'end', 'before-id', 'after-id', 'ids'} <= set(fields['fields'] if 'fields' in fields.interfaces else fields.get_fields()), 'the form has all fields')


async def carbons(alice, bob, second):
    await second['xep_0280'].enable()
    copied = second.next('carbon_received', lambda c: c['carbon_received']['body'] == 'to you')
    bob.send_message(mto=alice.boundjid, mbody='to you', mtype='chat')
    await copied
    copied = second.next('carbon_sent', lambda c: c['carbon_sent']['body'] == 'from me')
    alice.send_message(mto=bob.boundjid, mbody='from me', mtype='chat')
    await copied


async def blocking(alice, bob, _):
    await alice['xep_0191'].get_blocked()
    pushed = alice.next('blocked')
    await alice['xep_0191'].block([bob.boundjid.bare])
    await pushed
    blocked = await alice['xep_0191'].get_blocked()
    check(bob.boundjid.bare in {str(jid) for jid in blocked['blocklist']['items']}, 'the list has who was blocked')
    refused = bob.next('message_error')
    bob.send_message(mto=alice.boundjid, mbody='hello?', mtype='chat')
    check((await refused)['error']['condition'] == 'service-unavailable', 'a message of the blocked one comes back')
    await alice['xep_0191'].unblock([bob.boundjid.bare])
    came = alice.next('message')
    bob.send_message(mto=alice.boundjid, mbody='hello!', mtype='chat')
    check((await came)['body'] == 'hello!', 'after unblocking messages come')


async def bookmarks(alice, bob, second):
    bookmarks = Bookmarks()
    bookmarks.add_conference('room@rooms.hub.test', 'Nick', name='A room', autojoin=True)
    await alice['xep_0048'].set_bookmarks(bookmarks, method='xep_0049')
    kept = await second['xep_0048'].get_bookmarks(method='xep_0049')
    rooms = [(str(c['jid']), c['name'], c['nick'], c['autojoin']) for c in kept['private']['bookmarks']['conferences']]
    check(rooms == [('room@rooms.hub.test', 'A room', 'Nick', True)], f'private XML has the room: {rooms}')
    items = await second['xep_0060'].get_items(alice.boundjid.bare, 'urn:xmpp:bookmarks:1')
    check([item['id'] for item in items['pubsub']['items']] == ['room@rooms.hub.test'], 'the node has the room')


async def vcards(alice, bob, _):
    vcard = alice['xep_0054'].make_vcard()
    vcard['FN'] = 'Alice'
    vcard['NICKNAME'] = 'Al'
    await alice['xep_0054'].publish_vcard(vcard)
    read = await bob['xep_0054'].get_vcard(jid=alice.boundjid.bare, cached=False)
    check(read['vcard_temp']['FN'] == 'Alice', 'the vCard is read by another')


async def avatars(alice, bob, _):
    image = b'\x89PNG\r\n\x1a\n' + bytes(range(200))
    name = hashlib.sha1(image).hexdigest()
    seen = bob.next('presence_available', lambda p: p['vcard_temp_update']['photo'] == name)
    subscribed = bob.next('changed_status', lambda p: p['from'].bare == alice.boundjid.bare)
    alice.send_presence_subscription(pto=bob.boundjid.bare)
    await subscribed
    vcard = alice['xep_0054'].make_vcard()
    vcard['FN'] = 'Alice'
    vcard['PHOTO']['TYPE'] = 'image/png'
    vcard['PHOTO']['BINVAL'] = image
    await alice['xep_0054'].publish_vcard(vcard)
    await seen
    data = await bob['xep_0084'].retrieve_avatar(alice.boundjid.bare, name)
    check(data['pubsub']['items']['item']['avatar_data']['value'] == image, 'the photo of the vCard is the published avatar')
    told = bob.next('avatar_metadata_publish')
    other = b'\x89PNG\r\n\x1a\n' + bytes(100)
    await alice['xep_0084'].publish_avatar(other)
    await alice['xep_0084'].publish_avatar_metadata({'id': hashlib.sha1(other).hexdigest(), 'type': 'image/png', 'bytes': len(other)})
    event = await told
    check(event['from'].bare == alice.boundjid.bare, 'contacts hear of a new avatar')
    for _ in range(50):
        read = await bob['xep_0054'].get_vcard(jid=alice.boundjid.bare, cached=False)
        if read['vcard_temp']['PHOTO']['BINVAL'] == other:
            return
        await bob['xep_0199'].ping(bob.boundjid.domain)
    raise AssertionError('the published avatar is the photo of the vCard')


play(globals(), person)
