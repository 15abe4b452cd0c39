// strophe.js over WebSocket and BOSH, the way the first argument says.
import { $msg, $pres, $iq, Strophe } from 'strophe.js';
import { bosh, domain, done, fail, password, until, user, ws } from './common.mjs';

const way = process.argv[2];
const connection = new Strophe.Connection(way === 'bosh' ? bosh : ws);
const got = [];
let status;
connection.addHandler((message) => { got.push(message.getElementsByTagName('body')[0]?.textContent); return true; }, null, 'message');
connection.connect(`${user}@${domain}`, password, (now, condition) => {
  status = now;
  if (now === Strophe.Status.CONNFAIL || now === Strophe.Status.AUTHFAIL) fail(new Error(`${now} ${condition}`));
});
await until('connected', () => status === Strophe.Status.CONNECTED);
connection.send($pres());
connection.send($msg({ to: connection.jid, type: 'chat' }).c('body').t('grüße <&> \u{1F44B}'));
await until('the message', () => got.includes('grüße <&> \u{1F44B}'));
for (let i = 0; i < 50; i++) connection.send($msg({ to: connection.jid, type: 'chat' }).c('body').t(`n${i}`));
await until('fifty messages', () => got.length >= 51);
const order = got.slice(1).map((body) => Number(body.slice(1)));
if (order.some((n, i) => n !== i)) fail(new Error('out of order: ' + order));
await new Promise((resolve, reject) => connection.sendIQ($iq({ type: 'get' }).c('query', { xmlns: 'jabber:iq:roster' }), resolve, reject));
connection.disconnect();
await until('disconnected', () => status === Strophe.Status.DISCONNECTED);
done('strophe.js', way);
