// All browser tests in one house: one demo, one Chromium. Files run one after the other, for
// they look at the same money; axe, which only looks, goes beside them.

import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { open, start } from './house.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const beside = ['axe.test.mjs'];
const last = ['signin.test.mjs']; // it changes how the others' people sign in
const all = (await readdir(folder)).filter((name) => name.endsWith('.test.mjs')).sort();
const inTurn = [...all.filter((name) => !beside.includes(name) && !last.includes(name)), ...last];

const house = await start();
process.env.KOPIYKA_E2E = JSON.stringify(house.address);
process.on('SIGINT', () => {}); // the tests end, and then the house is closed

function run(files) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files.map((name) => folder + name)], { stdio: 'inherit' });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

// Everybody signs in once, before several files need them.
const hall = await open();
for (const who of ['company', 'coordinator', 'approver', 'admin']) {
  const visitor = await hall.visitor();
  await visitor.signIn(`${who}@demo.test`);
  await visitor.close();
}
await hall.close();

const codes = await Promise.all([run(inTurn), run(beside)]);
await house.close();
process.exitCode = Math.max(...codes);
