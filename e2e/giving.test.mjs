// The company's door: pledge, pay at the checkout page, come back, and see it everywhere.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { fits, keepsToTheRules, open, shot, within } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

const campaign = () => house.json('/api/v1/campaigns/it4life');

async function promise(page, amount) {
  await page.goto('/portal/pledges/new?campaign=it4life');
  await page.fill('input[name=amount]', amount);
  await page.check('input[name=when][value=now]');
  await page.check('input[name=visibility][value=named]');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
}

async function payByCard(page, number) {
  await page.click('#pay button.button');
  await page.waitForURL(/\/c\/pay\//);
  await page.fill('input[name=number]', number);
  await page.fill('input[name=expiry]', '12 / 34');
  await page.fill('input[name=cvc]', '123');
  await page.fill('input[name=name]', 'Iryna');
  await page.click('main form button[type=submit]');
}

for (const javaScriptEnabled of [true, false]) {
  test(`a company pledges 1,234.56 and pays it, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const before = await campaign();
    const visitor = await house.visitor({ locale: 'en-GB', javaScriptEnabled });
    const { page } = visitor;
    await visitor.signIn('company@demo.test');
    await promise(page, '1,234.56');
    if (javaScriptEnabled) { await keepsToTheRules(page, 'pledge'); await shot(page, 'pledge-1280-en'); }
    await payByCard(page, '4242 4242 4242 4242');
    await page.waitForURL(/\/portal\/payments\/.*\/return/);
    if (javaScriptEnabled) { await keepsToTheRules(page, 'return'); await shot(page, 'return-1280-en'); }

    await within(2000, async () => {
      const now = await campaign();
      assert.equal(now.pledged_minor - before.pledged_minor, 123456);
      assert.equal(now.received_minor - before.received_minor, 123456);
      assert.equal(now.on_its_way_minor, before.on_its_way_minor);
      const text = (await (await fetch(`${house.url}/en/campaigns/it4life`)).text()).replace(/<[^>]+>/g, '');
      const shown = (now.received_minor / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });
      assert.ok(text.includes(`$${shown}`), `the page does not show $${shown} yet`);
    });
    await visitor.close();
  });
}

test('a declined card changes nothing but the promise, and another card may follow', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA' });
  const { page } = visitor;
  await visitor.signIn('company@demo.test');
  await promise(page, '77,10');
  const before = await campaign();
  await payByCard(page, '4000 0000 0000 0002');
  await page.waitForSelector('[role=alert]');
  assert.match(page.url(), /\/c\/pay\//, 'a declined card leaves the page');
  await keepsToTheRules(page, 'checkout, declined');
  await shot(page, 'checkout-declined-1280-uk');
  const after = await campaign();
  for (const name of ['pledged_minor', 'received_minor', 'on_its_way_minor', 'free_minor', 'fees_minor']) assert.equal(after[name], before[name], name);

  await page.fill('input[name=number]', '4242424242424242');
  await page.fill('input[name=cvc]', '123');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/\/return/);
  await within(2000, async () => assert.equal((await campaign()).received_minor, before.received_minor + 7710));
  await visitor.close();
});

test('a bank debit is on its way, and in no total of money', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA', width: 390 });
  const { page } = visitor;
  await visitor.signIn('company@demo.test');
  await promise(page, '500');
  const before = await campaign();
  await page.click('#pay button.button');
  await page.waitForURL(/\/c\/pay\//);
  await keepsToTheRules(page, 'checkout');
  await shot(page, 'checkout-390-uk');
  const bank = page.locator('form:has(input[name=account])');
  await bank.locator('input[name=account]').fill('000123456789');
  await bank.locator('input[name=holder]').fill('Ganok Soft');
  await bank.locator('button[type=submit]').click();
  await page.waitForURL(/\/return/);
  await within(2000, async () => {
    const now = await campaign();
    assert.equal(now.on_its_way_minor, before.on_its_way_minor + 50000);
    assert.equal(now.received_minor, before.received_minor);
  });
  await keepsToTheRules(page, 'return, on its way');
  await shot(page, 'return-390-uk');
  await visitor.close();
});

test('a refused form says why and keeps what was typed', async () => {
  for (const [locale, typed] of [['uk-UA', '1,005'], ['en-GB', '-1']]) {
    const visitor = await house.visitor({ locale, width: locale === 'uk-UA' ? 390 : 1280 });
    const { page } = visitor;
    await visitor.signIn('company@demo.test');
    await page.goto('/portal/pledges/new?campaign=it4life');
    await page.fill('input[name=amount]', typed);
    const answer = page.waitForResponse((r) => r.request().method() === 'POST');
    await page.click('main form button[type=submit]');
    assert.equal((await answer).status(), 422);
    assert.equal(await page.inputValue('input[name=amount]'), typed);
    assert.equal(await page.getAttribute('input[name=amount]', 'aria-invalid'), 'true');
    await keepsToTheRules(page, `refused promise ${locale}`);
    await shot(page, `promise-refused-${locale}`);
    await visitor.close();
  }
});

// At the other widths, and with axe, axe.test.mjs looks at them.
test('the company’s pages fit into 320 px', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA', width: 320 });
  const { page } = visitor;
  await visitor.signIn('company@demo.test');
  await fits(page, 'portal');
  const lists = await page.locator('main nav.pager a[href^="/portal/companies/"]').evaluateAll((links) => links.map((a) => a.getAttribute('href')));
  assert.ok(lists.length >= 4, 'no way to all that a company has');
  for (const path of ['/portal/pledges/new?campaign=it4life', ...lists]) {
    await page.goto(path);
    await fits(page, path);
  }
  await visitor.close();
});

test('a pledge in instalments is amended, paid in part and cancelled, without JavaScript', async () => {
  const before = await campaign();
  const visitor = await house.visitor({ locale: 'en-GB', javaScriptEnabled: false });
  const { page } = visitor;
  await visitor.signIn('company@demo.test');
  await page.goto('/portal/pledges/new?campaign=it4life');
  await page.fill('input[name=amount]', '100');
  await page.check('input[name=when][value=monthly]');
  await page.fill('input[name=number]', '3');
  await page.click('main form button[type=submit]');
  await page.waitForSelector('button[value=promise]');
  assert.equal((await campaign()).pledged_minor, before.pledged_minor, 'the plan alone promises nothing');
  await page.click('button[value=promise]');
  await page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
  const pledge = new URL(page.url()).pathname;
  await within(2000, async () => assert.equal((await campaign()).pledged_minor, before.pledged_minor + 10000));

  await page.goto(`${pledge}/amend`);
  await page.fill('input[name=amount-3]', '133.34');
  await page.fill('textarea[name=reason]', 'The board agreed to more');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/notice=amended/);
  await within(2000, async () => assert.equal((await campaign()).pledged_minor, before.pledged_minor + 20000));

  await payByCard(page, '4242 4242 4242 4242'); // what is due: the first instalment
  await page.waitForURL(/\/return/);
  await within(2000, async () => assert.equal((await campaign()).received_minor, before.received_minor + 3333));
  await page.goto(pledge);
  const text = (await page.textContent('main')).replace(/\s+/g, ' ');
  for (const words of ['$200.00', 'Pledged first', '$33.33', 'scheduled', 'paid']) assert.ok(text.includes(words), `the pledge does not say ${words}`);

  await page.goto(`${pledge}/cancel`);
  await page.fill('textarea[name=reason]', 'Sold');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/notice=cancelled/);
  await within(2000, async () => assert.equal((await campaign()).pledged_minor, before.pledged_minor + 3333));
  await visitor.close();
});

test('the pages of a pledge’s life keep to the rules', async () => {
  for (const [locale, width] of [['uk-UA', 320], ['en-GB', 1280]]) {
    const visitor = await house.visitor({ locale, width, colorScheme: width === 320 ? 'dark' : 'light' });
    const { page } = visitor;
    // axe.test.mjs goes through the pages; here it sees once what only this pledge shows of them.
    const states = ['plan-refused', 'pledge', 'write-off-proposed'];
    const rules = (on, name) => (width === 320 && states.some((state) => name.includes(state)) ? keepsToTheRules : fits)(on, name);
    const seen = async (name) => { await rules(page, `${name} ${locale} ${width}`); await shot(page, `life-${name}-${width}-${locale}`); };
    await visitor.signIn('company@demo.test');
    await page.goto('/portal/pledges/new?campaign=it4life');
    await seen('promise');
    await page.fill('input[name=amount]', '900');
    await page.check('input[name=when][value=dates]');
    await page.fill('input[name=number]', '3');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('button[value=promise]');
    await page.fill('input[name=amount-1]', '1,005');
    await page.click('button[value=promise]');
    await page.waitForSelector('[role=alert]');
    await seen('plan-refused');
    await page.fill('input[name=amount-1]', '300');
    await page.click('button[value=promise]');
    await page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
    const pledge = new URL(page.url()).pathname;
    await seen('pledge');
    await page.goto(`${pledge}/amend`);
    await page.fill('input[name=amount-2]', '450');
    await page.fill('textarea[name=reason]', 'Бюджет року змінився');
    await seen('amend');
    await page.click('main form button[type=submit]');
    await page.waitForURL(/notice=amended/);
    await page.goto(`${pledge}/cancel`);
    await seen('cancel');
    await page.goto(`${pledge}/history`);
    await seen('history');
    const coordinator = await house.visitor({ locale, width });
    await coordinator.signIn('coordinator@demo.test');
    const office = async (path, name) => {
      await coordinator.page.goto(path);
      await rules(coordinator.page, `office ${name} ${locale} ${width}`);
      await shot(coordinator.page, `life-office-${name}-${width}-${locale}`);
    };
    await office('/office/pledges', 'pledges');
    const own = pledge.replace('/portal/', '/office/');
    await office(`${own}/correct`, 'correct');
    await office(`${own}/write-off`, 'write-off');
    await coordinator.page.locator('input[name^=part-]').first().fill('300');
    await coordinator.page.check('input[name=code][value=cannot-pay]');
    await coordinator.page.fill('textarea[name=reason]', 'Лист від 1 грудня');
    await coordinator.page.click('main form button[type=submit]');
    await coordinator.page.waitForURL(/write-offs/);
    await office(new URL(coordinator.page.url()).pathname, 'write-off-proposed');
    await office(own, 'pledge');
    await coordinator.close();
    await visitor.close();
  }
});
