// A campaign in dollars that accepts euros: a coordinator enters a rate, a company pledges
// in euros and pays them, and everybody reads both sums.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { fits, keepsToTheRules, open, shot, within } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

const campaign = () => house.json('/api/v1/campaigns/it4life');
const sizes = [{ locale: 'uk-UA', width: 390 }, { locale: 'en-GB', width: 1280 }];
const named = (size) => `${size.width}-${size.locale.slice(0, 2)}`;

test('a company pledges in euros and pays in euros', async () => {
  const start = await campaign();
  const visitor = await house.visitor({ locale: 'en-GB' });
  const { page } = visitor;
  await visitor.signIn('company@demo.test');
  await page.goto('/portal/pledges/new?campaign=it4life');
  await keepsToTheRules(page, 'promise');
  await page.fill('input[name=amount]', '1,000.50');
  await page.selectOption('select[name=currency]', 'EUR');
  await page.check('input[name=when][value=now]');
  await page.check('input[name=visibility][value=named]');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
  await keepsToTheRules(page, 'pledge in euros');
  assert.match(await page.innerText('main'), /€1,000\.50\s–\scounts\sas\s\$1,080\.54\sat\s1\.08\s\(НБУ/);
  const pledge = new URL(page.url()).pathname;
  await page.click('#pay button.button');
  await page.waitForURL(/\/c\/pay\//);
  assert.match(await page.innerText('body'), /1,000\.50/);
  await page.fill('input[name=number]', '4242 4242 4242 4242');
  await page.fill('input[name=expiry]', '12 / 34');
  await page.fill('input[name=cvc]', '123');
  await page.fill('input[name=name]', 'Iryna');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/\/portal\/payments\/.*\/return/);
  await keepsToTheRules(page, 'return');

  await within(4000, async () => {
    const now = await campaign();
    assert.equal(now.pledged_minor - start.pledged_minor, 108054);
    assert.equal(now.received_minor - start.received_minor, 108054);
    assert.equal(now.originals[0].received_minor - start.originals[0].received_minor, 100050);
    assert.equal(now.received_minor - now.refunded_minor,
      now.fees_minor + now.disputed_minor + now.lost_minor + now.drift_minor + now.allocated_minor + now.earmarked_minor + now.free_minor - now.shortfall_minor);
  });
  await page.goto(pledge);
  assert.equal(await page.locator('#pay').count(), 0, 'nothing is left to pay');
  await visitor.close();

  for (const size of sizes) {
    const rules = size.width === 390 ? keepsToTheRules : fits; // axe needs to see each of these once
    const each = await house.visitor(size);
    await each.signIn('company@demo.test');
    for (const [name, path] of [['promise', '/portal/pledges/new?campaign=it4life'], ['pledge', pledge], ['history', pledge + '/history']]) {
      await each.page.goto(path);
      await rules(each.page, `${name} ${named(size)}`);
      await shot(each.page, `currency-${name}-${named(size)}`);
    }
    await each.page.goto(`/${size.locale.slice(0, 2)}/campaigns/it4life`);
    await rules(each.page, `campaign ${named(size)}`);
    await shot(each.page, `currency-campaign-${named(size)}`);
    await each.close();
  }
});

test('a coordinator enters a rate and says what a campaign accepts', async () => {
  for (const size of sizes) {
    const rules = size.width === 390 ? keepsToTheRules : fits;
    const visitor = await house.visitor(size);
    const { page } = visitor;
    await visitor.signIn('coordinator@demo.test');
    await page.goto('/office/rates');
    await page.fill('input[name=from]', 'gbp');
    await page.fill('input[name=to]', 'usd');
    await page.fill('input[name=rate]', '1,27');
    await page.click('main form button[type=submit]');
    await rules(page, `refused rate ${named(size)}`);
    await shot(page, `currency-rate-refused-${named(size)}`);
    assert.equal(await page.inputValue('input[name=rate]'), '1,27');
    await page.fill('input[name=source]', 'НБУ');
    await page.click('main form button[type=submit]');
    await page.waitForURL(/notice=entered/);
    await rules(page, `rates ${named(size)}`);
    await shot(page, `currency-rates-${named(size)}`);
    await page.goto('/office/campaigns/it4life/currencies');
    await page.fill('input[name=currencies]', 'EUR, GBP, UAH');
    await page.click('main form button[type=submit]');
    await page.waitForURL(/notice=accepted/);
    await rules(page, `currencies ${named(size)}`);
    await shot(page, `currency-accepted-${named(size)}`);
    await visitor.close();
  }
});
