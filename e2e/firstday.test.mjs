// A coordinator's first day: a campaign is written and opened, a company pledges and pays,
// money is proposed for a purpose and another person agrees. With and without JavaScript.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { fits, keepsToTheRules, open, shot, within } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

const days = [
  { locale: 'uk-UA', width: 390, javaScriptEnabled: true, title: 'Hospital beds', purpose: 'Beds' },
  { locale: 'en-GB', width: 1280, javaScriptEnabled: false, title: 'Winter windows', purpose: 'Windows' },
];

for (const day of days) {
  test(`a coordinator opens a campaign and gives its money out, ${day.width} px, ${day.locale}, ${day.javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const { locale, width, javaScriptEnabled } = day;
    const lang = locale.slice(0, 2);
    const comes = async (who) => {
      const visitor = await house.visitor({ locale, width, javaScriptEnabled });
      await visitor.signIn(`${who}@demo.test`);
      return visitor;
    };
    const look = async (page, what) => {
      if (javaScriptEnabled) await keepsToTheRules(page, what); // axe is a script
      await shot(page, `firstday-${what.replaceAll(' ', '-')}-${width}-${lang}`);
    };
    const coordinator = await comes('coordinator');
    const { page } = coordinator;
    const fill = async (fields) => { for (const [name, value] of Object.entries(fields)) await page.fill(`main [name=${name}]`, value); };
    const send = async (where) => { await page.locator('main form.form button[type=submit]').first().click(); await page.waitForURL(where); };

    // Writing: a mistake is said at its field, and what was typed stays.
    await page.click('a[href="/office/campaigns/new"]');
    await page.waitForURL(/\/campaigns\/new$/);
    await fill({ title_en: day.title, goal: '1,005', summary_uk: 'Коротко', summary_en: 'In short' });
    await page.selectOption('main [name=currency]', 'USD');
    await page.locator('main form.form button[type=submit]').click();
    await page.waitForSelector('[role=alert]');
    assert.equal(await page.locator('.field--error').count(), 2);
    assert.equal(await page.inputValue('main [name=goal]'), '1,005');
    if (javaScriptEnabled) assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'alert', 'the summary has no focus');
    await look(page, 'refused');
    await page.click('[role=alert] a[href="#title_uk"]');
    await page.keyboard.type(`Кампанія: ${day.title}`); // the link has put the cursor there
    await fill({ goal: '1000' });
    await send(/notice=written/);
    await look(page, 'draft');
    const at = new URL(page.url()).pathname;
    assert.equal((await fetch(`${house.url}/${lang}${at.replace('/office', '')}`)).status, 404, 'a draft is seen by strangers');

    // The checklist leads through what is missing.
    await page.click('.check a[href*="/texts"]');
    await page.waitForURL(/\/texts/);
    await fill({ story_uk: 'Розповідь про **кампанію**.', story_en: 'A story of the **campaign**.' });
    await send(/notice=saved/);
    await page.click('.check a[href$="/purposes/new"]');
    await page.waitForURL(/\/purposes\/new/);
    await fill({ title_uk: day.purpose, title_en: day.purpose });
    await send(/notice=purpose/);
    await page.click('main a[href$="/needs/new"]');
    await page.waitForURL(/\/needs\/new/);
    await fill({ item_uk: day.purpose, item_en: day.purpose, quantity: '12', unit_uk: 'шт.', unit_en: 'pcs', recipient_uk: 'Лікарня № 4', recipient_en: 'Hospital No. 4' });
    await send(/notice=need/);
    await page.click('main .links a[href$="/preview"]');
    await page.waitForURL(/\/preview/);
    assert.match(await page.innerText('main'), new RegExp(day.purpose));
    await look(page, 'preview');
    await page.click('.notice a');
    await page.waitForURL((where) => where.pathname === at);
    await look(page, 'ready');
    await page.click(`form[action="${at}/open"] button`);
    await page.waitForURL(/notice=opened/);
    await look(page, 'opened');
    await page.click('.notice a');
    await page.waitForURL(/\/(uk|en)\/campaigns\//);
    await fits(page, 'the public page');

    // A company pledges to it and pays.
    const slug = at.split('/').pop();
    const company = await comes('company');
    await company.page.goto(`/portal/pledges/new?campaign=${slug}`);
    await company.page.fill('input[name=amount]', '200');
    await company.page.check('input[name=when][value=now]');
    await company.page.click('main form button[type=submit]');
    await company.page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
    await company.page.click('#pay button.button');
    await company.page.waitForURL(/\/c\/pay\//);
    for (const [name, value] of [['number', '4242 4242 4242 4242'], ['expiry', '12 / 34'], ['cvc', '123'], ['name', 'Iryna']]) await company.page.fill(`input[name=${name}]`, value);
    await company.page.click('main form button[type=submit]');
    await company.page.waitForURL(/\/return/);
    await company.close();

    // The coordinator sees it, and proposes what to do with it.
    await page.goto(at);
    await page.click('main .links a[href^="/office/pledges"]');
    await page.waitForURL(/\/office\/pledges/);
    assert.equal(await page.locator('main tbody th a').count(), 1);
    await look(page, 'pledge');
    await within(10_000, async () => {
      await page.goto('/office');
      assert.equal(await page.locator(`main .table a[href="${at}/allocations/new"]`).count(), 1, 'there is nothing to give out yet');
    });
    await page.click(`main .table a[href="${at}/allocations/new"]`);
    await page.waitForURL(/\/allocations\/new/);
    await page.locator('[name=purpose]').first().check();
    await fill({ amount: '150', reason: 'Найдешевша з трьох пропозицій' });
    await send(/notice=proposed/);
    const proposal = new URL(page.url()).pathname;

    const approver = await comes('approver');
    await approver.page.click(`a[href="${proposal}"]`);
    await approver.page.waitForURL(/\/office\/allocations\//);
    await approver.page.click('form[action$="/approve"] button');
    await approver.page.waitForURL(/notice=approved/);
    await approver.close();

    // The goal is another, and everybody reads why. Then the day is over.
    await page.goto(at);
    await page.click('main .links a[href$="/goal"]');
    await page.waitForURL(/\/goal$/);
    await fill({ goal: '1200', reason: 'Ціна зросла' });
    await send(/notice=goal/);
    await within(5_000, async () => {
      const text = await (await fetch(`${house.url}/${lang}/campaigns/${slug}`)).text();
      assert.match(text, /Ціна зросла/);
    });
    await page.click(`form[action="${at}/close"] button`);
    await page.waitForURL(/notice=closed/);
    await look(page, 'closed');
    await coordinator.close();
  });
}
