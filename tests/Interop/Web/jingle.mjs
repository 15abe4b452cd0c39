// Two sessions of stanza on a page in headless Chromium: a file by Jingle (XEP-0166, XEP-0234) over WebRTC. STUN and TURN servers are those that the hub tells (XEP-0215); with "relay" as the first argument
// nothing else is used, so the file goes through the TURN server that believes the hub's credentials.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { domain, done, fail, password, service, user, ws } from './common.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,LocalNetworkAccessChecksWebSockets'],
});
const page = await browser.newPage();
page.setDefaultTimeout(60_000); // a busy machine is no fault
const problems = [];
page.on('console', (line) => problems.push(line.text()));
page.on('pageerror', (error) => problems.push(error.message));

// What a module asks for, as a bundler for browsers would find it: by the field "browser" of its package.
function find(name, from) {
  const own = packageOf(from);
  const mapped = own.map[name];
  if (mapped === false) return null;
  let file = createRequire(from).resolve(mapped ? (mapped.startsWith('.') ? join(own.folder, mapped) : mapped) : isBuiltin(name) ? `${name}/` : name);
  const its = packageOf(file);
  const path = './' + relative(its.folder, file);
  const replaced = its.map[path] ?? its.map[path.replace(/(\/index)?\.js$/, '')];
  if (replaced === false) return null;
  return replaced ? createRequire(file).resolve(join(its.folder, replaced)) : file;
}

function packageOf(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) {
      const { browser: map, main = 'index.js' } = JSON.parse(readFileSync(path, 'utf8'));
      return { folder, map: typeof map === 'string' ? { ['./' + main.replace(/^\.\//, '')]: map } : map ?? {} };
    }
  }
}

await page.route(`${service}/interop/**`, async (route) => {
  const url = new URL(route.request().url());
  if (url.pathname !== '/interop/module') {
    await route.fulfill({ contentType: 'text/html', body: '<!DOCTYPE html><meta charset="utf-8">' });
    return;
  }
  try {
    const file = find(url.searchParams.get('name'), url.searchParams.get('from') || join(here, 'jingle.mjs'));
    await route.fulfill({ contentType: 'application/json', body: JSON.stringify({ file, source: file ? readFileSync(file, 'utf8') : '' }) });
  } catch (error) {
    await route.fulfill({ status: 404, body: error.message });
  }
});
await page.goto(`${service}/interop/`);

try {
  const result = await page.evaluate(async ([url, domain, jid, secret, policy]) => {
    const modules = new Map();
    const environment = { env: {}, nextTick: (what, ...rest) => queueMicrotask(() => what(...rest)) };
    window.global = window;
    function load(name, from) {
      const request = new XMLHttpRequest();
      request.open('GET', `/interop/module?name=${encodeURIComponent(name)}&from=${encodeURIComponent(from)}`, false);
      request.send();
      if (request.status !== 200) throw new Error(`${name} from ${from}: ${request.responseText}`);
      const { file, source } = JSON.parse(request.responseText);
      if (!file) return {};
      if (!modules.has(file)) {
        const module = { exports: {} };
        modules.set(file, module);
        if (file.endsWith('.json')) module.exports = JSON.parse(source);
        else new Function('module', 'exports', 'require', 'process', source)(module, module.exports, (wanted) => load(wanted, file), environment);
      }
      return modules.get(file).exports;
    }

    const { createClient } = load('stanza', '');
    async function online(resource) {
      const client = createClient({ jid, resource, password: secret, transports: { websocket: url, bosh: false }, jingle: { iceServers: [], iceTransportPolicy: policy } });
      const started = new Promise((resolve, reject) => { client.on('session:started', resolve); client.on('auth:failed', () => reject(new Error('log-in refused'))); });
      client.connect();
      await started;
      client.sendPresence();
      await client.discoverICEServers({ version: '2' });
      return client;
    }

    const alice = await online('one');
    const bob = await online('two');
    const data = new Uint8Array(400_000).map((_, i) => (i * 7919) >> 5);
    const received = new Promise((resolve, reject) => {
      bob.on('jingle:incoming', (session) => session.accept());
      bob.jingle.on('receivedFile', (session, blob, metadata) => blob.arrayBuffer().then((bytes) => resolve({ bytes: new Uint8Array(bytes), name: metadata.name })));
      alice.on('jingle:terminated', (_, reason) => reason?.condition !== 'success' && reject(new Error(JSON.stringify(reason))));
    });
    const session = alice.jingle.createFileTransferSession(bob.jid);
    session.start(new File([data], 'a picture.png'));
    const got = await received;
    alice.disconnect();
    bob.disconnect();
    return { name: got.name, same: got.bytes.length === data.length && got.bytes.every((b, i) => b === data[i]) };
  }, [ws, domain, `${user}@${domain}`, password, process.argv[2] === 'relay' ? 'relay' : 'all']);
  await browser.close();
  if (!result.same || result.name !== 'a picture.png') throw new Error('not the same file: ' + JSON.stringify(result));
  done('stanza jingle', process.argv[2]);
} catch (error) {
  await browser.close();
  fail(new Error(`${error.message}\n${problems.join('\n')}`));
}
