// What banks say: statements come in whatever way banks write them, what nobody knows is
// matched by a person, and a mistake is undone by two.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { keepsToTheRules, open, shot, within } from './house.mjs';

let house;
before(async () => { house = await open(); });
after(async () => { await house?.close(); });

const iban = 'UA469999990000026001234567890'; // the demonstration's
const today = new Date().toISOString().slice(0, 10);
const money = (minor) => (minor / 100).toFixed(2);

// camt is a statement of one day as ISO 20022 writes it. Entries are what came in.
function camt(day, opening, entries) {
  const amount = (minor) => `<Amt Ccy="USD">${money(minor)}</Amt><CdtDbtInd>CRDT</CdtDbtInd>`;
  const balance = (code, minor) => `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>${amount(minor)}<Dt><Dt>${day}</Dt></Dt></Bal>`;
  const closing = entries.reduce((sum, e) => sum + e.minor, opening);
  const rows = entries.map((e, n) => `<Ntry>${amount(e.minor)}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt><AcctSvcrRef>${day}-${n}</AcctSvcrRef>
    <NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>${e.party}</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>${e.details}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Acct><Id><IBAN>${iban}</IBAN></Id></Acct>
${balance('OPBD', opening)}${balance('CLBD', closing)}\n${rows.join('\n')}\n</Stmt></BkToCstmrStmt></Document>`;
}

async function upload(page, name, text, columns = '') {
  await page.goto('/office/statements/new');
  await page.setInputFiles('input[name=file]', { name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });
  await page.fill('textarea[name=columns]', columns);
  await page.click('main form button[type=submit]');
}

// promised has the demonstration's company pledge an amount, and returns the pledge's way to
// pay by bank: its reference.
async function promised(amount) {
  const visitor = await house.visitor({ locale: 'en-GB' });
  await visitor.signIn('company@demo.test');
  await visitor.page.goto('/portal/pledges/new?campaign=it4life');
  await visitor.page.fill('input[name=amount]', amount);
  await visitor.page.check('input[name=when][value=now]');
  await visitor.page.check('input[name=visibility][value=named]');
  await visitor.page.click('main form button[type=submit]');
  await visitor.page.waitForURL(/\/portal\/pledges\/[0-9a-f-]{36}/);
  const path = new URL(visitor.page.url()).pathname;
  await visitor.close();
  return path.replace('/portal/', '/office/');
}

async function referenceOf(page, pledge) {
  await page.goto(pledge);
  return (await page.locator('main .pairs').first().innerText()).match(/RF\d\d[ \u00a00-9A-Z]+/)[0].replace(/[^0-9A-Z]/g, '');
}

test('a statement is imported, its line matched by a person and taken back by two', async () => {
  const pledge = await promised('1,234.56');
  const coordinator = await house.visitor({ locale: 'en-GB' });
  await coordinator.signIn('coordinator@demo.test');
  const page = coordinator.page;
  const reference = await referenceOf(page, pledge);

  await upload(page, 'statement.xml', camt(today, 87_77, [{ minor: 123456, party: 'Ganok Soft', details: 'charity' }, { minor: 500, party: 'Somebody', details: 'no idea' }]));
  await page.waitForURL(/\/office\/statements\/[0-9a-f-]{36}\?notice=imported/);
  await keepsToTheRules(page, 'a statement');
  await shot(page, 'bank-statement-1280-en');
  assert.match(await page.locator('main').innerText(), /\$1,239\.56/, 'what moved');

  await page.goto('/office/unmatched?q=Ganok');
  assert.equal(await page.locator('main tbody tr').count(), 1, 'the search finds one line');
  await page.locator('main tbody th a').click();
  await page.waitForURL(/\/office\/lines\//);
  const line = new URL(page.url()).pathname;
  await keepsToTheRules(page, 'a line');
  await shot(page, 'bank-line-1280-en');
  const byHand = page.locator('form:has(#pledge)');
  await byHand.locator('#pledge').fill('RF00 WRONG');
  await byHand.locator('button').click();
  await page.waitForSelector('[role=alert]');
  assert.equal(await page.inputValue('#pledge'), 'RF00 WRONG');
  await page.locator('#pledge').fill(reference);
  await page.locator('#amount').fill('1,234.56');
  await page.locator('form:has(#pledge) button').click();
  await page.waitForURL(/notice=/);
  await page.goto(pledge);
  assert.match(await page.locator('main .status').first().innerText(), /received/i);
  await shot(page, 'bank-pledge-paid-1280-en');

  await page.goto(line);
  await page.locator('details summary').click();
  await page.locator('details textarea').fill('It was another company’s');
  await page.locator('details form button').click();
  await page.waitForURL(/notice=asked/);
  assert.equal(await page.locator('.times form[action$="/approve"]').count(), 0, 'who asks is offered to agree');

  const approver = await house.visitor({ locale: 'uk-UA', width: 390, colorScheme: 'dark' });
  await approver.signIn('approver@demo.test');
  await approver.page.goto(line);
  await keepsToTheRules(approver.page, 'a match that is to be undone');
  await shot(approver.page, 'bank-undo-390-uk');
  await approver.page.locator('.times form[action$="/approve"] button').first().click();
  await approver.page.waitForURL(/notice=undone/);
  await approver.close();
  await page.goto(pledge);
  assert.doesNotMatch(await page.locator('main .status').first().innerText(), /received/i, 'the pledge is still paid');
  await page.goto('/office/unmatched?q=Ganok');
  assert.equal(await page.locator('main tbody tr').count(), 1, 'the money waits no more');
  await coordinator.close();
});

test('money that names its pledge is matched by itself, from MT940 and from a bank’s CSV', async () => {
  const coordinator = await house.visitor({ locale: 'uk-UA' });
  await coordinator.signIn('coordinator@demo.test');
  const page = coordinator.page;
  const short = (day) => day.slice(2).replaceAll('-', '');
  const before = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  const files = [
    ['statement.sta', '', (reference) => `:20:STMT1\n:25:${iban}\n:28C:1/1\n:60F:C${short(before(3))}USD10,00\n:61:${short(before(3))}C77,77NTRFNONREF//B-1\n:86:Charity ${reference}\n:62F:C${short(before(3))}USD87,77\n`],
    ['privat.csv', 'privatbank', (reference) => `Дата операції;Сума;Валюта;Назва контрагента;Призначення платежу;Референс\n${before(5).split('-').reverse().join('.')};77,77;USD;ТОВ «Ґанок»;Внесок ${reference};P-1\n`],
    ['mono.csv', 'monobank', (reference) => `Дата i час операції,Сума у валюті рахунку,Валюта рахунку,Контрагент,Призначення платежу,ID операції\n${before(7).split('-').reverse().join('.')} 10:11:12,77.77,USD,ТОВ Ґанок,Внесок ${reference},M-1\n`],
  ];
  for (const [name, columns, text] of files) {
    const pledge = await promised('77.77');
    const reference = await referenceOf(page, pledge);
    await upload(page, name, text(reference), columns);
    await page.waitForURL(/\/office\/statements\/[0-9a-f-]{36}\?notice=imported/, { timeout: 15_000 }).catch(async () => assert.fail(`${name}: ${await page.locator('main').innerText()}`));
    await within(10_000, async () => {
      await page.goto(pledge);
      assert.match(await page.locator('main .status').first().innerText(), /отримано/i, name);
    });
  }
  await page.goto('/office/statements');
  await keepsToTheRules(page, 'statements');
  await shot(page, 'bank-statements-1280-uk');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('section[aria-labelledby=files] a[type="text/csv"]')]);
  assert.equal(download.suggestedFilename(), 'statements.csv');
  await coordinator.close();
});

test('a broken file is refused with the line, in both languages, and nothing of it is kept', async () => {
  for (const [locale, width, words] of [['uk-UA', 390, /Рядо?к/i], ['en-GB', 1280, /line \d/i]]) {
    const visitor = await house.visitor({ locale, width });
    await visitor.signIn('coordinator@demo.test');
    await visitor.page.goto('/office/statements');
    const rows = () => visitor.page.locator('section[aria-labelledby=files] tbody tr').count();
    const kept = await rows();
    const whole = camt('2026-01-02', 0, [{ minor: 100, party: 'A', details: 'B' }]);
    for (const broken of [whole.slice(0, whole.length / 2), whole.replace('<Amt Ccy="USD">1.00', '<Amt Ccy="USD">1.0x')]) {
      await upload(visitor.page, 'broken.xml', broken);
      await visitor.page.waitForSelector('[role=alert]');
      assert.match(await visitor.page.locator('[role=alert]').innerText(), words);
    }
    await keepsToTheRules(visitor.page, 'a broken file');
    await shot(visitor.page, `bank-broken-${width}-${locale.slice(0, 2)}`);
    await visitor.page.goto('/office/statements');
    assert.equal(await rows(), kept, 'something of a broken file was kept');
    await visitor.close();
  }
});

test('a long file shows how far it is', async () => {
  const visitor = await house.visitor({ locale: 'uk-UA', width: 390 });
  await visitor.signIn('coordinator@demo.test');
  const { page } = visitor;
  let rows = 'Date,Amount,Currency,Name,Details,Transaction ID\n';
  for (let n = 0; n < 25_000; n++) rows += `2025-12-01,1.00,USD,Somebody,row ${n},L-${n}\n`;
  await upload(page, 'long.csv', rows, 'english');
  await page.waitForURL(/\/office\/(imports|statements)\/[0-9a-f-]{36}/, { timeout: 30_000 });
  if (page.url().includes('/imports/')) { // else this machine reads so many lines at once
    await page.waitForSelector('progress, main a[href*="/statements/"]'); // at the very beginning there is nothing to show yet
    await keepsToTheRules(page, 'a file on its way');
    await shot(page, 'bank-progress-390-uk');
    await page.locator('main a[href*="notice=imported"]').click({ timeout: 120_000 });
  }
  await page.waitForURL(/\/office\/statements\/[0-9a-f-]{36}\?notice=imported/);
  assert.match(await page.locator('main').innerText(), /25.000/);
  await keepsToTheRules(page, 'a long statement');
  await visitor.close();
});
