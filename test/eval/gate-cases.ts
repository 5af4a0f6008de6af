import { questionForEmbedding } from '../../src/recall/scoring/question';
import { embeddingTextOf } from '../../src/recall/index-terms';
import { makePool, type Pool } from '../../src/recall/scoring/pool';
import { EVERYDAY, GENERAL_QUESTIONS, SMALL_TALK } from './everyday-talk';
import type { EvalConversation } from './locomo';
import { pick, type Random } from './random';
import { poolTurns, type EvalPoolTurn } from './whole-history';

const SMALL_STORES = [1, 3, 10];
const STRANGERS_QUESTIONS = 60;
const ADVERSARIAL = 5;
const FOLDS = 5;
/** A long conversation's batches hold two turns on average. */
const MEMORIES_A_TURN = 0.53;

/** A question to a store, and whether the store answers it. */
export interface GateCase {
  kind: string;
  label: 0 | 1;
  /** Cases of one fold are judged by weights fitted on the others. */
  fold: number;
  weight: number;
  text: string;
  names: readonly string[];
  pool: Pool<EvalPoolTurn>;
  memoryCount: number;
}

/** Own questions, strangers', small talk and general ones, to whole stores and to those of a user's first day. */
export function* gateCases(conversations: readonly EvalConversation[], random: Random): Generator<GateCase> {
  const everybody = conversations.flatMap((conversation) => conversation.names);
  for (const [i, conversation] of conversations.entries()) {
    for (const nameless of [false, true]) {
      yield* casesOf(conversation, i % FOLDS, nameless, everybody, conversations, random);
    }
  }
  yield* everydayCases(random);
}

function* casesOf(
  conversation: EvalConversation,
  fold: number,
  nameless: boolean,
  everybody: readonly string[],
  all: readonly EvalConversation[],
  random: Random,
): Generator<GateCase> {
  const suffix = nameless ? ', nameless' : '';
  const names = nameless ? [] : conversation.names;
  const asked = (text: string): string => (nameless ? questionForEmbedding(text, everybody) : text);
  const turns = poolTurns(conversation, nameless);
  const whole = makePool(turns);
  const wholeCount = Math.round(turns.length * MEMORIES_A_TURN);
  const large = { fold, names, pool: whole, memoryCount: wholeCount };
  const small = (of: readonly EvalPoolTurn[], size: number) => {
    const some = pick(of, size, random);
    return { fold, names, pool: makePool(some), memoryCount: some.length };
  };

  for (const question of conversation.questions) {
    if (question.category === ADVERSARIAL) continue;
    const text = asked(question.text);
    yield { ...large, kind: `own${suffix}`, label: 1, weight: 1, text };
    const evidence = turns.filter((turn) => question.evidence.includes(turn.messageId));
    const others = turns.filter((turn) => !question.evidence.includes(turn.messageId));
    const size = pick(SMALL_STORES, 1, random)[0]!;
    const some = [...evidence.slice(0, size), ...pick(others, Math.max(0, size - evidence.length), random)];
    const first = { fold, names, pool: makePool(some), memoryCount: some.length };
    yield { ...first, kind: `own, of ${size}${suffix}`, label: 1, weight: size === 1 ? 0.75 : 1.5, text };
    // Another memory of the same user is often on the same subject: a hint, no proof.
    yield { ...small(others, size), kind: `absent, of ${size}${suffix}`, label: 0, weight: 0.2, text };
  }
  for (const other of all) {
    if (other === conversation) continue;
    for (const question of pick(other.questions, STRANGERS_QUESTIONS, random)) {
      const text = asked(question.text);
      yield { ...large, kind: `stranger${suffix}`, label: 0, weight: 1, text };
      const size = pick(SMALL_STORES, 1, random)[0]!;
      yield { ...small(turns, size), kind: `stranger, few${suffix}`, label: 0, weight: 1, text };
    }
  }
  for (const text of SMALL_TALK) {
    yield { ...large, kind: `talk${suffix}`, label: 0, weight: 2, text };
    yield { ...small(turns, 3), kind: `talk, few${suffix}`, label: 0, weight: 2, text };
  }
  for (const text of GENERAL_QUESTIONS)
    yield { ...large, kind: `general${suffix}`, label: 0, weight: 1, text };
  for (const text of EVERYDAY.flatMap((one) => one.questions)) {
    yield { ...large, kind: `everyday, asked of another${suffix}`, label: 0, weight: 1.5, text };
  }
}

function* everydayCases(random: Random): Generator<GateCase> {
  const turns = EVERYDAY.map(({ memory }, i): EvalPoolTurn => ({
    messageId: `e${i}`,
    conversationId: `e${i}`,
    seq: 1,
    role: 'user',
    name: null,
    content: memory,
    saidAt: new Date(0),
    vector: null,
  }));
  for (const [i, { questions }] of EVERYDAY.entries()) {
    const others = turns.filter((turn) => turn !== turns[i]);
    for (const text of questions) {
      for (const size of [1, 3, 10, EVERYDAY.length]) {
        const some = [turns[i]!, ...pick(others, size - 1, random)];
        const store = { fold: i % FOLDS, names: [], pool: makePool(some), memoryCount: some.length };
        yield { ...store, kind: `everyday, of ${size}`, label: 1, weight: 4, text };
        const without = pick(others, Math.min(size, 10), random);
        const absent = { ...store, pool: makePool(without), memoryCount: without.length };
        yield { ...absent, kind: 'everyday, absent', label: 0, weight: 1.5, text };
      }
    }
  }
  for (const [i, text] of [...SMALL_TALK, ...GENERAL_QUESTIONS].entries()) {
    for (const size of SMALL_STORES) {
      const some = pick(turns, size, random);
      const store = { fold: i % FOLDS, names: [], pool: makePool(some), memoryCount: size };
      yield { ...store, kind: 'everyday, talk and general', label: 0, weight: 4, text };
    }
  }
}

/** What has to be embedded for a case: its turns by their texts, and its question. */
export function textsOf(one: GateCase): {
  turns: readonly EvalPoolTurn[];
  texts: string[];
  question: string;
} {
  return {
    turns: one.pool.turns,
    texts: one.pool.turns.map(embeddingTextOf),
    question: questionForEmbedding(one.text, one.names),
  };
}
