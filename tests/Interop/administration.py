"""Plays one scenario of registration and administration with slixmpp against a hub: administration.py SCENARIO PORT ADMIN PASSWORD. Ends with 0, or says what was not as it should be."""
import asyncio
import sys

from slixmpp import ClientXMPP

WAIT = 60  # seconds that anything may take
ADMIN = 'http://jabber.org/protocol/admin'


class Client(ClientXMPP):
    def __init__(self, jid, password, *plugins):
        super().__init__(jid, password, plugin_config={'feature_mechanisms': {'unencrypted_scram': True}, 'xep_0077': {'force_registration': True}})
        self.ready = asyncio.get_event_loop().create_future()
        self.messages = asyncio.Queue()
        for plugin in ('xep_0004', 'xep_0030', 'xep_0050', 'xep_0199') + plugins:
            self.register_plugin(plugin)
        self.add_event_handler('session_start', self.begin)
        self.add_event_handler('message', self.messages.put_nowait)
        self.add_event_handler('failed_all_auth', lambda _: self.ready.done() or self.ready.set_exception(RuntimeError(f'{jid} cannot log in')))

    async def begin(self, _):
        self.send_presence()
        self.ready.set_result(True)

    async def online(self, port):
        self.connect(('127.0.0.1', port), force_starttls=False, disable_starttls=True)
        await asyncio.wait_for(self.ready, WAIT)
        return self

    async def command(self, start, **values):
        """Runs an ad-hoc command by slixmpp's own flow: start(session) begins it, values fill its form."""
        ended = asyncio.get_event_loop().create_future()

        def stage(iq, session):
            form = iq['command']['form']
            form['type'] = 'submit'
            for field, value in values.items():
                form.get_fields()[field]["value"] = value
            session['payload'] = form
            session['next'] = lambda result, _: ended.set_result(result)
            self['xep_0050'].complete_command(session)

        def failed(iq, _):
            ended.set_exception(RuntimeError(iq['error']['condition']))

        session = {'next': stage if values else lambda result, _: ended.set_result(result), 'error': failed}
        start(session=session)
        return await asyncio.wait_for(ended, WAIT)


async def register(port, boss, password):
    class Newcomer(Client):
        async def fill_in(self, form):
            iq = self.Iq()
            iq['type'] = 'set'
            iq['register']['username'] = self.boundjid.user
            iq['register']['password'] = self.password
            await iq.send()

    newcomer = Newcomer('newcomer@hub.test', 'first', 'xep_0077')
    # This slixmpp keeps every stanza back before the session, those of its own registration as well.
    newcomer._always_send_everything = True
    newcomer.add_event_handler('register', newcomer.fill_in)
    await newcomer.online(port)
    await newcomer['xep_0077'].change_password('second', jid='hub.test')
    again = await Client('newcomer@hub.test', 'second').online(port)
    gone = asyncio.get_event_loop().create_future()
    again.add_event_handler('stream_error', lambda error: gone.set_result(error['condition']))
    await newcomer['xep_0077'].cancel_registration(jid='hub.test')
    assert await asyncio.wait_for(gone, WAIT) == 'not-authorized'
    try:
        await Client('newcomer@hub.test', 'second').online(port)
    except RuntimeError:
        return
    raise AssertionError('a removed account logged in')


async def administer(port, boss, password):
    admin = await Client(boss, password, 'xep_0133').online(port)
    commands = admin['xep_0133']
    listed = await commands.get_commands(jid='hub.test')
    nodes = {node for _, node, _ in listed['disco_items']['items']}
    known = {f'{ADMIN}#{name}' for name in commands.commands}
    # What slixmpp knows and the standard does not, or not any more.
    known -= {f'{ADMIN}#{name}' for name in ('get-user-password', 'get-online-users', 'get-idle-userslist')}
    assert known <= nodes, known - nodes

    await admin.command(commands.add_user, **{'accountjid': 'made@hub.test', 'password': 'secret', 'password-verify': 'secret'})
    made = await Client('made@hub.test', 'secret').online(port)
    result = await admin.command(commands.get_online_users_num)
    assert int(result['command']['form'].get_values()['onlineusersnum']) == 2
    result = await admin.command(commands.get_registered_users_list, max_items='25')
    users = result['command']['form'].get_values()['registereduserjids']
    assert 'made@hub.test' in users, users
    result = await admin.command(commands.user_stats, accountjid='made@hub.test')
    assert result['command']['form'].get_values()['ipaddresses'] == '127.0.0.1'
    await admin.command(commands.announce, announcement='Hello\nall')
    message = await asyncio.wait_for(made.messages.get(), WAIT)
    assert message['body'] == 'Hello\nall', message
    ended = asyncio.get_event_loop().create_future()
    made.add_event_handler('disconnected', lambda _: ended.done() or ended.set_result(True))
    await admin.command(commands.disable_user, accountjids=['made@hub.test'])
    await asyncio.wait_for(ended, WAIT)
    result = await admin.command(commands.get_disabled_users_num)
    assert result['command']['form'].get_values()['disabledusersnum'] == '1'
    await admin.command(commands.delete_user, accountjids=['made@hub.test'])
    try:
        await admin.command(commands.delete_user, accountjids=['made@hub.test'])
    except RuntimeError as error:
        assert str(error) == 'item-not-found', error
    else:
        raise AssertionError('deleted twice')


async def main():
    scenario, port, boss, password = sys.argv[1:]
    await asyncio.wait_for(globals()[scenario](int(port), boss, password), 180)

asyncio.get_event_loop().run_until_complete(main())
