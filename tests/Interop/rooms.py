"""Plays one scenario in rooms with slixmpp against a hub: rooms.py SCENARIO PORT PASSWORD ALICE BOB. Ends with 0, or says what was not as it should be."""
from people import WAIT, Client, check, play
from slixmpp import JID
from slixmpp.exceptions import IqError, PresenceError

PLUGINS = ['xep_0004', 'xep_0030', 'xep_0045', 'xep_0054', 'xep_0059', 'xep_0092', 'xep_0199', 'xep_0203', 'xep_0249', 'xep_0297', 'xep_0313', 'xep_0359']
ROOM = JID('coven@rooms.hub.test')


class Person(Client):
    def __init__(self, jid, password):
        super().__init__(jid, password, PLUGINS)
        self.muc = self['xep_0045']

    async def join(self, nick, **more):
        return await self.muc.join_muc_wait(ROOM, nick, timeout=WAIT, **more)


async def configure(client, **values):
    form = await client.muc.get_room_config(ROOM)
    for name, value in values.items():
        form.get_fields()['muc#roomconfig_' + name]['value'] = value
    await client.muc.set_room_config(ROOM, form)


async def made(alice, **values):
    presence, subject, occupants, history = await alice.join('Alice')
    check({110, 201} <= presence['muc']['status_codes'], f"a new room says so: {presence['muc']['status_codes']}")
    check(presence['muc']['affiliation'] == 'owner' and presence['muc']['role'] == 'moderator', 'its creator owns it')
    await configure(alice, **values)


async def refused(condition, awaitable):
    try:
        await awaitable
    except (IqError, PresenceError) as error:
        got = error.iq['error']['condition'] if isinstance(error, IqError) else error.presence['error']['condition']
        check(got == condition, f'{condition}, not {got}')
        return
    raise AssertionError(f'{condition} was expected')


async def talk(alice, bob, _):
    await made(alice, roomname='A Dark Cave')
    seen = alice.next(f'muc::{ROOM}::got_online', lambda p: p['muc']['nick'] == 'Bob')
    presence, subject, occupants, history = await bob.join('Bob')
    check([o['muc']['nick'] for o in occupants if o['muc']['nick'] != 'Bob'] == ['Alice'], 'who enters is told who is there')
    check((await seen)['muc']['jid'] == bob.boundjid, 'an owner sees the real JID')
    heard = bob.next('groupchat_message', lambda m: m['body'] == 'Grüße')
    alice.send_message(mto=ROOM, mbody='Grüße', mtype='groupchat')
    message = await heard
    check(message['mucnick'] == 'Alice' and message['stanza_id']['by'] == ROOM, 'a message is from an occupant, with the id of the archive')
    told = bob.next('groupchat_subject', lambda m: m['subject'] == 'Spells')
    alice.muc.set_subject(ROOM, 'Spells')
    await told
    private = alice.next('message', lambda m: m['body'] == 'psst')
    bob.send_message(mto=f'{ROOM}/Alice', mbody='psst', mtype='chat')
    check((await private)['from'] == f'{ROOM}/Bob', 'a private message comes from the occupant')
    version = await bob['xep_0092'].get_version(f'{ROOM}/Alice')
    check(version['software_version']['name'] is not None, 'a request reaches the client of an occupant')
    renamed = alice.next(f'muc::{ROOM}::got_online', lambda p: p['muc']['nick'] == 'Robert')
    bob.send_presence(pto=f'{ROOM}/Robert')
    await renamed
    left = alice.next(f'muc::{ROOM}::got_offline', lambda p: p['muc']['nick'] == 'Robert')
    bob.muc.leave_muc(ROOM, 'Robert')
    await left
    _, subject, _, history = await bob.join('Bob')
    check([m['body'] for m in history] == ['Grüße'] and subject['subject'] == 'Spells', f'who comes again is told what was said: {history}')


async def moderate(alice, bob, _):
    await made(alice, membersonly=True, persistentroom=True, roomname='A Dark Cave', whois='anyone')
    await refused('registration-required', bob.join('Bob'))
    bob.muc.rooms.pop(ROOM)  # slixmpp keeps a room that it could not enter, and then tells of no invitation to it
    invited = bob.next('groupchat_invite')
    await alice.muc.set_affiliation(ROOM, 'member', jid=JID(bob.boundjid.bare))
    check((await invited)['from'] == ROOM, 'a new member is invited')
    members = await alice.muc.get_affiliation_list(ROOM, 'member')
    check([str(m) for m in members] == [bob.boundjid.bare], f'the list of members has him: {members}')
    await bob.join('Bob')
    changed = bob.next('groupchat_presence', lambda p: p['muc']['role'] == 'moderator' and p['muc']['nick'] == 'Bob')
    await alice.muc.set_role(ROOM, 'Bob', 'moderator')
    await changed
    kicked = bob.next('groupchat_presence', lambda p: p['type'] == 'unavailable' and 307 in p['muc']['status_codes'])
    await alice.muc.set_role(ROOM, 'Bob', 'none', reason='enough')
    await kicked
    await bob.join('Bob')
    await refused('forbidden', bob.muc.set_affiliation(ROOM, 'outcast', jid=JID(alice.boundjid.bare)))
    banned = bob.next('groupchat_presence', lambda p: p['type'] == 'unavailable' and 301 in p['muc']['status_codes'])
    await alice.muc.set_affiliation(ROOM, 'outcast', jid=JID(bob.boundjid.bare))
    await banned
    await refused('forbidden', bob.join('Bob'))
    info = await bob['xep_0030'].get_info(ROOM)
    check({'muc_membersonly', 'muc_persistent', 'muc_nonanonymous', 'urn:xmpp:mam:2', 'urn:xmpp:occupant-id:0'} <= info['disco_info']['features'], f"the room says what it is: {info['disco_info']['features']}")
    ended = alice.next('groupchat_presence', lambda p: p['type'] == 'unavailable' and 110 in p['muc']['status_codes'])
    await alice.muc.destroy(ROOM, 'over')
    await ended
    await refused('item-not-found', bob['xep_0030'].get_info(ROOM))


async def archive(alice, bob, second):
    await made(alice)
    await bob.join('Bob')
    for i in range(7):
        heard = bob.next('groupchat_message', lambda m, i=i: m['body'] == f'message {i}')
        alice.send_message(mto=ROOM, mbody=f'message {i}', mtype='groupchat')
        await heard
    found = [m['mam_result']['forwarded']['stanza']['body'] async for m in second['xep_0313'].iterate(ROOM, rsm={'max': 3})]
    check(found == [f'message {i}' for i in range(7)], f'all pages of the archive of a room: {found}')
    _, _, _, history = await second.join('Other', maxstanzas=2)
    check([m['body'] for m in history] == ['message 5', 'message 6'], f'the history that was asked for: {[m["body"] for m in history]}')
    await alice['xep_0199'].ping(f'{ROOM}/Alice')
    rooms = await bob['xep_0030'].get_items('rooms.hub.test')
    check(str(ROOM) in [str(item[0]) for item in rooms['disco_items']['items']], 'the room is listed')


play(globals(), Person)
