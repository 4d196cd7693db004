// The coordinators' door: one proposes, another approves, and only then does money move.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { keepsToTheRules, open, shot, within } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

const campaign = () => house.json('/api/v1/campaigns/it4life');

async function propose(page, amount, reason) {
  await page.goto('/office/campaigns/it4life/allocations/new');
  await page.locator('[name=purpose]').first().check().catch(() => page.selectOption('select[name=purpose]', { index: 1 }));
  await page.fill('input[name=amount]', amount);
  await page.fill('textarea[name=reason]', reason);
  await page.click('main form button[type=submit]');
}

test('one proposes, the other approves, the public sees it', async () => {
  const before = await campaign();
  const coordinator = await house.visitor({ locale: 'uk-UA' });
  await coordinator.signIn('coordinator@demo.test');
  await keepsToTheRules(coordinator.page, 'office');
  await shot(coordinator.page, 'office-1280-uk');
  await propose(coordinator.page, '321,09', 'Дихальні мішки, ще 18 шт.');
  await coordinator.page.waitForURL(/\/office\/allocations\/[0-9a-f-]{36}/);
  const proposal = new URL(coordinator.page.url()).pathname;
  await keepsToTheRules(coordinator.page, 'own proposal');
  await shot(coordinator.page, 'allocation-waiting-1280-uk');
  assert.equal((await campaign()).allocated_minor, before.allocated_minor, 'a proposal moves nothing');
  assert.equal(await coordinator.page.locator('form[action$="/approve"] button:enabled').count(), 0, 'who proposes is offered to approve');

  const approver = await house.visitor({ locale: 'en-GB', width: 390 });
  await approver.signIn('approver@demo.test');
  await keepsToTheRules(approver.page, 'office, approver');
  await shot(approver.page, 'office-390-en');
  await approver.page.goto(proposal);
  await keepsToTheRules(approver.page, 'a proposal to decide');
  await shot(approver.page, 'allocation-decide-390-en');
  await approver.page.click('form[action$="/approve"] button');
  await approver.page.waitForLoadState();
  await within(2000, async () => {
    const now = await campaign();
    assert.equal(now.allocated_minor, before.allocated_minor + 32109);
    assert.equal(now.free_minor, before.free_minor - 32109);
    const page = (await (await fetch(`${house.url}/uk/campaigns/it4life`)).text()).replaceAll('\u00a0', ' '); // a number and its noun keep together
    assert.ok(page.includes('Дихальні мішки, ще 18 шт.'), 'the public does not see the reason yet');
  });
  await coordinator.close();
  await approver.close();
});

test('more than is free is refused with a sentence, and what was typed is kept', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA', width: 390 });
  await visitor.signIn('coordinator@demo.test');
  const answer = visitor.page.waitForResponse((r) => r.request().method() === 'POST' && r.url().includes('allocations'));
  await propose(visitor.page, '999999', 'Забагато');
  assert.equal((await answer).status(), 422);
  assert.equal(await visitor.page.inputValue('input[name=amount]'), '999999');
  await keepsToTheRules(visitor.page, 'refused proposal');
  await shot(visitor.page, 'proposal-refused-390-uk');
  await visitor.close();
});

test('a company sees nothing of the office, and a coordinator nothing of the portal', async () => {
  for (const [email, path] of [['company@demo.test', '/office'], ['coordinator@demo.test', '/portal']]) {
    const visitor = await house.visitor({ locale: 'en-GB' });
    await visitor.signIn(email);
    assert.equal((await visitor.page.goto(path)).status(), 404, `${email} at ${path}`);
    await visitor.close();
  }
});

test('signing out ends the session on the server', async () => {
  const visitor = await house.visitor({ locale: 'en-GB' });
  await visitor.signIn('approver@demo.test', { anew: true });
  const cookies = await visitor.page.context().cookies();
  await visitor.page.click('.who form button');
  await visitor.page.waitForURL((at) => !at.pathname.startsWith('/office'));
  await visitor.page.context().addCookies(cookies);
  await visitor.page.goto('/office');
  assert.match(visitor.page.url(), /\/sign-in/);
  await visitor.close();
});
