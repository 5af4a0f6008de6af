// Writes src/recall/background/frequencies.json: how often English stems occur in everyday language.
//
//   pip download --no-deps wordfreq==3.1.1 && npm run build && node scripts/build-background-frequencies.mjs wordfreq-3.1.1-py3-none-any.whl
//
// The word frequencies are those of the Python package wordfreq (see src/recall/background/LICENSE.md); words are
// prepared as recall prepares them, and the frequencies of words with one stem are added up.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { readWordList } from './word-list.mjs';

const TABLE = fileURLToPath(new URL('../src/recall/background/frequencies.json', import.meta.url));
/** Levels are tenths of a power of ten: level 43 stands for a frequency of 10^-4.3. */
const STEPS_PER_POWER = 10;

const wheel = process.argv[2];
if (!wheel) {
  console.error('usage: node scripts/build-background-frequencies.mjs WORDFREQ_WHEEL');
  process.exit(2);
}
const { termsOf } = createRequire(import.meta.url)('../dist/src/recall/terms.js');

const frequencies = new Map();
for (const { word, frequency } of readWordList(readFileSync(wheel))) {
  const terms = termsOf(word);
  if (terms.length !== 1 || !/^[a-z]+$/.test(terms[0])) continue;
  frequencies.set(terms[0], (frequencies.get(terms[0]) ?? 0) + frequency);
}
const levels = {};
for (const [stem, frequency] of [...frequencies].sort()) {
  const level = Math.round(-Math.log10(frequency) * STEPS_PER_POWER);
  levels[level] = levels[level] ? `${levels[level]} ${stem}` : stem;
}
writeFileSync(TABLE, `${JSON.stringify({ stepsPerPower: STEPS_PER_POWER, levels }, null, 2)}\n`);
console.log(`${frequencies.size} stems written to ${TABLE}`);
