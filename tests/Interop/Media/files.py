"""Moves files with slixmpp: files.py SCENARIO PORT_OF_ALICE ALICE PORT_OF_BOB BOB, JIDs with a resource, passwords are the names. Ends with 0 and says ok, or says what was not as it should be."""
import asyncio
import hashlib
import os
import sys

from slixmpp import ClientXMPP

WAIT = 60  # seconds that anything may take
FILE = os.urandom(300_000)


class Client(ClientXMPP):
    def __init__(self, jid):
        super().__init__(jid, jid.split('@')[0], plugin_config={'feature_mechanisms': {'unencrypted_scram': True}})
        self.ready = asyncio.get_event_loop().create_future()
        for plugin, config in [('xep_0030', {}), ('xep_0047', {'auto_accept': True}), ('xep_0065', {'auto_accept': True}), ('xep_0231', {})]:
            self.register_plugin(plugin, config)
        self.add_event_handler('session_start', self.begin)

    async def begin(self, _):
        self.send_presence()
        self.ready.set_result(True)

    async def online(self, port):
        self.connect(('127.0.0.1', port), force_starttls=False, disable_starttls=True)
        await asyncio.wait_for(self.ready, WAIT)
        return self

    def next(self, event):
        found = asyncio.get_event_loop().create_future()
        self.add_event_handler(event, lambda data: found.done() or found.set_result(data))
        return asyncio.wait_for(found, WAIT)


def check(is_so, what):
    if not is_so:
        raise AssertionError(what)


def same(received):
    check(hashlib.sha256(received).digest() == hashlib.sha256(FILE).digest(), f'{len(received)} bytes came of {len(FILE)}, or others')


async def in_band(alice, bob, use_messages):
    begun = bob.next('ibb_stream_start')
    stream = await alice['xep_0047'].open_stream(bob.boundjid, use_messages=use_messages)
    gathered = asyncio.ensure_future((await begun).gather(timeout=WAIT))
    await asyncio.sleep(0)
    await stream.sendall(FILE, timeout=WAIT)
    await asyncio.wait_for(stream.close(), WAIT)
    same(await gathered)


async def ibb_iq(alice, bob):
    await in_band(alice, bob, False)


async def ibb_message(alice, bob):
    await in_band(alice, bob, True)


async def socks5(alice, bob):
    proxies = await alice['xep_0065'].discover_proxies()
    check([str(jid) for jid in proxies] == ['proxy.' + alice.boundjid.domain], f'the proxy is found: {proxies}')
    received = bytearray()
    done = asyncio.get_event_loop().create_future()

    def took(data):
        received.extend(data)
        if len(received) >= len(FILE) and not done.done():
            done.set_result(True)

    bob.add_event_handler('socks5_data', took)
    ended = bob.next('socks5_closed')
    stream = await alice['xep_0065'].handshake(bob.boundjid, timeout=WAIT)
    for i in range(0, len(FILE), 65536):
        await stream.write(FILE[i:i + 65536])
    await asyncio.wait_for(done, WAIT)
    same(bytes(received))
    stream.transport.close()
    await ended


async def bits_of_binary(alice, bob):
    picture = os.urandom(6000)
    cid = await alice['xep_0231'].set_bob(picture, 'image/png')
    answer = await bob['xep_0231'].get_bob(alice.boundjid, cid, cached=False, timeout=WAIT)
    check(answer['bob']['data'] == picture, 'the picture is the same')


async def main():
    scenario, alice, bob = sys.argv[1], Client(sys.argv[3]), Client(sys.argv[5])
    await alice.online(int(sys.argv[2]))
    await bob.online(int(sys.argv[4]))
    await globals()[scenario](alice, bob)


asyncio.get_event_loop().run_until_complete(main())
print('ok', flush=True)
os._exit(0)  # what the clients still have under way is of no interest
