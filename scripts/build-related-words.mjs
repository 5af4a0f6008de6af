// Writes src/recall/background/related.json: which everyday English words are related in meaning.
//
//   pip download --no-deps wordfreq==3.1.1 && npm run build && node scripts/build-related-words.mjs wordfreq-3.1.1-py3-none-any.whl
//
// The commonest words of the Python package wordfreq, each embedded by itself with the local embedder: those whose
// vectors are alike are related (see src/recall/background/LICENSE.md for both).
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { readWordList } from './word-list.mjs';

const TABLE = fileURLToPath(new URL('../src/recall/background/related.json', import.meta.url));
const MAX_STEMS = 8_000;
const MIN_LETTERS = 3;
/** Below this cosine two words have little more than their kind in common. */
const MIN_LIKENESS = 0.55;
const STEPS_PER_LIKENESS = 20;
const TEXTS_A_CALL = 256;

const wheel = process.argv[2];
if (!wheel) {
  console.error('usage: node scripts/build-related-words.mjs WORDFREQ_WHEEL');
  process.exit(2);
}
const require = createRequire(import.meta.url);
const { termsOf } = require('../dist/src/recall/terms.js');
const { TIME_STEMS } = require('../dist/src/recall/stop-words.js');
const { createLocalEmbedder } = require('../dist/src/models/local-embedder.js');
const { defaultModelDir } = require('../dist/src/models/model-files.js');

/** By stem: its commonest word, and how common all its words are. */
const stems = new Map();
for (const { word, frequency } of readWordList(readFileSync(wheel))) {
  const terms = termsOf(word);
  if (terms.length !== 1 || !/^[a-z]+$/.test(terms[0]) || !/^[a-z']+$/.test(word)) continue;
  if (terms[0].length < MIN_LETTERS || TIME_STEMS.has(terms[0])) continue;
  const known = stems.get(terms[0]);
  if (known) known.frequency += frequency;
  else stems.set(terms[0], { word, frequency });
}
const chosen = [...stems].sort((a, b) => b[1].frequency - a[1].frequency).slice(0, MAX_STEMS);
const vectors = await embedded(chosen.map(([, { word }]) => word));

const related = {};
chosen.forEach(([stem], i) => {
  const levels = {};
  for (let j = i + 1; j < chosen.length; j += 1) {
    const likeness = dot(vectors[i], vectors[j]);
    if (likeness < MIN_LIKENESS) continue;
    (levels[Math.floor(likeness * STEPS_PER_LIKENESS)] ??= []).push(chosen[j][0]);
  }
  const parts = Object.entries(levels).map(([level, others]) => `${level} ${others.join(' ')}`);
  if (parts.length > 0) related[stem] = parts.join('; ');
});
writeFileSync(TABLE, `${JSON.stringify({ stepsPerLikeness: STEPS_PER_LIKENESS, related }, null, 2)}\n`);
console.log(`${Object.keys(related).length} stems written to ${TABLE}`);

async function embedded(words) {
  const embedder = createLocalEmbedder({ modelDir: defaultModelDir(), threads: 2 });
  const found = [];
  for (let i = 0; i < words.length; i += TEXTS_A_CALL)
    found.push(...(await embedder.embed(words.slice(i, i + TEXTS_A_CALL), { purpose: 'document' })));
  await embedder.close();
  return found;
}

function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += a[k] * b[k];
  return sum;
}
