// Documents and letters: an invoice from a pledge's page, a receipt that comes by itself, and
// the letters that the demonstration catches.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { bytesOf, keepsToTheRules, open, shot, within } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

for (const [width, locale, colorScheme, javaScriptEnabled] of [[1280, 'uk-UA', 'light', true], [390, 'en-GB', 'dark', true], [1280, 'en-GB', 'light', false]]) {
  test(`a company has an invoice issued, at ${width} px in ${locale}, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const visitor = await house.visitor({ locale, width, colorScheme, javaScriptEnabled });
    const { page } = visitor;
    await visitor.signIn('company@demo.test');
    await page.locator('main tbody th a').first().click();
    await page.waitForURL(/\/portal\/pledges\//);
    await page.locator('form:has(input[value=invoice]) button').first().click();
    await page.waitForURL(/notice=issued/);
    if (javaScriptEnabled) { await keepsToTheRules(page, 'a pledge with documents'); await shot(page, `documents-${width}-${locale.slice(0, 2)}`); }
    const [download] = await Promise.all([
      page.waitForEvent('download'), page.locator('section[aria-labelledby=papers] tbody th a').filter({ hasText: /рахунок|invoice/i }).first().click(),
    ]);
    assert.match(download.suggestedFilename(), new RegExp(`^invoice-\\d{4}-\\d+\\.${locale.slice(0, 2)}\\.pdf$`));
    const bytes = await bytesOf(download);
    assert.equal(bytes.subarray(0, 5).toString(), '%PDF-');
    await visitor.close();
  });
}

test('a receipt comes by itself, and by letter', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA' });
  const { page } = visitor;
  await within(180_000, async () => {
    await page.goto(`${house.letters}/?lang=uk`);
    assert.ok(await page.locator('tbody th a', { hasText: 'Отримано' }).count() > 0, 'no receipt has come');
  });
  await keepsToTheRules(page, 'the list of letters');
  await page.locator('tbody th a', { hasText: 'Отримано' }).first().click();
  await page.waitForURL(/\/letters\//);
  await keepsToTheRules(page, 'a letter');
  await shot(page, 'letter-1280-uk');
  const letter = page.frameLocator('iframe');
  assert.match(await letter.locator('h1').innerText(), /^Отримано .*Дякуємо$/);
  assert.match(await letter.locator('.go').getAttribute('href'), new RegExp(`^${house.url}/portal/pledges/`));
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('dl a').first().click()]);
  assert.equal((await bytesOf(download)).subarray(0, 5).toString(), '%PDF-');

  await visitor.signIn('company@demo.test');
  await page.locator('main a[href*="/statements/"]').first().click();
  await page.waitForURL(/\/statements\//);
  await keepsToTheRules(page, 'a year');
  await shot(page, 'statement-1280-uk');
  await visitor.close();
});
