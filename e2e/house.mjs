// The house for browser tests: one demo on free ports with a data folder of its own, one
// Chromium, and what every page must keep to. run.mjs opens one for all files.

import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { chmod, mkdtemp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const axe = await readFile(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

export const password = 'relief-demo-2020';

// start starts the demo and a Chromium that any number of processes may use.
export async function start() {
  const data = await mkdtemp(join(tmpdir(), 'kopiyka-e2e-'));
  await chmod(data, 0o755); // or root's PostgreSQL could not live in it, and would stay behind elsewhere
  const [port, sandboxPort, mailPort] = [await freePort(), await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const demo = spawn(join(root, 'bin/kopiyka'), ['demo'], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: '', KOPIYKA_DATA: data, KOPIYKA_ADDR: `127.0.0.1:${port}`, KOPIYKA_SANDBOX_ADDR: `127.0.0.1:${sandboxPort}`, KOPIYKA_MAIL_ADDR: `127.0.0.1:${mailPort}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const ready = new Promise((resolve, reject) => {
    const hear = (chunk) => { said += chunk; if (said.includes(`ready ${url}`)) resolve(); };
    demo.stdout.on('data', hear);
    demo.stderr.on('data', hear);
    demo.on('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${said}`)));
  });
  const ended = new Promise((resolve) => demo.on('exit', (code) => resolve(code)));
  const server = await chromium.launchServer({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
      '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'],
  });
  await ready;
  return {
    address: { url, letters: `http://127.0.0.1:${mailPort}`, browser: server.wsEndpoint(), memory: join(data, 'e2e.json') },
    async close() {
      await server.close();
      demo.kill('SIGINT');
      const code = await ended;
      await rm(data, { recursive: true, force: true });
      assert.equal(code, 0, `the demo ended with ${code} when told to stop`);
    },
  };
}

// open comes into the house: the one that run.mjs has started for all files, or one of the
// file's own when it is run alone. Close it when done.
export async function open() {
  const own = process.env.KOPIYKA_E2E ? null : await start();
  const address = own?.address ?? JSON.parse(process.env.KOPIYKA_E2E);
  const memory = new Memory(address.memory);
  const browser = await chromium.connect(address.browser);
  return {
    url: address.url, letters: address.letters,
    visitor: (options) => visitor(browser, address.url, memory, options),
    unusedCode: (email) => memory.unusedCode(email),
    json: async (path) => (await fetch(address.url + path)).json(),
    async close() {
      await browser.close();
      await own?.close();
    },
  };
}

// Memory is what files that share a house must know of each other: who has signed in, and
// which codes were used.
class Memory {
  constructor(file) { this.file = file; }

  async read() { return JSON.parse(await readFile(this.file, 'utf8').catch(() => '{"sessions": {}, "codes": {}}')); }

  async change(how) {
    const all = await this.read();
    how(all);
    await writeFile(`${this.file}.${process.pid}`, JSON.stringify(all));
    await rename(`${this.file}.${process.pid}`, this.file);
  }

  // unusedCode is a code of one of the demo's people that was not used yet.
  async unusedCode(email) {
    const digest = createHash('sha256').update(`kopiyka demo ${email}`).digest().subarray(0, 20);
    let bits = '';
    for (const byte of digest) bits += byte.toString(2).padStart(8, '0');
    const secret = bits.match(/.{5}/g).map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[parseInt(five, 2)]).join('');
    const step = Math.max(halfMinute(), ((await this.read()).codes[email] ?? 0) + 1);
    while (step > halfMinute() + 1) await new Promise((next) => setTimeout(next, 500));
    await this.change((all) => { all.codes[email] = step; });
    return codeOf(secret, step);
  }
}

// stale is when a session is too old to be gone on with: some acts ask for who has shown
// lately who they are.
const stale = 5 * 60_000;

// visitor is a fresh browser profile: a language, a width, perhaps without JavaScript. It
// remembers every error that a page reports.
async function visitor(browser, url, memory, { locale = 'uk-UA', width = 1280, javaScriptEnabled = true, colorScheme = 'light', reducedMotion = 'no-preference', looks = false } = {}) {
  const context = await browser.newContext({ baseURL: url, locale, timezoneId: 'Europe/Kyiv', viewport: { width, height: 900 }, javaScriptEnabled, colorScheme, reducedMotion });
  if (looks) await context.addInitScript(axe); // it comes with every page, instead of being sent after each
  const page = await context.newPage();
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    // A refused form answers 4xx on purpose, and Chromium reports that as an error.
    if (message.type() === 'error' && !message.text().includes('the server responded with a status of 4')) troubles.push(message.text());
  });
  return {
    page,
    // signIn goes on with the session that somebody has, or signs in with the password and,
    // where it is asked for, a code: each is taken once, so that nobody signs in needlessly.
    async signIn(email, { anew = false } = {}) {
      const known = (await memory.read()).sessions[email];
      if (!anew && known && Date.now() - known.at < stale) {
        await context.addCookies(known.cookies);
        const answer = await page.goto('/account');
        if (new URL(page.url()).pathname === '/account') {
          await page.goto(await page.locator('.who a[href="/portal"], .who a[href="/office"]').first().getAttribute('href'));
          return answer;
        }
      }
      await page.goto('/sign-in');
      await page.fill('input[name=email]', email);
      await page.fill('input[name=password]', password);
      await page.click('main button[type=submit]');
      await page.waitForURL((at) => at.pathname !== '/sign-in');
      if (new URL(page.url()).pathname === '/sign-in/factor') {
        await page.fill('input[name=proof_code]', await memory.unusedCode(email));
        await page.click('main form[action="/sign-in/factor"] button[type=submit]');
        await page.waitForURL((at) => !at.pathname.startsWith('/sign-in'));
      }
      const cookies = (await context.cookies()).filter((c) => c.name === 'kopiyka_session');
      if (!anew) await memory.change((all) => { all.sessions[email] = { cookies, at: Date.now() }; });
    },
    async close() {
      await context.close();
      assert.deepEqual(troubles, [], 'the pages reported errors');
    },
  };
}

// keepsToTheRules asks of the page what every page owes: no accessibility violation, no
// sideways scrolling, one h1, a language. Of a page that axe.test.mjs visits by its address
// it is enough to ask for what only this state of it shows: see there.
export async function keepsToTheRules(page, name) {
  assert.deepEqual(await violations(page), [], `${name}: accessibility`);
  await fits(page, name);
}

// fits is the part of the rules that no tool is needed for.
export async function fits(page, name) {
  const { scroll, client, h1, lang } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth,
    h1: document.querySelectorAll('h1').length, lang: document.documentElement.lang,
  }));
  assert.ok(scroll <= client, `${name}: scrolls sideways, ${scroll} > ${client}`);
  assert.equal(h1, 1, `${name}: one h1`);
  assert.match(lang, /^(uk|en)$/, `${name}: a language`);
}

const everyRule = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'], preload: false };
const colours = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }, resultTypes: ['violations'], preload: false };

// violations runs axe through the browser's own protocol: the page's policy forbids eval,
// and rightly.
export async function violations(page, { coloursAlone = false } = {}) {
  if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axe);
  return page.evaluate(async (options) => {
    const { violations } = await window.axe.run(document, options);
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  }, coloursAlone ? colours : everyRule);
}

// shot keeps a picture of the page for people to look at.
export async function shot(page, name) {
  const folder = join(root, 'test-results');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

// bytesOf is a file that the browser was given.
export async function bytesOf(download) {
  const folder = await mkdtemp(join(tmpdir(), 'kopiyka-download-'));
  await download.saveAs(join(folder, 'file'));
  const bytes = await readFile(join(folder, 'file'));
  await rm(folder, { recursive: true });
  return bytes;
}

// within asks again until the claim holds, for two seconds at most.
export async function within(ms, claim) {
  const end = Date.now() + ms;
  for (;;) {
    try {
      return await claim();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((next) => setTimeout(next, 50));
    }
  }
}

// codeOf is the code of a secret (RFC 6238) in a half minute.
export function codeOf(secret, step) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of secret.replaceAll(' ', '')) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

// halfMinute is the one of now. The next one's code is taken too, an older one's is not.
export const halfMinute = () => Math.floor(Date.now() / 30_000);

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
