// stanza over WebSocket and BOSH, found by host-meta.
import { createClient } from 'stanza';
import { bosh, domain, done, fail, password, until, user, ws } from './common.mjs';

const way = process.argv[2];
const client = createClient({ jid: `${user}@${domain}`, password, transports: way === 'bosh' ? { bosh, websocket: false } : { websocket: ws, bosh: false } });
const got = [];
client.on('message', (message) => got.push(message.body));
client.on('auth:failed', () => fail(new Error('log-in refused')));
const started = new Promise((resolve) => client.on('session:started', resolve));
client.connect();
await started;
await client.getRoster();
client.sendPresence();
client.sendMessage({ to: client.jid, type: 'chat', body: 'grüße <&> \u{1F44B}' });
await until('the message', () => got.includes('grüße <&> \u{1F44B}'));
const found = await client.getDiscoInfo(`upload.${domain}`);
if (!found.features.includes('urn:xmpp:http:upload:0')) fail(new Error('no upload service'));
const slot = await client.getUploadSlot(`upload.${domain}`, { name: 'a.txt', size: 5, mediaType: 'text/plain' });
const put = await fetch(slot.upload.url, { method: 'PUT', body: 'hello', headers: { 'Content-Type': 'text/plain' } });
if (put.status !== 201) fail(new Error(`PUT: ${put.status}`));
const text = await (await fetch(slot.download)).text();
if (text !== 'hello') fail(new Error(`GET: ${text}`));
// Over BOSH it sends one more request behind its terminate, and then does not always say that it is disconnected.
const ended = new Promise((resolve) => { client.on('disconnected', resolve); client.on('bosh:terminate', resolve); });
client.disconnect();
await ended;
done('stanza', way, 'uploaded');
