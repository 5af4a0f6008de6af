import { createLocalEmbedder } from '../../src/models/local-embedder';
import { defaultModelDir } from '../../src/models/model-files';
import { scaledFromInt8, toInt8 } from '../../src/models/quantize';
import { backgroundShare } from '../../src/recall/background/share';
import { scorePool } from '../../src/recall/scoring/fuse';
import { evidenceOf, gateFeatures } from '../../src/recall/scoring/gate';
import { readQuestion } from '../../src/recall/scoring/question';
import { gateCases, textsOf, type GateCase, type Random } from './gate-cases';
import { readLocomo } from './locomo';
import { fitLogistic, logitOf, type Case } from './logistic';
import { meanPercent, quantile } from './measures';

const SEED = 7;
const TEXTS_A_CALL = 256;
/** How many of the questions that nothing answers may pass. */
const FALSE_SHARE = 0.04;
const ASKED_AT = new Date('2026-01-01T00:00:00Z');
const LEXICAL_FEATURES = [
  'share',
  'logMatched',
  'logContentTerms',
  'namesParticipant',
  'logMemories',
] as const;
const FEATURES = ['cosine', ...LEXICAL_FEATURES] as const;
type Feature = (typeof FEATURES)[number];

/** Prints the weights of the gate (src/recall/scoring/gate.ts), fitted on conversations in LoCoMo's format. */
async function main(): Promise<void> {
  const file = process.argv[2];
  if (!file) {
    console.error('usage: npm run eval:fit-gate -- FILE');
    process.exitCode = 2;
    return;
  }
  const cases = [...gateCases(readLocomo(file), seeded(SEED))];
  console.error(`${cases.length} cases`);
  for (const [name, vectors, features] of [
    ['withVectors', await vectorsOf(cases), FEATURES],
    ['lexical', null, LEXICAL_FEATURES],
  ] as const) {
    report(name, features, cases, featuresOf(cases, vectors));
  }
}

/** The features of each case; null for small talk, which the gate answers without them. */
function featuresOf(
  cases: readonly GateCase[],
  vectors: ReadonlyMap<string, Float32Array> | null,
): (Record<Feature, number> | null)[] {
  return cases.map((one) => {
    const { turns, texts, question: text } = textsOf(one);
    turns.forEach((turn, i) => {
      const vector = vectors?.get(texts[i]!);
      turn.vector = vector ? scaledFromInt8(toInt8(vector)) : null;
    });
    const question = readQuestion(one.text, one.names, vectors?.get(text) ?? null, ASKED_AT);
    if (question.phatic) return null;
    const scored = scorePool(one.pool, question, backgroundShare);
    return gateFeatures(
      { contentTerms: question.terms.length, namesParticipant: question.mentioned.size > 0, phatic: false },
      evidenceOf(scored, question),
      one.memoryCount,
    );
  });
}

/** Fits on all folds but one and judges that one; then fits on all. */
function report(
  name: string,
  features: readonly Feature[],
  cases: readonly GateCase[],
  values: readonly (Record<Feature, number> | null)[],
): void {
  const asCase = (i: number): Case => ({
    features: features.map((feature) => values[i]![feature]),
    label: cases[i]!.label,
    weight: cases[i]!.weight,
  });
  const usable = cases.flatMap((_one, i) => (values[i] ? [i] : []));
  const logits = new Map<number, number>();
  for (const fold of new Set(cases.map((one) => one.fold))) {
    const beta = fitLogistic(usable.filter((i) => cases[i]!.fold !== fold).map(asCase));
    for (const i of usable) if (cases[i]!.fold === fold) logits.set(i, logitOf(beta, asCase(i).features));
  }
  const wrong = usable.filter((i) => cases[i]!.label === 0 && !cases[i]!.kind.startsWith('absent'));
  const threshold = quantile(
    wrong.map((i) => logits.get(i)!),
    1 - FALSE_SHARE,
  )!;
  const beta = fitLogistic(usable.map(asCase));
  const weights = Object.fromEntries(features.map((feature, i) => [feature, round(beta[i]!)]));
  console.log(name, { ...weights, bias: round(beta.at(-1)! - threshold) });
  const kinds = new Map<string, number[]>();
  cases.forEach((one, i) => {
    const passes = (logits.get(i) ?? -Infinity) >= threshold ? 1 : 0;
    kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), passes]);
  });
  for (const [kind, passed] of [...kinds].sort()) console.log(`  ${kind}: ${meanPercent(passed)} % pass`);
}

async function vectorsOf(cases: readonly GateCase[]): Promise<Map<string, Float32Array>> {
  const texts = new Set<string>();
  for (const one of cases) {
    const needed = textsOf(one);
    for (const text of [...needed.texts, needed.question]) texts.add(text);
  }
  const embedder = createLocalEmbedder({ modelDir: defaultModelDir(), threads: 2 });
  const vectors = new Map<string, Float32Array>();
  try {
    const list = [...texts];
    for (let i = 0; i < list.length; i += TEXTS_A_CALL) {
      const part = list.slice(i, i + TEXTS_A_CALL);
      const embedded = await embedder.embed(part, { purpose: 'document' });
      part.forEach((text, k) => vectors.set(text, embedded[k]!));
      console.error(`${vectors.size} of ${list.length} texts embedded`);
    }
  } finally {
    await embedder.close();
  }
  return vectors;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A reproducible source of numbers from 0 to 1. */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
