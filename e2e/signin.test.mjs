// Coming in: a passkey without a password, codes of an authenticator app, a forgotten
// password, and the factor that is asked for again before money is decided over.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { codeOf, halfMinute, keepsToTheRules, open, password, shot, within } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

// atItsName opens pages where browsers give passkeys: numbers have none.
const atItsName = () => house.url.replace('127.0.0.1', 'localhost');

async function virtualAuthenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
}

test('a passkey is added, named, and signs in without an address, a password or a code', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA', width: 390 });
  const { page } = visitor;
  await virtualAuthenticator(page);
  await page.goto(`${atItsName()}/sign-in`);
  await keepsToTheRules(page, 'sign-in');
  await shot(page, 'sign-in-390-uk');
  await page.fill('input[name=email]', 'coordinator@demo.test');
  await page.fill('input[name=password]', password);
  await page.click('form[action="/sign-in"] button[type=submit]');
  await page.waitForURL(/\/sign-in\/factor/);
  await page.fill('input[name=proof_code]', await house.unusedCode('coordinator@demo.test'));
  await page.click('form[action="/sign-in/factor"] button[type=submit]');
  await page.waitForURL(/\/office/);

  await page.click('.who-name a');
  await page.click('a[href="/account/passkeys/new"]');
  await keepsToTheRules(page, 'a new passkey');
  await shot(page, 'passkey-new-390-uk');
  await page.fill('input[name=name]', 'Телефон Олени');
  await page.click('[data-passkey-go]');
  await page.waitForURL(/\/account\?notice=passkey-added/);
  assert.match(await page.locator('main').innerText(), /Телефон Олени/);
  await keepsToTheRules(page, 'one’s own sign-in');
  await shot(page, 'account-390-uk');

  await page.click('.who form button');
  await page.goto(`${atItsName()}/sign-in?next=%2Foffice%2Fpayments`);
  await page.click('[data-passkey-go]');
  await page.waitForURL(/\/office\/payments/);

  // Half way in, the passkey stands for the code.
  await page.click('.who form button');
  await page.goto(`${atItsName()}/sign-in`);
  await page.fill('input[name=email]', 'coordinator@demo.test');
  await page.fill('input[name=password]', password);
  await page.click('form[action="/sign-in"] button[type=submit]');
  await page.waitForURL(/\/sign-in\/factor/);
  await keepsToTheRules(page, 'the second step with a passkey');
  await shot(page, 'factor-passkey-390-uk');
  await page.click('[data-passkey-go]');
  await page.waitForURL(/\/office/);

  await page.goto(`${atItsName()}/account`);
  await page.click('form[action$="/remove"][action*="/passkeys/"] button');
  await page.waitForURL(/notice=passkey-removed/);
  await page.click('.who form button');
  await page.goto(`${atItsName()}/sign-in`);
  await page.click('[data-passkey-go]');
  await page.waitForSelector('[data-passkey-error]:not([hidden])');
  await keepsToTheRules(page, 'a passkey that is gone');
  await shot(page, 'passkey-refused-390-uk');
  await visitor.close();
});

test('an authenticator app is set up, gives recovery codes, and is asked for', async () => {
  const visitor = await house.visitor({ locale: 'en-GB', javaScriptEnabled: false, colorScheme: 'dark' });
  const { page } = visitor;
  await visitor.signIn('company@demo.test', { anew: true });
  await page.goto('/account');
  await shot(page, 'account-1280-en');
  await page.click('a[href="/account/authenticator"]');
  await shot(page, 'authenticator-1280-en');
  const secret = await page.locator('.secret').innerText();
  await page.fill('input[name=code]', codeOf(secret, halfMinute()));
  await page.click('main form button[type=submit]');
  const codes = await page.locator('.codes code').allInnerTexts();
  assert.equal(codes.length, 10);
  await shot(page, 'codes-1280-en');
  await page.click('main .button');
  await page.waitForURL(/\/account$/);
  await visitor.close();

  const again = await house.visitor({ locale: 'en-GB' });
  await again.page.goto('/sign-in');
  await again.page.fill('input[name=email]', 'company@demo.test');
  await again.page.fill('input[name=password]', password);
  await again.page.click('form[action="/sign-in"] button[type=submit]');
  await again.page.waitForURL(/\/sign-in\/factor/);
  await keepsToTheRules(again.page, 'the second step');
  await again.page.fill('input[name=proof_code]', '000000');
  await again.page.click('form[action="/sign-in/factor"] button[type=submit]');
  await again.page.waitForSelector('[role=alert] h2');
  await keepsToTheRules(again.page, 'a wrong code');
  await shot(again.page, 'factor-wrong-1280-en');
  await again.page.fill('input[name=proof_code]', codes[7]);
  await again.page.click('form[action="/sign-in/factor"] button[type=submit]');
  await again.page.waitForURL(/\/portal/);
  await again.close();
});

test('a forgotten password is set anew by a link in a letter', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA', width: 390 });
  const { page } = visitor;
  await page.goto('/sign-in');
  await page.click('a[href="/sign-in/reset"]');
  await keepsToTheRules(page, 'a forgotten password');
  await page.fill('input[name=email]', 'approver@demo.test');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/sent=1/);
  await keepsToTheRules(page, 'a link is on its way');
  await shot(page, 'reset-sent-390-uk');
  const link = await within(90_000, async () => {
    const list = await (await fetch(`${house.letters}/?lang=uk`)).text();
    const row = list.split('<tr').find((text) => text.includes('approver@demo.test') && />(Новий пароль|Set a new password)</.test(text)); // in the language that its reader chose last
    assert.ok(row, 'no letter yet');
    const letter = row.match(/href="(\/letters\/[^"?]+)/);
    return (await (await fetch(house.letters + letter[1])).text()).match(/http:\/\/127\.0\.0\.1:\d+\/sign-in\/reset\/\w+/)[0];
  });
  await page.goto(link);
  await keepsToTheRules(page, 'a new password');
  await shot(page, 'new-password-390-uk');
  await page.fill('input[name=password]', 'passwordpassword');
  await page.click('main form button[type=submit]');
  await page.waitForSelector('[role=alert] h2');
  await keepsToTheRules(page, 'a password that everybody tries');
  await page.fill('input[name=password]', 'дятел пише без помилок');
  await page.click('main form button[type=submit]');
  await page.waitForURL(/notice=password-set/);
  await page.fill('input[name=email]', 'approver@demo.test');
  await page.fill('input[name=password]', 'дятел пише без помилок');
  await page.click('form[action="/sign-in"] button[type=submit]');
  await page.waitForURL(/\/sign-in\/factor/);
  await visitor.close();
});
