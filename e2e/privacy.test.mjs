// What people see of their own data: which letters they get, what would be erased of them, and
// that they are gone then; and how the office looks at letters before anybody gets one.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { fits, keepsToTheRules, open, password, shot } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

// Each look is a language, a width and a ground; axe.test.mjs goes through all of them.
const looks = [{ width: 390, locale: 'uk-UA', colorScheme: 'light' }, { width: 1280, locale: 'en-GB', colorScheme: 'dark' }];

for (const look of looks) {
  const name = `${look.width}-${look.locale.slice(0, 2)}-${look.colorScheme}`;
  test(`letters are looked at in the office, ${name}`, async () => {
    const visitor = await house.visitor(look);
    const { page } = visitor;
    await visitor.signIn('coordinator@demo.test');
    await page.goto('/office/letters');
    await page.locator('main a[href="/office/letters/templates"]').click();
    await fits(page, 'sample letters');
    await shot(page, `privacy-samples-${name}`);
    await page.locator('tbody a[href$="/reminder-before"]').click();
    await page.waitForURL(/reminder-before/);
    assert.match(await page.frameLocator('iframe').locator('h1').innerText(), /\d/);
    const ink = await page.frameLocator('iframe').locator('.go').evaluate((button) => getComputedStyle(button).backgroundColor);
    assert.notEqual(ink, 'rgba(0, 0, 0, 0)', 'the letter lost its style to the policy');
    await fits(page, 'a sample letter');
    await shot(page, `privacy-sample-${name}`);
    await visitor.close();
  });

  test(`what would be erased is told first, ${name}`, async () => {
    const visitor = await house.visitor(look);
    const { page } = visitor;
    await visitor.signIn('approver@demo.test');
    for (const [path, what] of [['/account/letters', 'letters'], ['/account/data', 'data'], ['/account/erase', 'erase']]) {
      await page.goto(path);
      await fits(page, what);
      await shot(page, `privacy-${what}-${name}`);
    }
    await visitor.close();
  });
}

test('a letter came back, and the office says so', async () => {
  const visitor = await house.visitor({ width: 390, locale: 'uk-UA', javaScriptEnabled: true });
  const { page } = visitor;
  await visitor.signIn('coordinator@demo.test');
  await page.goto('/office/letters?state=sent');
  await page.locator('tbody a[href^="/office/letters/"]').first().click();
  await page.waitForURL(/\/office\/letters\/[0-9a-f-]{36}$/);
  await keepsToTheRules(page, 'a letter');
  await page.click('main form[action$="/bounced"] button');
  await keepsToTheRules(page, 'a letter without a reason');
  await shot(page, 'privacy-letter-refused');
  await page.fill('main textarea[name=reason]', '550 скриньки не існує');
  await page.click('main form[action$="/bounced"] button');
  await page.waitForURL(/notice=bounced$/);
  await keepsToTheRules(page, 'a letter that came back');
  await shot(page, 'privacy-letter-marked');
  await visitor.close();
});

test('who erases themselves is out everywhere, and does not come in again', async () => {
  const phone = await house.visitor({ width: 390, locale: 'uk-UA', javaScriptEnabled: false });
  const desk = await house.visitor({ width: 1280, locale: 'en-GB' });
  await desk.signIn('coordinator.luhansk@demo.test', { anew: true });
  const { page } = phone;
  await phone.signIn('coordinator.luhansk@demo.test', { anew: true });
  await page.goto('/account/data');
  await page.locator('main a[href="/account/erase"]').click();
  await page.fill('input[name=email]', 'somebody@else.test');
  await page.click('main form[action="/account/erase"] button');
  assert.equal(await page.inputValue('input[name=email]'), 'somebody@else.test', 'what was typed is lost');
  await shot(page, 'privacy-erase-refused');
  await page.fill('input[name=email]', 'coordinator.luhansk@demo.test');
  await page.click('main form[action="/account/erase"] button');
  await page.waitForURL(/\/sign-in\?notice=erased$/);
  assert.ok(await page.locator('[role=status]').isVisible());
  await shot(page, 'privacy-erased');
  await desk.page.goto('/account');
  assert.equal(new URL(desk.page.url()).pathname, '/sign-in', 'the other session goes on');
  await page.fill('input[name=email]', 'coordinator.luhansk@demo.test');
  await page.fill('input[name=password]', password);
  await page.click('main button[type=submit]');
  assert.equal(new URL(page.url()).pathname, '/sign-in', 'the password opens');
  await Promise.all([phone.close(), desk.close()]);
});

test('the last admin is led to somebody else first', async () => {
  const visitor = await house.visitor({ width: 1280, locale: 'en-GB' });
  const { page } = visitor;
  await visitor.signIn('admin@demo.test');
  await page.goto('/account/erase');
  assert.equal(await page.locator('form[action="/account/erase"]').count(), 0, 'the last admin may erase themselves');
  await keepsToTheRules(page, 'the last admin');
  await shot(page, 'privacy-last-admin');
  await visitor.close();
});
