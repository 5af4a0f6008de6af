import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SILENT_VALENCE } from '../../src/domain/memory';
import { createLocalAffectModel } from '../../src/models/affect/local-affect-model';
import { exampleVectors } from '../../src/models/example-vectors';
import { EXAMPLES } from '../../src/models/examples/examples';
import { createLocalEmbedder } from '../../src/models/local-embedder';
import { createLocalPersonaClassifier } from '../../src/models/local-persona-classifier';
import { defaultModelDir } from '../../src/models/model-files';
import type { Said } from '../../src/models/persona-classifier';
import { fromInt8, toInt8 } from '../../src/models/quantize';
import { personaTags } from '../../src/domain/persona-tags';

interface Row {
  persona: string;
  text: string;
  valence: string;
}

const BINS = [0, 0.5, 0.7, 0.85, 0.95, 1.0001];

/**
 * Prints how well sentences are read: their first persona tag, its confidence, and what is felt. Nothing is fitted on
 * the file: the classifier's weights come from the sentences that ship (see fit-examples).
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { data: { type: 'string' }, misses: { type: 'boolean', default: false } },
  });
  if (!values.data) {
    console.error(
      'usage: npm run eval:personas -- --data FILE.tsv [--misses]   (columns: persona, text, valence pos|neg|neu)',
    );
    process.exitCode = 2;
    return;
  }
  const rows = readRows(values.data);
  const embedder = createLocalEmbedder({ modelDir: defaultModelDir(), threads: 2 });
  // As at ingestion: "speaker: text", and the int8 vectors that the record keeps.
  const vectors = (
    await embedder.embed(
      rows.map((row) => `user: ${row.text}`),
      { purpose: 'document' },
    )
  ).map((v) => fromInt8(toInt8(v)));
  const queries = await embedder.embed(
    rows.map((row) => row.text),
    { purpose: 'query' },
  );
  for (const [name, embedded, withVectors] of [
    ['as messages', vectors, embedder],
    ['as questions', queries, embedder],
    ['by words alone', null, null],
  ] as const) {
    console.log(`\n# ${name}`);
    const known = exampleVectors(
      withVectors,
      EXAMPLES.map((example) => example.text),
    );
    const said = rows.map((row, i): Said => ({ text: row.text, vector: embedded?.[i] ?? null }));
    const tags = (await createLocalPersonaClassifier(known).classify(said)).map((reading) =>
      personaTags([{ reading, weight: 1 }], null),
    );
    reportPersonas(rows, tags, values.misses);
    reportFeelings(
      rows,
      (await createLocalAffectModel(known).feel(said)).map((felt) => felt?.valence ?? 0),
      values.misses,
    );
  }
  await embedder.close();
}

function reportPersonas(
  rows: readonly Row[],
  tags: readonly (readonly { persona: string; confidence: number }[])[],
  misses: boolean,
): void {
  const personas = [...new Set(rows.map((row) => row.persona))];
  const right = rows.map((row, i) => tags[i]![0]!.persona === row.persona);
  console.log(`first tag right: ${percent(right)} of ${rows.length}`);
  console.log(['(true \\ told)', ...personas].map((cell) => cell.slice(0, 13).padEnd(14)).join(''));
  for (const truth of personas) {
    const told = personas.map(
      (one) => rows.filter((row, i) => row.persona === truth && tags[i]![0]!.persona === one).length,
    );
    console.log([truth, ...told].map((cell) => String(cell).slice(0, 13).padEnd(14)).join(''));
  }
  console.log('confidence      sentences  mean confidence  right');
  for (let bin = 0; bin + 1 < BINS.length; bin += 1) {
    const inside = rows.flatMap((_, i) => {
      const { confidence } = tags[i]![0]!;
      return confidence >= BINS[bin]! && confidence < BINS[bin + 1]! ? [i] : [];
    });
    if (inside.length === 0) continue;
    const mean = (100 * inside.reduce((sum, i) => sum + tags[i]![0]!.confidence, 0)) / inside.length;
    const range = `${BINS[bin]}–${Math.min(1, BINS[bin + 1]!)}`;
    console.log(
      `${range.padEnd(16)}${String(inside.length).padEnd(11)}${`${mean.toFixed(0)} %`.padEnd(17)}${percent(inside.map((i) => right[i]!))}`,
    );
  }
  console.log(`tags a sentence: ${(tags.reduce((sum, of) => sum + of.length, 0) / rows.length).toFixed(2)}`);
  if (misses)
    rows.forEach(
      (row, i) =>
        right[i] ||
        console.log(
          `  ${row.persona} → ${tags[i]!.map((t) => `${t.persona} ${t.confidence.toFixed(2)}`).join(', ')}: ${row.text}`,
        ),
    );
}

function reportFeelings(rows: readonly Row[], valences: readonly number[], misses: boolean): void {
  const felt = rows.map((row, i) => {
    const silent = Math.abs(valences[i]!) <= SILENT_VALENCE;
    return row.valence === 'neu'
      ? silent
      : !silent && Math.sign(valences[i]!) === (row.valence === 'pos' ? 1 : -1);
  });
  const of = (neutral: boolean): boolean[] =>
    rows.flatMap((row, i) => ((row.valence === 'neu') === neutral ? [felt[i]!] : []));
  console.log(
    `sign of feeling right: ${percent(of(false))} of ${of(false).length}; silent on neutral: ${percent(of(true))} of ${of(true).length}`,
  );
  if (misses)
    rows.forEach(
      (row, i) => felt[i] || console.log(`  ${row.valence} → ${valences[i]!.toFixed(2)}: ${row.text}`),
    );
}

function readRows(file: string): Row[] {
  const [, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  return lines.map((line) => {
    const [persona = '', text = '', valence = ''] = line.split('\t');
    return { persona, text, valence };
  });
}

function percent(values: readonly boolean[]): string {
  return `${((100 * values.filter(Boolean).length) / values.length).toFixed(1)} %`;
}

void main();
