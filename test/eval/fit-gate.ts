import { scaledFromInt8, toInt8 } from '../../src/models/quantize';
import { backgroundShare } from '../../src/recall/background/share';
import { scorePool } from '../../src/recall/scoring/fuse';
import { evidenceOf, gateFeatures } from '../../src/recall/scoring/gate';
import { readQuestion } from '../../src/recall/scoring/question';
import { gateCases, textsOf, type GateCase } from './gate-cases';
import { readLocomo } from './locomo';
import { fitLogistic, logitOf, type Case } from './logistic';
import { meanPercent, quantile } from './measures';
import { seeded } from './random';
import { vectorsOf } from './whole-history';

const SEED = 7;
/** How many of the questions that nothing answers may pass: by words alone more, lest too few others do. */
const FALSE_SHARES = { withVectors: 0.052, lexical: 0.07 };
const ASKED_AT = new Date('2026-01-01T00:00:00Z');
const LEXICAL_FEATURES = [
  'share',
  'logMatched',
  'logContentTerms',
  'namesParticipant',
  'namesUnknown',
  'unknownTerms',
  'phrases',
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
    ['withVectors', await vectorsOf(neededTexts(cases), (line) => console.error(line)), FEATURES],
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
      {
        contentTerms: question.terms.length,
        terms: question.terms,
        namesParticipant: question.mentioned.size > 0,
        properTerms: question.properTerms,
        phatic: false,
      },
      evidenceOf(scored, question),
      one.memoryCount,
    );
  });
}

/** Fits on all folds but one and judges that one; then fits on all. */
function report(
  name: keyof typeof FALSE_SHARES,
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
    1 - FALSE_SHARES[name],
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

function neededTexts(cases: readonly GateCase[]): Set<string> {
  const needed = new Set<string>();
  for (const one of cases) {
    const { texts, question } = textsOf(one);
    for (const text of texts) needed.add(text);
    needed.add(question);
  }
  return needed;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
