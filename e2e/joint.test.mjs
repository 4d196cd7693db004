// Joint campaigns: four clusters collect together, each with its own share, and a company of
// two clusters says through which it gives.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { keepsToTheRules, open, shot } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

const joint = '/campaigns/evacuation-buses';
const clusters = ['kharkiv', 'mariupol', 'kramatorsk', 'luhansk'].map((city) => `/clusters/${city}-it-cluster`);

// axe.test.mjs goes through these pages as they are of one cluster alone.
for (const [lang, width, colorScheme, paths] of [['uk', 320, 'dark', [joint, clusters[2], '/companies/derkul-systems']], ['en', 1280, 'light', [joint, clusters[0]]]]) {
  test(`a joint campaign and its clusters keep to the rules: ${lang}, ${width} px, ${colorScheme}`, async () => {
    const visitor = await house.visitor({ locale: lang, width, colorScheme });
    for (const path of paths) {
      const answer = await visitor.page.goto(`/${lang}${path}`);
      assert.equal(answer.status(), 200, path);
      await keepsToTheRules(visitor.page, `${lang} ${path} ${width} ${colorScheme}`);
      await shot(visitor.page, `joint${path.replace(/\W+/g, '-')}-${width}-${lang}-${colorScheme}`);
    }
    await visitor.close();
  });
}

test('the shares come to the campaign, on the page and in the JSON, without JavaScript', async () => {
  const json = await house.json('/api/v1' + joint);
  assert.equal(json.shares.filter((s) => s.cluster).length, 4, 'four clusters collect');
  for (const name of ['pledged_minor', 'received_minor', 'refunded_minor']) {
    assert.equal(json.shares.reduce((sum, s) => sum + s[name], 0), json[name], `${name} of all shares`);
  }
  const visitor = await house.visitor({ locale: 'en-GB', javaScriptEnabled: false });
  await visitor.page.goto('/en' + joint);
  const rows = await visitor.page.locator('section[aria-labelledby=shares] :is(tbody, tfoot) tr').allInnerTexts();
  const written = (minor) => '₴' + (minor / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });
  for (const share of [...json.shares, { ...json, cluster: undefined }]) {
    const name = share.cluster === undefined ? 'The whole campaign' : share.cluster?.name.en ?? 'Gifts without a name or an amount';
    const row = rows.find((text) => text.startsWith(name));
    assert.ok(row, `no row of ${name}`);
    for (const minor of [share.pledged_minor, share.received_minor]) assert.ok(row.replace(/\s+/g, ' ').includes(written(minor)), `${name}: ${row} lacks ${written(minor)}`);
  }
  await visitor.close();
});

test('whoever joined counts once: the house is its campaigns', async () => {
  const campaigns = await house.json('/api/v1/campaigns');
  const visitor = await house.visitor({ locale: 'en-GB' });
  await visitor.page.goto('/en/');
  const text = (await visitor.page.locator('.stats').innerText()).replace(/\s+/g, ' ');
  const sum = campaigns.filter((c) => c.currency === 'UAH').reduce((all, c) => all + c.received_minor, 0);
  assert.ok(text.includes('₴' + (sum / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })), `${sum} is not in ${text}`);
  await visitor.close();
});

for (const [width, locale, javaScriptEnabled] of [[1280, 'uk-UA', true], [390, 'en-GB', false]]) {
  test(`a company of two clusters says through which it gives, at ${width} px in ${locale}`, async () => {
    const before = await house.json('/api/v1' + joint);
    const visitor = await house.visitor({ locale, width, javaScriptEnabled });
    const { page } = visitor;
    const at = async (name) => { if (javaScriptEnabled) { await keepsToTheRules(page, name); await shot(page, `joint-${name.replaceAll(' ', '-')}-${width}-${locale.slice(0, 2)}`); } };
    await visitor.signIn('company@demo.test');
    await page.goto('/portal/pledges/new');
    await at('which campaign');
    await page.click('main a[href$="campaign=evacuation-buses"]');
    await page.fill('input[name=amount]', '1500');
    await page.check('input[name=when][value=monthly]');
    await page.fill('input[name=number]', '3');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('#through[aria-invalid=true]');
    await at('nobody said through whom');
    assert.equal(await page.inputValue('input[name=amount]'), '1500', 'what was typed is kept');
    await page.selectOption('#through', { label: locale === 'uk-UA' ? 'Краматорський ІТ-кластер' : 'Kramatorsk IT Cluster' });
    await page.click('main form button[type=submit]');
    await page.waitForSelector('button[value=promise]');
    await page.click('button[value=promise]');
    await page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
    assert.match(await page.locator('main').innerText(), locale === 'uk-UA' ? /Дано через\s+Краматорський/ : /Given through\s+Kramatorsk/);
    await at('given through');
    const after = await house.json('/api/v1' + joint);
    const share = (json) => json.shares.find((s) => s.cluster?.slug === 'kramatorsk-it-cluster').pledged_minor;
    assert.equal(share(after) - share(before), 150000, 'the share of the cluster that was chosen');
    assert.equal(after.pledged_minor - before.pledged_minor, 150000, 'and of the campaign, once');
    await visitor.close();
  });
}

test('those who joined see their share on the board, and nothing else of the campaign', async () => {
  const visitor = await house.visitor({ locale: 'en-GB', width: 390 });
  const { page } = visitor;
  await visitor.signIn('coordinator@demo.test');
  await page.goto('/office');
  await keepsToTheRules(page, 'the board with a joint campaign');
  await shot(page, 'joint-board-390-en');
  const row = page.locator('section[aria-labelledby=joint] tbody tr');
  assert.match(await row.innerText(), /Buses for evacuation[\s\S]*led by Kramatorsk IT Cluster[\s\S]*Kharkiv IT Cluster/);
  assert.equal((await page.goto('/office/campaigns/evacuation-buses/allocations/new')).status(), 404, 'its money is another cluster’s');
  await page.goto('/office');
  await row.locator('a').click();
  await page.waitForURL(/\/campaigns\/evacuation-buses$/);
  await visitor.close();

  const leads = await house.visitor({ locale: 'uk-UA' });
  await leads.signIn('coordinator.kramatorsk@demo.test');
  await leads.page.goto('/office');
  assert.equal(await leads.page.locator('section[aria-labelledby=joint]').count(), 0, 'whoever leads it has joined nothing');
  assert.ok(await leads.page.locator('section[aria-labelledby=campaigns] tbody', { hasText: 'Автобуси для евакуації' }).count(), 'the campaign is on the board of who leads it');
  await leads.close();
});
