// Writes src/recall/background/frequencies.json: how often English stems occur in everyday language.
//
//   pip download --no-deps wordfreq==3.1.1 && npm run build && node scripts/build-background-frequencies.mjs wordfreq-3.1.1-py3-none-any.whl
//
// The word frequencies are those of the Python package wordfreq (see src/recall/background/LICENSE.md); words are
// prepared as recall prepares them, and the frequencies of words with one stem are added up.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';

const LIST = 'wordfreq/data/small_en.msgpack.gz';
const TABLE = fileURLToPath(new URL('../src/recall/background/frequencies.json', import.meta.url));
/** Levels are tenths of a power of ten: level 43 stands for a frequency of 10^-4.3. */
const STEPS_PER_POWER = 10;

const wheel = process.argv[2];
if (!wheel) {
  console.error('usage: node scripts/build-background-frequencies.mjs WORDFREQ_WHEEL');
  process.exit(2);
}
const { termsOf } = createRequire(import.meta.url)('../dist/src/recall/terms.js');

const packed = unzipSync(readFileSync(wheel), { filter: (file) => file.name === LIST })[LIST];
if (!packed) throw new Error(`${wheel} has no ${LIST}`);
// Its format "cB": a header, then one list of words for each centibel below certainty.
const [header, ...bins] = decode(gunzipSync(packed));
if (header.format !== 'cB' || header.version !== 1) throw new Error('the list has another format than cB 1');

const frequencies = new Map();
bins.forEach((words, centibels) => {
  for (const word of words) {
    const terms = termsOf(word);
    if (terms.length !== 1 || !/^[a-z]+$/.test(terms[0])) continue;
    frequencies.set(terms[0], (frequencies.get(terms[0]) ?? 0) + 10 ** (-centibels / 100));
  }
});
const levels = {};
for (const [stem, frequency] of [...frequencies].sort()) {
  const level = Math.round(-Math.log10(frequency) * STEPS_PER_POWER);
  levels[level] = levels[level] ? `${levels[level]} ${stem}` : stem;
}
writeFileSync(TABLE, `${JSON.stringify({ stepsPerPower: STEPS_PER_POWER, levels }, null, 2)}\n`);
console.log(`${frequencies.size} stems written to ${TABLE}`);

/** The part of MessagePack that the list uses. */
function decode(bytes) {
  let at = 0;
  const uint = (length) => {
    let value = 0;
    for (let i = 0; i < length; i += 1) value = value * 256 + bytes[at++];
    return value;
  };
  const text = (length) => bytes.subarray(at, (at += length)).toString('utf8');
  const list = (length) => Array.from({ length }, () => value());
  const map = (length) => Object.fromEntries(Array.from({ length }, () => [value(), value()]));
  function value() {
    const type = bytes[at++];
    if (type <= 0x7f) return type;
    if (type <= 0x8f) return map(type & 0x0f);
    if (type <= 0x9f) return list(type & 0x0f);
    if (type <= 0xbf) return text(type & 0x1f);
    if (type === 0xcc) return uint(1);
    if (type === 0xcd) return uint(2);
    if (type === 0xd9) return text(uint(1));
    if (type === 0xda) return text(uint(2));
    if (type === 0xdc) return list(uint(2));
    if (type === 0xdd) return list(uint(4));
    throw new Error(`unexpected MessagePack type 0x${type.toString(16)}`);
  }
  return value();
}
