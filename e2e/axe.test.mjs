// Every page of every door, as somebody who may see it, in both languages, light and dark,
// wide and narrow: axe finds nothing, and nothing scrolls sideways. pages.json names them;
// a Go test keeps it equal to the program's own list of addresses.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fits, open, shot, violations, within } from './house.mjs';

const { pages } = JSON.parse(await readFile(new URL('./pages.json', import.meta.url), 'utf8'));

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

// strangers look without signing in.
const strangers = ['nobody', "a letter's reader"];

// Addresses that nobody is led to by a link, and what a page's address lacks.
const beginnings = {
  nobody: ['/uk/', '/uk/apply/sent', '/sign-in', '/sign-in/reset'],
  company: ['/account', '/account/password', '/account/passkeys/new', '/account/authenticator', '/sign-in/factor', '/portal', '/portal/pledges/new'],
  coordinator: ['/office', '/office/campaigns/new', '/office/company-files/new', '/office/statements/new', '/office/members', '/office/alarms?state=all', '/office/inbox?state=done', '/office/refunds?state=all',
    '/office/write-offs?state=all', '/office/allocations?state=decided', '/office/applications?state=all', '/office/unmatched'],
  approver: ['/office', '/office/allocations', '/office/refunds', '/office/write-offs'],
  admin: ['/office', '/office/people', '/office/audit'],
};

// pattern is what addresses of a page look like.
const pattern = (path) => new RegExp(`^${path.replaceAll('.', '\\.').replace('/:lang', '/uk').replace(/:(year)/g, '\\d{4}').replace(/:id/g, '(?!new\\b)[^/?.]+').replace(/:\w+/g, '(?!new\\b)[^/?.]+')}$`);

// wanted is a page's address with what it cannot be without.
const wanted = { '/portal/pledges/new': '/portal/pledges/new?campaign=axe', '/:lang/campaigns/:slug/donors': '/uk/campaigns/it4life/donors', '/:lang/campaigns/:slug': '/uk/campaigns/it4life' };

// prepare makes what a fresh demonstration has not: a draft and an open campaign, an
// earmarked pledge, and whatever waits for a second person.
async function prepare() {
  const coordinator = await house.visitor({ locale: 'en-GB' });
  await coordinator.signIn('coordinator@demo.test');
  const { page } = coordinator;
  const send = async () => { await page.locator('main form button[type=submit]').first().click(); await page.waitForLoadState(); };
  const fill = async (fields) => { for (const [name, value] of Object.entries(fields)) await page.fill(`main [name=${name}]`, value); };
  for (const title of ['Axe draft', 'Axe']) {
    await page.goto('/office/campaigns/new');
    await fill({ title_uk: `Сокира: ${title}`, title_en: title, summary_uk: 'Коротко', summary_en: 'In short', goal: '1000' });
    await page.selectOption('main [name=currency]', 'USD');
    await send();
    const at = new URL(page.url()).pathname;
    await page.goto(`${at}/texts`);
    await fill({ story_uk: '## Заголовок\n\nРозповідь', story_en: '## Heading\n\nA story' });
    await send();
    for (const purpose of ['Hospitals', 'Houses']) {
      await page.goto(`${at}/purposes/new`);
      await fill({ title_uk: purpose, title_en: purpose });
      await send();
      await page.locator('main a[href$="/needs/new"]').last().click();
      for (const item of ['Beds', 'Lamps']) {
        await page.waitForURL(/needs\/new$/);
        const form = page.url();
        await fill({ item_uk: item, item_en: item, quantity: '7', unit_uk: 'шт.', unit_en: 'pcs' });
        await send();
        if (item === 'Beds') await page.goto(form);
      }
    }
  }
  await page.click('form[action$="/open"] button');
  await page.waitForURL(/notice=opened/);
  await page.goto('/office/campaigns/axe/join');
  await page.selectOption('main select[name=cluster]', { label: 'Mariupol IT Cluster' });
  await send();

  const company = await house.visitor({ locale: 'en-GB' });
  await company.signIn('company@demo.test');
  await company.page.goto('/portal/pledges/new?campaign=axe');
  await company.page.fill('input[name=amount]', '100');
  await company.page.check('input[name=when][value=now]');
  await company.page.selectOption('select[name=purpose]', { index: 1 });
  await company.page.click('main form button[type=submit]');
  await company.page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
  const pledge = new URL(company.page.url()).pathname;
  await company.page.click('#pay button.button');
  await company.page.waitForURL(/\/c\/pay\//);
  const sandbox = new URL(company.page.url()).origin;
  for (const [name, value] of [['number', '4242 4242 4242 4242'], ['expiry', '12 / 34'], ['cvc', '123'], ['name', 'Iryna']]) await company.page.fill(`input[name=${name}]`, value);
  await company.page.click('main form button[type=submit]');
  await company.page.waitForURL(/\/return/);
  const returned = new URL(company.page.url()).pathname;
  await within(10_000, async () => {
    await company.page.goto(pledge);
    assert.equal(await company.page.locator('#pay').count(), 0);
  });
  // A second one stays unpaid: it can be amended, cancelled, corrected and written off.
  await company.page.goto('/portal/pledges/new?campaign=axe');
  await company.page.fill('input[name=amount]', '50');
  await company.page.check('input[name=when][value=now]');
  await company.page.click('main form button[type=submit]');
  await company.page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
  const unpaid = new URL(company.page.url()).pathname;
  await company.close();

  await page.goto(`${unpaid.replace('/portal', '/office')}/write-off`);
  await page.locator('input[name^=part-]').first().fill('20');
  await page.check('input[name=code][value=cannot-pay]');
  await fill({ reason: 'A letter' });
  await send();
  await page.goto('/office/campaigns/axe/allocations/new');
  await page.locator('[name=purpose]').first().check().catch(() => page.selectOption('select[name=purpose]', { index: 1 }));
  await fill({ amount: '1', reason: 'Beds' });
  await send();
  await page.goto('/office/company-files/new');
  await page.setInputFiles('input[type=file]', { name: 'c.csv', mimeType: 'text/csv', buffer: Buffer.from('name_uk;official_id;since\nСокира;;2020-03-01\n') });
  await send();
  await page.waitForURL(/\/office\/company-files\/[0-9a-f-]{36}/);
  const file = new URL(page.url()).pathname;
  await page.goto('/office/statements/new');
  await page.setInputFiles('input[name=file]', { name: 's.csv', mimeType: 'text/csv', buffer: Buffer.from('Date,Amount,Currency,Name,Details,Transaction ID\n2024-12-01,1.00,USD,Somebody,axe,A-1\n') });
  await fill({ columns: 'english' });
  await send();
  await page.waitForURL(/\/office\/statements\/[0-9a-f-]{36}/);
  await page.goto('/office/payments?campaign=axe');
  await page.goto(`${await page.locator('main tbody th a').first().getAttribute('href')}/refund`);
  await fill({ amount: '1', reason: 'Twice' });
  await send();

  // The card network warns of the payment: an alarm.
  await page.goto(`${sandbox}/desk?lang=en`);
  await page.locator('a[href^="/desk/payments/"]').first().click();
  await page.locator('form[action$="/warn"] button, form[action*="/warn"] button').first().click();
  await within(10_000, async () => {
    await page.goto('/office/alarms');
    assert.ok(await page.locator('main tbody th a').count() > 0, 'no alarm yet');
  });

  await page.goto('/en/clusters/kharkiv-it-cluster');
  await page.click('aside[aria-labelledby=apply] a');
  await page.waitForURL(/\/apply/);
  await fill({ name_uk: 'Сокира', person_name: 'Оксана Гончар', email: 'axe@weaving.test' });
  await send();
  await page.waitForURL(/\/apply\/sent$/);
  await page.goto((await linksInLetters({ '/applications/:token': 'axe@weaving.test' }))['/applications/:token']);
  await send();
  await coordinator.close();
  return { paid: pledge, unpaid, returned, file };
}

// linksInLetters waits for letters to those who are named and returns the link in each, by the
// page that it leads to. Of one that anybody may have got, no reader is named.
async function linksInLetters(readers) {
  const links = {}, read = new Set();
  await within(60_000, async () => {
    const list = await (await fetch(`${house.letters}/?lang=en`)).text();
    for (const row of list.split('<tr')) {
      const letter = row.match(/href="(\/letters\/[^"?]+)/)?.[1];
      if (!letter || read.has(letter)) continue;
      read.add(letter);
      const text = await (await fetch(house.letters + letter)).text();
      for (const [path, reader] of Object.entries(readers)) {
        const link = text.match(new RegExp(`${house.url}(${path.replace(':token', '[\\w-]+')})`));
        if (link && (!reader || row.includes(reader))) links[path] ??= link[1];
      }
    }
    assert.deepEqual(Object.keys(readers).filter((path) => !links[path]), [], 'no such letter yet');
  });
  return links;
}

// fromLetters asks for a letter of each kind that holds a link, and finds the reminders and
// digests that the demonstration has written.
async function fromLetters() {
  const visitor = await house.visitor({ locale: 'en-GB' });
  const { page } = visitor;
  await page.goto('/sign-in/reset');
  await page.fill('main input[name=email]', 'company@demo.test');
  await page.click('main form button[type=submit]');
  await page.goto('/en/clusters/kharkiv-it-cluster');
  await page.click('aside[aria-labelledby=apply] a');
  await page.waitForURL(/\/apply/);
  for (const [name, value] of [['name_uk', 'Обух'], ['person_name', 'Ольга Гончар'], ['email', 'obukh@weaving.test']]) await page.fill(`main [name=${name}]`, value);
  await page.locator('main form button[type=submit]').first().click();
  await page.waitForURL(/\/apply\/sent$/);
  await visitor.signIn('company@demo.test');
  await page.goto('/portal/companies/ganok-soft/team');
  await page.fill('main input[name=name]', 'Ірина Сокира');
  await page.fill('main input[name=email]', 'invited@axe.test');
  await page.locator('main form:has(input[name=email]) button[type=submit]').click();
  await page.waitForURL(/notice=/);
  await visitor.close();

  // Somebody's letters come back, so that the address is asked whether it answers.
  const reader = await house.visitor({ locale: 'en-GB' });
  await reader.signIn('coordinator@demo.test');
  await reader.page.goto('/office/letters?state=sent&q=coordinator@demo.test');
  await reader.page.locator('tbody a[href^="/office/letters/"]').first().click();
  await reader.page.fill('main textarea[name=reason]', '550 no such mailbox');
  await reader.page.click('main form[action$="/bounced"] button');
  await reader.page.waitForURL(/notice=bounced$/);
  await reader.page.goto('/account/letters');
  await reader.page.click('form[action="/account/letters/address"] button');
  await reader.page.waitForURL(/notice=address-asked$/);
  await reader.close();
  return linksInLetters({
    '/addresses/:token': '', '/applications/:token': 'obukh@weaving.test', '/invitations/:token': 'invited@axe.test',
    '/letters/:token': '', '/reminders/:token': '', '/sign-in/reset/:token': '',
  });
}

// found is an address of every page, by person: those that are led to from page to page.
async function found(who, visitor, made) {
  const at = new Map(), missing = new Set(pages[who]);
  const queue = [...beginnings[who] ?? [], ...pages[who].filter((path) => !path.includes(':'))];
  const seen = new Set();
  const take = (address) => {
    const path = address.split(/[?#]/)[0];
    for (const one of missing) {
      if (!pattern(one).test(path) || (one !== path && pages[who].includes(path))) continue; // /letters/templates is no letter
      at.set(one, path);
      missing.delete(one);
      queue.push(address);
    }
  };
  for (const one of pages[who]) if (wanted[one] ?? made[one]) { at.set(one, wanted[one] ?? made[one]); missing.delete(one); queue.push(at.get(one)); }
  while (queue.length > 0 && missing.size > 0) {
    const address = queue.shift();
    if (seen.has(address)) continue;
    seen.add(address);
    const answer = await visitor.page.request.get(address, { maxRedirects: 5 });
    take(address);
    if (!answer.headers()['content-type']?.includes('text/html')) continue;
    for (const [, href] of (await answer.text()).matchAll(/(?:href|action)="(\/[^"]*)"/g)) take(href.replaceAll('&amp;', '&'));
  }
  return { at, missing: [...missing] };
}

// looks are the ways in which each page is looked at: two visits, each light and then dark.
// Without motion: in the midst of a change of colour no contrast is what it will be.
const looks = [{ locale: 'uk-UA', width: 1280, beside: 390, reducedMotion: 'reduce' }, { locale: 'en-GB', width: 390, beside: 1280, reducedMotion: 'reduce' }];

async function look(page, name, address, { locale, width, beside }) {
  const lang = locale.slice(0, 2);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width, height: 900 });
  const answer = await page.goto(address.replace(/^\/uk\//, `/${lang}/`));
  const what = `${name} (${address}) ${lang} ${width}`;
  const wrong = [];
  if (answer.status() >= 400 && answer.status() !== 409) wrong.push(`${what}: ${answer.status()}`);
  for (const v of await violations(page)) wrong.push(`${what}: ${v}`);
  await fits(page, what).catch((error) => wrong.push(error.message));
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const v of await violations(page, { coloursAlone: true })) wrong.push(`${what}, dark: ${v}`);
  await page.setViewportSize({ width: beside, height: 900 });
  await fits(page, `${name} ${lang} ${beside}`).catch((error) => wrong.push(error.message));
  if (process.env.KOPIYKA_SHOTS) { await page.emulateMedia({ colorScheme: 'light' }); await page.setViewportSize({ width, height: 900 }); await shot(page, `axe${name.replace(/\W+/g, '-')}-${width}-${lang}`); }
  return wrong;
}

test('axe finds nothing on any page of any door, in both languages, in light and dark', async () => {
  const { paid, unpaid, returned, file } = await prepare();
  const links = await fromLetters();
  const made = {
    ...links,
    '/portal/pledges/:id': unpaid, '/portal/pledges/:id/amend': `${unpaid}/amend`, '/portal/pledges/:id/cancel': `${unpaid}/cancel`, '/portal/pledges/:id/history': `${unpaid}/history`, '/portal/pledges/:id/release': `${paid}/release`,
    '/portal/payments/:id/return': returned, '/office/pledges/:id/correct': `${unpaid.replace('portal', 'office')}/correct`, '/office/pledges/:id/write-off': `${unpaid.replace('portal', 'office')}/write-off`,
    '/office/company-files/:id': file, '/office/campaigns/:slug': '/office/campaigns/axe', '/office/campaigns/:slug/goal': '/office/campaigns/axe/goal', '/office/campaigns/:slug/leave': '/office/campaigns/axe/leave', '/office/campaigns/:slug/discard': '/office/campaigns/axe-draft/discard', '/office/campaigns/:slug/preview': '/office/campaigns/axe-draft/preview',
    '/office/campaigns/:slug/purposes/new': '/office/campaigns/axe-draft/purposes/new', '/office/campaigns/:slug/terms': '/office/campaigns/axe-draft/terms',
  };
  const jobs = [];
  for (const who of Object.keys(pages)) {
    const visitor = await house.visitor();
    if (!strangers.includes(who)) await visitor.signIn(`${who}@demo.test`);
    const { at, missing } = await found(who, visitor, made);
    await visitor.close();
    assert.deepEqual(missing, [], `pages of ${who} that nothing leads to`);
    for (const size of looks) jobs.push({ who, size, at: [...at] });
  }
  // Several profiles side by side, each with its own share of the pages.
  const wrong = [];
  const shares = jobs.flatMap(({ who, size, at }) => {
    const half = Math.ceil(at.length / (at.length > 30 ? 2 : 1));
    return [at.slice(0, half), at.slice(half)].filter((part) => part.length > 0).map((part) => ({ who, size, at: part }));
  });
  const worker = async () => {
    for (let share = shares.shift(); share; share = shares.shift()) {
      const visitor = await house.visitor({ ...share.size, looks: true });
      if (!strangers.includes(share.who)) await visitor.signIn(`${share.who}@demo.test`);
      for (const [name, address] of share.at) wrong.push(...await look(visitor.page, name, address, share.size));
      await visitor.close();
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  assert.deepEqual(wrong, []);

  // The address answers again, for those who come after.
  const reader = await house.visitor();
  await reader.page.goto(links['/addresses/:token']);
  await reader.page.click('main form button[type=submit]');
  await reader.page.waitForSelector('[role=status]');
  await reader.close();
});
