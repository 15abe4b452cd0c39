// What every client does: log in, send itself and another one a message, get it, ask for the roster, and say "ok" as the last word.
export const service = process.env.HUB_HTTP;
export const domain = process.env.HUB_DOMAIN ?? 'hub.test';
export const [user, password] = (process.env.HUB_ACCOUNT ?? '').split(':');
export const ws = service.replace(/^http/, 'ws') + '/xmpp-websocket';
export const bosh = service + '/http-bind';

const limit = setTimeout(() => fail(new Error('not at its end after 200 s')), 200_000);

export function done(...words) {
  clearTimeout(limit);
  console.log('ok', ...words);
  process.exit(0);
}

export function fail(error) {
  console.error('failed:', error?.stack ?? error);
  process.exit(1);
}

process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

/** Waits until a function gives something. */
export async function until(what, find) {
  for (let i = 0; i < 6000; i++) {
    const found = await find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come about: ' + what);
}
