"""Plays one scenario of PubSub with slixmpp against a hub: pubsub.py SCENARIO PORT PASSWORD HTTP. Ends with 0, or says what was not as it should be."""
import asyncio
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0059.stanza import Set
from slixmpp.plugins.xep_0060.stanza import Pubsub
from slixmpp.xmlstream import register_stanza_plugin

WAIT = 60  # seconds that anything may take
SERVICE = 'pubsub.hub.test'
ATOM = 'http://www.w3.org/2005/Atom'
SHIM = '{http://jabber.org/protocol/shim}'


register_stanza_plugin(Pubsub, Set)  # pages within pubsub (XEP-0060 §6.5.4), which this slixmpp knows of others only


class Client(ClientXMPP):
    def __init__(self, name, password):
        super().__init__(f'{name}@hub.test/r', password, plugin_config={'feature_mechanisms': {'unencrypted_scram': True}})
        self.ready = asyncio.get_event_loop().create_future()
        self.notices = asyncio.Queue()
        for plugin in ('xep_0004', 'xep_0030', 'xep_0050', 'xep_0059', 'xep_0060', 'xep_0131', 'xep_0199'):
            self.register_plugin(plugin)
        self.pubsub = self['xep_0060']
        self.add_event_handler('session_start', self.begin)
        for event in ('publish', 'retract', 'purge', 'delete', 'config', 'subscription'):
            self.add_event_handler(f'pubsub_{event}', lambda message, event=event: self.notices.put_nowait((event, message)))

    async def begin(self, _):
        self.send_presence()
        self.ready.set_result(True)

    async def online(self, port):
        self.connect(('127.0.0.1', port), force_starttls=False, disable_starttls=True)
        await asyncio.wait_for(self.ready, WAIT)
        return self

    async def told(self, name):
        while True:
            kind, message = await asyncio.wait_for(self.notices.get(), WAIT)
            if kind == name:
                return message

    def form(self, kind, **fields):
        form = self['xep_0004'].make_form(ftype='submit')
        form.add_field('FORM_TYPE', ftype='hidden', value=f'http://jabber.org/protocol/pubsub#{kind}')
        for name, value in fields.items():
            form.add_field('pubsub#' + name.replace('__', '-'), value=value)
        return form


def check(is_so, what):
    if not is_so:
        raise AssertionError(what)


async def set_options(client, node, form):
    iq = client.make_iq_set(ito=SERVICE)  # slixmpp's own asks for them instead
    iq['pubsub']['options']['node'] = node
    iq['pubsub']['options']['jid'] = client.boundjid.bare
    iq['pubsub']['options'].xml.append(form.xml)
    await iq.send()


async def refused(request, condition):
    try:
        await request
    except IqError as error:
        check(error.condition == condition, f'{condition} and not {error.condition}')
    else:
        raise AssertionError(f'{condition} was expected')


def element(text='x', ns='urn:example:x'):
    payload = ET.Element(f'{{{ns}}}x')
    payload.text = text
    return payload


def entry(title):
    payload = ET.Element(f'{{{ATOM}}}entry')
    ET.SubElement(payload, f'{{{ATOM}}}title').text = title
    return payload


async def options(alice, bob, _):
    await alice.pubsub.create_node(SERVICE, 'feed')
    first = (await bob.pubsub.subscribe(SERVICE, 'feed'))['pubsub']['subscription']
    check(first['subscription'] == 'subscribed' and first['subid'], 'a subscription has its identifier')
    second = (await bob.pubsub.subscribe(SERVICE, 'feed', options=bob.form('subscribe_options', expire='2099-01-01T00:00:00Z')))['pubsub']['subscription']
    check(second['subid'] not in ('', first['subid']), 'other options are another subscription')
    await alice.pubsub.publish(SERVICE, 'feed', id='1', payload=element())
    message = await bob.told('publish')
    ids = {header.text for header in message.xml.iter(SHIM + 'header') if header.get('name') == 'SubID'}
    check(ids == {first['subid'], second['subid']}, f'one notification names both: {ids}')
    await refused(bob.pubsub.unsubscribe(SERVICE, 'feed'), 'bad-request')
    await bob.pubsub.unsubscribe(SERVICE, 'feed', subid=second['subid'])
    await set_options(bob, 'feed', bob.form('subscribe_options', deliver='0'))
    result = await bob.pubsub.get_subscription_options(SERVICE, 'feed', 'bob@hub.test')
    values = {field.get('var'): field.findtext('{jabber:x:data}value') for field in result.xml.iter('{jabber:x:data}field')}
    check(values['pubsub#deliver'] == '0', f'options are kept: {values}')
    await set_options(bob, 'feed', bob.form('subscribe_options', deliver='1', digest='1', digest_frequency='1000'))
    for i in range(3):
        await alice.pubsub.publish(SERVICE, 'feed', id=str(i), payload=element())
    gathered = []
    while gathered[-1:] != ['2']:
        gathered += [item.get('id') for item in (await bob.told('publish')).xml.iter('{http://jabber.org/protocol/pubsub#event}item')]
    check(gathered == ['0', '1', '2'], f'digests have all, once: {gathered}')


async def affiliations(alice, bob, _):
    await alice.pubsub.create_node(SERVICE, 'closed', config=alice.form('node_config', access_model='authorize'))
    await refused(bob.pubsub.publish(SERVICE, 'closed', payload=element()), 'forbidden')
    asked = asyncio.get_event_loop().create_future()
    alice.add_event_handler('message_xform', lambda message: asked.done() or asked.set_result(message))
    waiting = (await bob.pubsub.subscribe(SERVICE, 'closed'))['pubsub']['subscription']
    check(waiting['subscription'] == 'pending', 'an owner is to be asked')
    form = (await asyncio.wait_for(asked, WAIT))['form']
    values = form.get_values()
    check((values['pubsub#subscriber_jid'], values['pubsub#node'], values['pubsub#subid']) == ('bob@hub.test', 'closed', [waiting['subid']]), f'the form says of whom: {values}')
    answer = alice.make_message(SERVICE)
    answer.append(alice.form('subscribe_authorization', allow='true', node='closed', subscriber_jid='bob@hub.test', subid=waiting['subid']))
    answer.send()
    check((await bob.told('subscription'))['pubsub_event']['subscription']['subscription'] == 'subscribed', 'the subscriber is told')
    await alice.pubsub.modify_affiliations(SERVICE, 'closed', [('bob@hub.test', 'publisher')])
    await bob.pubsub.publish(SERVICE, 'closed', id='b', payload=element())
    check((await bob.told('publish'))['pubsub_event']['items']['node'] == 'closed', 'one hears of what one publishes')
    known = {a['jid'].bare: a['affiliation'] for a in (await alice.pubsub.get_node_affiliations(SERVICE, 'closed'))['pubsub_owner']['affiliations']}
    check(known == {'alice@hub.test': 'owner', 'bob@hub.test': 'publisher'}, f'both are listed: {known}')
    await refused(alice.pubsub.modify_affiliations(SERVICE, 'closed', [('alice@hub.test', 'none')]), 'not-acceptable')
    await alice.pubsub.modify_affiliations(SERVICE, 'closed', [('bob@hub.test', 'outcast')])
    check((await bob.told('subscription'))['pubsub_event']['subscription']['subscription'] == 'none', 'an outcast loses its subscription')
    await refused(bob.pubsub.get_items(SERVICE, 'closed'), 'forbidden')


async def collections(alice, bob, _):
    await alice.pubsub.create_node(SERVICE, 'blogs', config=alice.form('node_config', node_type='collection'))
    await alice.pubsub.create_node(SERVICE, 'musings', config=alice.form('node_config', collection='blogs'))
    await bob.pubsub.subscribe(SERVICE, 'blogs', options=bob.form('subscribe_options', subscription_type='items', subscription_depth='all'))
    await alice.pubsub.publish(SERVICE, 'musings', id='1', payload=element())
    message = await bob.told('publish')
    headers = {header.get('name'): header.text for header in message.xml.iter(SHIM + 'header')}
    check(message['pubsub_event']['items']['node'] == 'musings' and headers == {'Collection': 'blogs'}, f'it comes by the collection: {headers}')
    items = (await bob.pubsub.get_nodes(jid=SERVICE, node='blogs'))['disco_items']['items']
    check({node for _, node, _ in items} == {'musings'}, f'the collection is discovered: {items}')
    config = (await alice.pubsub.get_node_config(SERVICE, 'blogs'))['pubsub_owner']['configure']['form'].get_values()
    check(config['pubsub#node_type'] == 'collection' and 'musings' in str(config['pubsub#children']), f'it knows its children: {config}')
    await refused(alice.pubsub.publish(SERVICE, 'blogs', payload=element()), 'feature-not-implemented')


async def pages(alice, bob, _):
    await alice.pubsub.create_node(SERVICE, 'pages', config=alice.form('node_config', max_items='max'))
    for i in range(25):
        await alice.pubsub.publish(SERVICE, 'pages', id=f'i{i}', payload=element(str(i)))
    found = []
    async for page in bob.pubsub.get_items(SERVICE, 'pages', iterator=True):
        found += [item['id'] for item in page['pubsub']['items']]
    check(found == [f'i{i}' for i in range(25)], f'all pages in order: {found}')
    newest = (await bob.pubsub.get_items(SERVICE, 'pages', max_items=2))['pubsub']['items']
    check([item['id'] for item in newest] == ['i23', 'i24'], 'the newest')
    some = (await bob.pubsub.get_items(SERVICE, 'pages', item_ids=['i3', 'i1']))['pubsub']['items']
    check([item['id'] for item in some] == ['i3', 'i1'], 'by their ids')
    await bob.pubsub.subscribe(SERVICE, 'pages')
    await alice.pubsub.retract(SERVICE, 'pages', 'i3', notify=True)
    await bob.told('retract')
    await alice.pubsub.purge(SERVICE, 'pages')
    await bob.told('purge')
    await alice.pubsub.delete_node(SERVICE, 'pages')
    await bob.told('delete')
    await refused(bob.pubsub.get_items(SERVICE, 'pages'), 'item-not-found')


async def feed(alice, bob, http):
    await alice.pubsub.create_node(SERVICE, 'news', config=alice.form('node_config', title='The <news> & more', type=ATOM))
    for i in range(60):
        await alice.pubsub.publish(SERVICE, 'news', id=f'n{i}', payload=entry(f'Title {i} <&>'))

    def read(url):
        with urllib.request.urlopen(url, timeout=WAIT) as answer:
            check(answer.headers['Content-Type'] == 'application/atom+xml; charset=utf-8', 'it is Atom')
            return ET.fromstring(answer.read()), answer.headers['ETag']

    def text(of, name):
        return of.findtext(f'{{{ATOM}}}{name}')

    url, titles, ids = f'{http}/pubsub/feed/news', [], set()
    document, tag = await asyncio.to_thread(read, url)
    check(text(document, 'title') == 'The <news> & more', 'the feed has the title of the node')
    check(text(document, 'id') and text(document, 'updated') and document.find(f'{{{ATOM}}}author') is not None, 'RFC 4287 §4.1.1')
    while document is not None:
        for one in document.findall(f'{{{ATOM}}}entry'):
            check(text(one, 'id') and text(one, 'updated') and text(one, 'title'), 'RFC 4287 §4.1.2')
            titles.append(text(one, 'title'))
            ids.add(text(one, 'id'))
        following = [link.get('href') for link in document.findall(f'{{{ATOM}}}link') if link.get('rel') == 'next']
        document = (await asyncio.to_thread(read, following[0]))[0] if following else None
    check(titles == [f'Title {i} <&>' for i in reversed(range(60))] and len(ids) == 60, f'all entries, the newest first: {titles}')
    try:
        await asyncio.to_thread(urllib.request.urlopen, urllib.request.Request(url, headers={'If-None-Match': tag}), None, WAIT)
    except urllib.error.HTTPError as error:
        check(error.code == 304, f'304 and not {error.code}')
    else:
        raise AssertionError('what is known is not sent again')


async def main():
    scenario, port, password, http = sys.argv[1:]
    alice = await Client('alice', password).online(int(port))
    bob = await Client('bob', password).online(int(port))
    await asyncio.wait_for(globals()[scenario](alice, bob, http), 90)

asyncio.get_event_loop().run_until_complete(main())
