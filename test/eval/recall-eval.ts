import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { FUSE_WEIGHTS } from '../../src/recall/scoring/fuse';
import { GATE_WEIGHTS } from '../../src/recall/scoring/gate';
import { ablate } from './ablate';
import { askAll, calibrationPlan, injectedShares, linesOf, THRESHOLD } from './calibration';
import { EvalApi, type WireHealth, type WireMemory } from './eval-api';
import { inParallel } from './in-parallel';
import { readLocomo, type EvalConversation } from './locomo';
import { meanPercent, quantile, rankedTurns, reliability } from './measures';
import { ADVERSARIAL, recallFigures, type AnsweredQuestion } from './recall-figures';
import { seeded } from './random';
import { printReport, type Report } from './recall-report';

const RETRIEVE_LIMIT = 30;
const CONTEXT_TOKENS = [500, 1_000, 2_000];
const SEED = 7;
const MS_PER_SECOND = 1_000;

const USAGE = `usage: npm run eval:recall -- --data FILE [--limit CONVERSATIONS] [--url URL] [--key KEY] [--out FILE] [--ablate]

Imports LoCoMo conversations over HTTP as users of their own, asks their questions and prints how much of the evidence
comes back, what would be injected for whom, and how long an answer takes. With --ablate: what each feature of the
score is worth, worked out in this process, without a running stack. FILE is in LoCoMo's format; it is not part of
this project (CC BY-NC 4.0).`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      limit: { type: 'string' },
      url: { type: 'string', default: 'http://localhost:8080' },
      key: { type: 'string', default: '' },
      out: { type: 'string', default: 'bench-results/recall-eval.json' },
      ablate: { type: 'boolean', default: false },
    },
  });
  if (!values.data) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const conversations = readLocomo(values.data).slice(0, values.limit ? Number(values.limit) : undefined);
  if (values.ablate) {
    await ablate(conversations, (line) => console.log(line));
    return;
  }
  const report = await evaluate(conversations, new EvalApi(values.url, values.key), values.data);
  printReport(report, (line) => console.log(line));
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\nall of it: ${values.out}`);
}

async function evaluate(
  conversations: readonly EvalConversation[],
  api: EvalApi,
  data: string,
): Promise<Report> {
  const { health, paths } = await api.describe();
  // A run's users are its own, so that runs do not find each other's memories.
  const run = Date.now().toString(36);
  const userOf = (conversation: EvalConversation): string => `eval-${run}-${conversation.id}`;
  const plan = calibrationPlan(conversations, userOf, seeded(SEED));

  const importing = performance.now();
  const lines = conversations.flatMap((conversation) => linesOf(userOf(conversation), conversation.turns));
  await api.importAll([...lines, ...plan.lines]);
  const importSeconds = secondsSince(importing);
  console.error(`${lines.length + plan.lines.length} messages indexed in ${importSeconds} s`);

  const answered: AnsweredQuestion[] = [];
  const judged: { score: number; relevant: boolean }[] = [];
  const times: number[] = [];
  for (const conversation of conversations) {
    for (const { text, category, evidence } of conversation.questions) {
      const before = performance.now();
      const memories = await api.retrieve(userOf(conversation), text, RETRIEVE_LIMIT);
      times.push(performance.now() - before);
      const turns = rankedTurns(memories.map(ranked));
      answered.push({ conversation: conversation.id, category, evidence, turns });
      if (category === ADVERSARIAL) continue;
      for (const { relevance, matches } of memories) {
        const relevant = matches.some((match) => evidence.includes(match.message_id));
        judged.push({ score: relevance, relevant });
      }
    }
    console.error(`${conversation.id}: ${conversation.questions.length} questions asked`);
  }

  const scores = await askAll(api, plan.cases);
  console.error(`${plan.cases.length} questions asked for the calibration`);
  const questionLevel = plan.cases.map((one, i) => ({ score: scores[i]!, relevant: one.answered }));
  return {
    data,
    commit: commit(),
    node: process.version,
    url: api.url,
    configuration: {
      ...partsOf(health),
      retrieve_limit: RETRIEVE_LIMIT,
      min_similarity: THRESHOLD,
      weights: FUSE_WEIGHTS,
      gate_weights: GATE_WEIGHTS,
    },
    health,
    taken_at: new Date().toISOString(),
    import_seconds: importSeconds,
    retrieve_ms: { p50: quantile(times, 0.5), p95: quantile(times, 0.95), p99: quantile(times, 0.99) },
    recall: recallFigures(answered),
    recall_at_10_by_conversation: Object.fromEntries(
      conversations.map(({ id }) => [
        id,
        recallFigures(answered.filter((one) => one.conversation === id))['categories 1-4']!.recall_at['10']!,
      ]),
    ),
    context: paths.includes('/v1/context') ? await contextFigures(api, conversations, userOf) : null,
    injected: injectedShares(plan.cases, scores),
    reliability: { of_memories: reliability(judged), of_questions: reliability(questionLevel) },
  };
}

/** The share of the evidence that a context block of so many tokens holds. */
async function contextFigures(
  api: EvalApi,
  conversations: readonly EvalConversation[],
  userOf: (conversation: EvalConversation) => string,
): Promise<Record<string, number | null>> {
  const asked = conversations.flatMap((conversation) =>
    conversation.questions
      .filter((question) => question.category !== ADVERSARIAL)
      .map((question) => ({ ...question, userId: userOf(conversation) })),
  );
  const figures: Record<string, number | null> = {};
  for (const tokens of CONTEXT_TOKENS) {
    const shares = await inParallel(asked, async ({ userId, text, evidence }) => {
      const sources = new Set(await api.contextSources(userId, text, tokens));
      return evidence.filter((id) => sources.has(id)).length / evidence.length;
    });
    figures[tokens] = meanPercent(shares);
    console.error(`context blocks of ${tokens} tokens asked for`);
  }
  return figures;
}

function ranked({ matches }: WireMemory) {
  return {
    matches: matches.map(({ message_id, content, score }) => ({ messageId: message_id, content, score })),
  };
}

/** What the figures depend on of the parts that answer: which embedder, and whether there is a language model. */
function partsOf({ checks }: WireHealth): { embedder: string; language_model: string } {
  const told = (part: string): string => checks[part]?.detail ?? checks[part]?.status ?? 'unknown';
  return { embedder: told('embedder'), language_model: told('llm') };
}

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ', changed');
  } catch {
    return 'unknown: not a checkout';
  }
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / MS_PER_SECOND);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
