// The desk for money: a payment is found, Stripe is asked about it, and part of it goes back
// once a second person agrees.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { keepsToTheRules, open, shot } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

test('a payment is found, asked about and, by two people, refunded in part', async () => {
  const coordinator = await house.visitor({ locale: 'uk-UA' });
  await coordinator.signIn('coordinator@demo.test');
  const page = coordinator.page;
  await page.goto('/office/payments');
  await page.selectOption('select[name=state]', 'paid');
  await page.click('form[role=search] button');
  await page.waitForURL(/state=paid/);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[type="text/csv"]')]);
  assert.equal(download.suggestedFilename(), 'payments.csv');
  await page.locator('main tbody a').first().click();
  await page.waitForURL(/\/office\/payments\/[0-9a-f-]{36}$/);
  const payment = new URL(page.url()).pathname;
  await keepsToTheRules(page, 'one payment');
  await shot(page, 'desk-payment-1280-uk');
  await page.click('form[action$="/ask"] button');
  await page.waitForURL(/notice=asked/);

  await page.click(`a[href="${payment}/refund"]`);
  await page.fill('input[name=amount]', '999999999');
  await page.click('main form button[type=submit]');
  await page.waitForSelector('[role=alert]');
  assert.equal(await page.inputValue('input[name=amount]'), '999999999');
  await keepsToTheRules(page, 'a refund that is too large');
  await shot(page, 'desk-refund-refused-1280-uk');
  await page.fill('input[name=amount]', '1,50');
  await page.fill('textarea[name=reason]', 'Сплачено двічі');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/\/office\/refunds\/[0-9a-f-]{36}\?notice=asked/);
  const refund = new URL(page.url()).pathname;
  await keepsToTheRules(page, 'a refund that waits');
  assert.equal(await page.locator('main form').count(), 0, 'who asks is offered to approve');

  const approver = await house.visitor({ locale: 'en-GB', width: 390 });
  await approver.signIn('approver@demo.test');
  await approver.page.goto('/office');
  await approver.page.click('a[href="/office/refunds"]');
  await approver.page.click(`a[href="${refund}"]`);
  await keepsToTheRules(approver.page, 'a refund to decide');
  await shot(approver.page, 'desk-refund-decide-390-en');
  await approver.page.click('form[action$="/approve"] button');
  await approver.page.waitForURL(/notice=sent/);
  await approver.page.goto(payment);
  await keepsToTheRules(approver.page, 'one payment, narrow');
  await shot(approver.page, 'desk-payment-390-en');
  assert.match(await approver.page.locator('.times').innerText(), /refund/i);
  await coordinator.close();
  await approver.close();
});
