"""What the scenarios with slixmpp share: a client that can be waited for, and how a scenario is played."""
import asyncio
import os
import sys

from slixmpp import ClientXMPP

WAIT = 60  # seconds that anything may take


class Client(ClientXMPP):
    def __init__(self, jid, password, plugins):
        super().__init__(jid, password, plugin_config={'feature_mechanisms': {'unencrypted_scram': True}})
        self.ready = asyncio.get_event_loop().create_future()
        for plugin in plugins:
            self.register_plugin(plugin)
        self.add_event_handler('session_start', self.begin)

    async def begin(self, _):
        self.send_presence()
        await self.get_roster()
        self.ready.set_result(True)

    async def online(self, port):
        self.connect(('127.0.0.1', port), force_starttls=False, disable_starttls=True)
        await asyncio.wait_for(self.ready, WAIT)
        return self

    def next(self, event, condition=lambda _: True):
        """The next event of that name that the condition is true of."""
        found = asyncio.get_event_loop().create_future()

        def look(data):
            if not found.done() and condition(data):
                found.set_result(data)

        self.add_event_handler(event, look)
        return asyncio.wait_for(found, WAIT)


def check(is_so, what):
    if not is_so:
        raise AssertionError(what)


def play(scenarios, client):
    """Plays SCENARIO PORT PASSWORD ALICE BOB: alice, bob and a second client of alice's go online, and the scenario of that name gets them."""
    async def main():
        scenario, port, password, alice, bob = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
        clients = [client(f'{alice}@hub.test/one', password), client(f'{bob}@hub.test/one', password), client(f'{alice}@hub.test/two', password)]
        for one in clients:
            await one.online(port)
        await scenarios[scenario](*clients)

    asyncio.get_event_loop().run_until_complete(main())
    print('ok', flush=True)
    os._exit(0)  # what the clients still have under way is of no interest
