// In headless Chromium, on a page of the hub's own origin: strophe.js over BOSH, or converse.js as people use it. The first argument says which.
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { domain, done, fail, password, service, user } from './common.mjs';

const what = process.argv[2];
const modules = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,LocalNetworkAccessChecksWebSockets'] });
const page = await browser.newPage();
page.setDefaultTimeout(60_000); // a busy machine is no fault
const problems = [];
page.on('console', (line) => problems.push(line.text()));
page.on('pageerror', (error) => problems.push(error.message));

const pages = {
  strophe: `<!DOCTYPE html><meta charset="utf-8"><script src="/interop/strophe.js/dist/strophe.umd.min.js"></script>`,
  converse: `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><link rel="stylesheet" href="/interop/converse.js/dist/converse.min.css"><body class="converse-fullscreen"><div id="conversejs-bg"></div>
    <script type="module">import * as module from "/interop/converse.js/dist/converse.min.js"; window.converse ??= module.converse ?? module.default;</script></body></html>`,
};

// The page and the clients come from here, everything else from the hub.
await page.route(`${service}/interop/**`, async (route) => {
  const path = new URL(route.request().url()).pathname.slice('/interop/'.length);
  const file = normalize(join(modules, path));
  if (path === '') await route.fulfill({ contentType: 'text/html', body: pages[what] });
  else if (file.startsWith(modules) && existsSync(file)) await route.fulfill({ path: file });
  else await route.fulfill({ status: 404 });
});
await page.goto(`${service}/interop/`);

try {
  if (what === 'strophe') {
    const order = await page.evaluate(async ([url, jid, secret]) => {
      const S = window.strophe ?? window;
      const { Strophe, $pres, $msg } = S.Strophe ? S : window;
      const connection = new Strophe.Connection(url);
      const got = [];
      connection.addHandler((message) => { got.push(message.getElementsByTagName('body')[0]?.textContent); return true; }, null, 'message');
      const at = (wanted) => new Promise((resolve, reject) => { waiting = { wanted, resolve, reject }; });
      let waiting;
      const online = at(Strophe.Status.CONNECTED);
      connection.connect(jid, secret, (status, condition) => {
        if (status === waiting?.wanted) waiting.resolve();
        else if (status === Strophe.Status.CONNFAIL || status === Strophe.Status.AUTHFAIL) waiting?.reject(new Error(`${status} ${condition}`));
      });
      await online;
      connection.send($pres());
      for (let i = 0; i < 50; i++) connection.send($msg({ to: connection.jid, type: 'chat' }).c('body').t(`n${i} grüße <&>`));
      for (let i = 0; i < 6000 && got.length < 50; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      const end = at(Strophe.Status.DISCONNECTED);
      connection.disconnect('done');
      await end;
      return got;
    }, [`${service}/http-bind`, `${user}@${domain}`, password]);
    if (order.length !== 50 || order.some((body, i) => body !== `n${i} grüße <&>`)) throw new Error('not all, or out of order: ' + order);
    await browser.close();
    done('strophe.js bosh');
  } else {
    const transport = process.argv[3] === 'bosh' ? { bosh_service_url: `${service}/http-bind` } : { websocket_url: service.replace(/^http/, 'ws') + '/xmpp-websocket' };
    await page.waitForFunction(() => window.converse?.initialize);
    await page.evaluate(([transport, jid, secret]) => {
      window.converse.plugins.add('interop', { initialize() { this._converse.api.listen.on('connected', () => { window.interop = this._converse; }); } });
      return window.converse.initialize({ ...transport, authentication: 'login', auto_login: true, jid, password: secret, assets_path: '/interop/converse.js/dist/', view_mode: 'fullscreen', i18n: 'en',
        discover_connection_methods: false, whitelisted_plugins: ['interop'], persistent_store: 'sessionStorage', keepalive: false, muc_mention_autocomplete_min_chars: 3 });
    }, [transport, `${user}@${domain}`, password]);
    await page.waitForFunction(() => window.interop, null, { timeout: 60_000 });
    // One's own other device: a message to oneself comes back and is shown.
    await page.evaluate(async (to) => { const chat = await window.interop.api.chats.open(to); await chat.sendMessage({ body: 'seen in a browser' }); }, `${user}@${domain}`);
    await page.waitForFunction(() => document.body.innerText.includes('seen in a browser'), null, { timeout: 60_000 });
    if (process.argv[3] !== 'bosh') {
      // A room that is made by entering it: converse takes its configuration as it is, is the owner, and shows what comes back from the room.
      await page.evaluate((jid) => { window.interop.api.rooms.open(jid, { nick: 'Webster' }, true).then((room) => { window.room = room; }); }, `coven@rooms.${domain}`);
      await page.waitForFunction(() => window.room?.occupants?.models.some((occupant) => occupant.get('nick') === 'Webster' && occupant.get('role') === 'moderator' && occupant.get('affiliation') === 'owner'), null, { timeout: 60_000 });
      await page.evaluate(() => window.room.sendMessage({ body: 'said to all in a browser' }));
      await page.waitForFunction(() => document.body.innerText.includes('said to all in a browser'), null, { timeout: 60_000 });
      // Shown at once; kept when the room has reflected it with its archive's id.
      await page.waitForFunction(() => window.room.messages.models.some((message) => message.get('body') === 'said to all in a browser' && message.get(`stanza_id ${window.room.get('jid')}`)), null, { timeout: 60_000 });
    }
    await browser.close();
    done('converse.js', process.argv[3]);
  }
} catch (error) {
  await browser.close();
  fail(new Error(`${error.message}\n${problems.join('\n')}`));
}
