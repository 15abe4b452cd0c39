// xmpp.js (@xmpp/client) over WebSocket: SASL2 and Bind 2, stream management, resumption after the socket was cut.
import { client, xml } from '@xmpp/client';
import WebSocket from 'ws';
import { domain, done, fail, password, until, user, ws } from './common.mjs';

globalThis.WebSocket ??= WebSocket; // Node 20 has none of its own
const xmpp = client({ service: ws, domain, username: user, password });
const got = [];
xmpp.on('error', (error) => console.error('error event:', error.message));
xmpp.on('stanza', (stanza) => { if (stanza.is('message')) got.push(stanza.getChildText('body')); });
const address = await new Promise((resolve, reject) => { xmpp.on('online', resolve); xmpp.start().catch(reject); });
await xmpp.send(xml('presence'));
await xmpp.send(xml('message', { to: address.toString(), type: 'chat' }, xml('body', {}, 'grüße <&> \u{1F44B}')));
await until('the message', () => got.includes('grüße <&> \u{1F44B}'));
const roster = await xmpp.iqCaller.get(xml('query', 'jabber:iq:roster'));
if (!roster.is('query', 'jabber:iq:roster')) fail('no roster');

const { streamManagement: sm } = xmpp;
await until('stream management', () => sm.enabled && sm.id);
const resumed = new Promise((resolve) => sm.on('resumed', resolve));
xmpp.socket.socket.close(); // without <close/>: the stream is lost
await until('the loss', () => xmpp.status !== 'online');
await resumed;
await xmpp.send(xml('message', { to: address.toString(), type: 'chat' }, xml('body', {}, 'after')));
await until('the message after', () => got.includes('after'));
await xmpp.stop();
done('xmpp.js', address.resource ? 'bound' : '', 'resumed');
