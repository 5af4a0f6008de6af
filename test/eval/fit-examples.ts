import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLocalEmbedder } from '../../src/models/local-embedder';
import { defaultModelDir } from '../../src/models/model-files';
import {
  affectFeatures,
  FEELING_EXAMPLES,
  FEELING_WEIGHT,
  fitAffectRidge,
} from '../../src/models/affect/local-affect-model';
import { CLASSIFIED_PERSONAS, EXAMPLES, hashOfTexts, type Example } from '../../src/models/examples/examples';
import { fitPersonaRidge, softmax } from '../../src/models/local-persona-classifier';
import { countPersonaWords } from '../../src/models/persona-words';
import { fromInt8, toInt8 } from '../../src/models/quantize';
import { fitSoftmax } from './softmax';

const FOLDS = 10;

/**
 * Embeds the example sentences, writes their vectors beside them, and prints the weights that mix words and meaning,
 * fitted on scores of sentences that were left out of what scored them. Nothing but the shipped sentences is read.
 */
async function main(): Promise<void> {
  const embedder = createLocalEmbedder({ modelDir: defaultModelDir(), threads: 2 });
  const texts = EXAMPLES.map((example) => example.text);
  const bytes = (await embedder.embed(texts, { purpose: 'document' })).map(toInt8);
  await embedder.close();
  const root = path.resolve(__dirname.replace(/([\\/])dist[\\/]/, '$1'), '../..');
  const file = path.join(root, 'src', 'models', 'examples', `${embedder.name}.bin`);
  writeFileSync(file, Buffer.concat([hashOfTexts(texts), ...bytes]));
  console.log(`${texts.length} vectors written`);

  const vectors = new Map(EXAMPLES.map((example, i) => [example, fromInt8(bytes[i]!)]));
  fitPersonas(vectors);
  fitAffect(vectors);
}

function fitPersonas(vectors: ReadonlyMap<Example, Float32Array>): void {
  const classes = [...CLASSIFIED_PERSONAS, null];
  const examples = EXAMPLES.filter((example) => example.persona !== undefined);
  const scored = leftOut(examples, (train, test) => {
    const words = countPersonaWords(train, classes);
    const meaning = fitPersonaRidge(
      train.map((one) => vectors.get(one)!),
      train,
      classes,
    );
    return test.map((one) => ({ words: words(one.text), meaning: meaning(vectors.get(one)!) }));
  });
  let best = { loss: Infinity, words: 0, meaning: 0 };
  let alone = { loss: Infinity, words: 0 };
  for (let words = 0; words <= 2; words += 0.05) {
    for (let meaning = 0; meaning <= 20; meaning += 0.5) {
      const loss = mean(
        scored.map((scores, i) => {
          const logits = scores.words.map((word, c) => words * word + meaning * scores.meaning[c]!);
          return -Math.log(softmax(logits)[classes.indexOf(examples[i]!.persona!)]!);
        }),
      );
      if (loss < best.loss) best = { loss, words, meaning };
      if (meaning === 0 && loss < alone.loss) alone = { loss, words };
    }
  }
  console.log('personas, words and vectors', best, 'words alone', alone);
}

function fitAffect(vectors: ReadonlyMap<Example, Float32Array>): void {
  const scored = leftOut(FEELING_EXAMPLES, (train, test) => {
    const meaning = fitAffectRidge(
      train.map((one) => vectors.get(one)!),
      train,
    );
    return test.map((one) => meaning(vectors.get(one)!));
  });
  for (const [name, byMeaning] of [
    ['with vectors', true],
    ['words alone', false],
  ] as const) {
    const weights = fitSoftmax(
      FEELING_EXAMPLES.map((example, i) => ({
        features: affectFeatures(example.text, byMeaning ? scored[i]! : null),
        label: example.valence === 1 ? 0 : example.valence === -1 ? 1 : 2,
        weight: example.valence === 0 ? 1 : FEELING_WEIGHT,
      })),
      3,
    );
    console.log(
      'affect',
      name,
      JSON.stringify(weights.map((of) => of.map((w) => Math.round(w * 100) / 100))),
    );
  }
}

/** What each case is given by a model that has not seen it: every tenth is left out at a time. */
function leftOut<Case, Score>(
  cases: readonly Case[],
  score: (train: readonly Case[], test: readonly Case[]) => Score[],
): Score[] {
  const scores = new Array<Score>(cases.length);
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const train = cases.filter((_, i) => i % FOLDS !== fold);
    const places = cases.flatMap((_, i) => (i % FOLDS === fold ? [i] : []));
    score(
      train,
      places.map((i) => cases[i]!),
    ).forEach((one, k) => (scores[places[k]!] = one));
  }
  return scores;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

void main();
