// All browser tests in one house: one demo, one Chromium. Files run one after the other, for
// they look at the same money.

import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { open, start } from './house.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const all = (await readdir(folder)).filter((name) => name.endsWith('.test.mjs'));
const first = ['site.test.mjs']; // it knows what a fresh demonstration comes to
const last = ['axe.test.mjs', 'signin.test.mjs']; // one opens a campaign more, the other changes how people sign in
const turns = [first, all.filter((name) => !first.includes(name) && !last.includes(name)), last.slice(0, 1), last.slice(1)];

const house = await start();
process.env.KOPIYKA_E2E = JSON.stringify(house.address);
process.on('SIGINT', () => {}); // the tests end, and then the house is closed

// Everybody signs in once, before several files need them.
const hall = await open();
for (const who of ['company', 'coordinator', 'approver', 'admin']) {
  const visitor = await hall.visitor();
  await visitor.signIn(`${who}@demo.test`);
  await visitor.close();
}
await hall.close();

process.exitCode = 0;
for (const files of turns) {
  const code = await new Promise((resolve) => {
    const tests = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files.map((name) => folder + name)], { stdio: 'inherit' });
    tests.on('exit', (code) => resolve(code ?? 1));
  });
  process.exitCode ||= code;
}
await house.close();
