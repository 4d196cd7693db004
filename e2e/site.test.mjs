// The public's door: everything without signing in, in both languages, at every width,
// light, dark and without JavaScript.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { fits, keepsToTheRules, open } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

const paths = ['/', '/campaigns/it4life', '/campaigns/it4life/donors', '/companies', '/companies/ganok-soft', '/clusters/kharkiv-it-cluster'];

// At the other widths axe.test.mjs looks at them.
test('public pages fit into 320 px, in both languages', async () => {
  for (const lang of ['uk', 'en']) {
    const visitor = await house.visitor({ locale: lang, width: 320 });
    for (const path of paths) {
      const answer = await visitor.page.goto(`/${lang}${path}`);
      assert.equal(answer.status(), 200, path);
      assert.equal(await visitor.page.getAttribute('html', 'lang'), lang);
      await fits(visitor.page, `${lang} ${path} 320`);
    }
    await visitor.close();
  }
});

test('the page, read without JavaScript, and the JSON say the same', async () => {
  const visitor = await house.visitor({ locale: 'en-GB', javaScriptEnabled: false });
  await visitor.page.goto('/en/campaigns/it4life');
  const text = (await visitor.page.textContent('main')).replace(/\s+/g, ' ');
  const json = await house.json('/api/v1/campaigns/it4life');
  assert.equal(json.received_minor, 25000000, 'the demo came to $250,000.00');
  assert.equal(json.companies_paid, 46, 'from 46 companies');
  for (const name of ['received_minor', 'on_its_way_minor', 'allocated_minor', 'free_minor', 'fees_minor', 'refunded_minor', 'pledged_minor']) {
    const shown = '$' + (json[name] / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });
    assert.ok(text.includes(shown), `${name} ${shown} is not on the page`);
  }
  assert.equal(json.received_minor - json.refunded_minor, json.fees_minor + json.drift_minor + json.allocated_minor + json.free_minor, 'the figures add up');
  await visitor.close();
});

test('an anonymous company is named nowhere', async () => {
  for (const path of ['/uk/', '/en/', '/uk/campaigns/it4life', '/uk/campaigns/it4life/donors', '/en/campaigns/it4life/donors', '/api/v1/campaigns', '/api/v1/campaigns/it4life']) {
    const text = await (await fetch(house.url + path)).text();
    for (const secret of ['Тиха Гавань', 'Tykha Havan', 'tykha-havan']) assert.ok(!text.includes(secret), `${path} names ${secret}`);
  }
});

test('the language switch keeps the page', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA' });
  await visitor.page.goto('/uk/campaigns/it4life');
  await visitor.page.click('nav.langs a[hreflang=en]');
  await visitor.page.waitForURL(/\/en\/campaigns\/it4life/);
  await visitor.close();
});

test('what is not there is said in a page of the house', async () => {
  const visitor = await house.visitor({ locale: 'en-GB' });
  for (const path of ['/en/campaigns/none', '/en/companies/none', '/de/', '/nowhere']) {
    const answer = await visitor.page.goto(path);
    assert.equal(answer.status(), 404, path);
    await keepsToTheRules(visitor.page, `404 ${path}`);
  }
  await visitor.close();
});
