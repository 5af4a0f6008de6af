import { withoutNames, nameWords } from '../../src/recall/terms';
import type { EvalApi, ImportLine } from './eval-api';
import { EVERYDAY, GENERAL_QUESTIONS, SMALL_TALK } from './everyday-talk';
import { inParallel } from './in-parallel';
import type { EvalConversation, EvalTurn } from './locomo';
import { meanPercent } from './measures';
import { ADVERSARIAL } from './recall-figures';
import { pick, type Random } from './random';

/** The contract's default `min_similarity`. */
export const THRESHOLD = 0.55;
const SMALL_STORE_TURNS = [1, 2, 3, 5, 10];
/** Per conversation: each costs a user of its own. */
const SMALL_STORES = 25;
const STRANGERS_A_SMALL_STORE = 4;

/** A question to a user, and whether anything of theirs answers it. */
export interface CalibrationCase {
  kind: string;
  userId: string;
  text: string;
  answered: boolean;
}

/** What has to be stored, and then asked. */
export interface CalibrationPlan {
  lines: ImportLine[];
  cases: CalibrationCase[];
}

/**
 * Own questions, another user's, small talk and general ones: to whole histories, to the same with every name taken
 * out, and to users of one to ten messages.
 * @param userOf the user that holds a conversation's history under its names
 */
export function calibrationPlan(
  conversations: readonly EvalConversation[],
  userOf: (conversation: EvalConversation) => string,
  random: Random,
): CalibrationPlan {
  const plan: CalibrationPlan = { lines: [], cases: [] };
  const everybody = nameWords(conversations.flatMap((conversation) => conversation.names));
  for (const [i, conversation] of conversations.entries()) {
    const stranger = conversations[(i + 1) % conversations.length]!;
    const strangers = stranger === conversation ? [] : stranger.questions.map((question) => question.text);
    const user = userOf(conversation);
    addWhole(plan, { suffix: '', userId: user, conversation, strangers, asked: (text) => text });

    const nameless = `${user}-nameless`;
    plan.lines.push(...linesOf(nameless, conversation.turns, everybody));
    const asked = (text: string): string => withoutNames(text, everybody);
    addWhole(plan, { suffix: ', nameless', userId: nameless, conversation, strangers, asked });

    addSmallStores(plan, user, conversation, strangers, random);
  }
  addEveryday(plan, `${userOf(conversations[0]!)}-everyday`);
  return plan;
}

/** Asks every question; gives the best score of each. */
export function askAll(api: EvalApi, cases: readonly CalibrationCase[]): Promise<number[]> {
  return inParallel(cases, async (one) => (await api.scores(one.userId, one.text, 1))[0] ?? 0);
}

/** The share of each kind of question that something would be injected for, in percent. */
export function injectedShares(
  cases: readonly CalibrationCase[],
  scores: readonly number[],
): Record<string, { questions: number; injected: number | null }> {
  const byKind = new Map<string, number[]>();
  cases.forEach((one, i) => {
    byKind.set(one.kind, [...(byKind.get(one.kind) ?? []), scores[i]! >= THRESHOLD ? 1 : 0]);
  });
  return Object.fromEntries(
    [...byKind].map(([kind, passed]) => [kind, { questions: passed.length, injected: meanPercent(passed) }]),
  );
}

/** The messages of a history, a conversation a session; without names, and none of them in the texts, if so asked. */
export function linesOf(
  userId: string,
  turns: readonly EvalTurn[],
  leaveOut: ReadonlySet<string> | null = null,
): ImportLine[] {
  const first = turns[0]?.name;
  return turns.map((turn) => ({
    user_id: userId,
    conversation_id: turn.sessionId,
    message_id: turn.messageId,
    role: turn.name === first ? 'user' : 'assistant',
    ...(leaveOut ? {} : { name: turn.name }),
    content: leaveOut ? withoutNames(turn.content, leaveOut) : turn.content,
    timestamp: turn.saidAt.toISOString(),
  }));
}

function addWhole(
  plan: CalibrationPlan,
  of: {
    suffix: string;
    userId: string;
    conversation: EvalConversation;
    strangers: readonly string[];
    asked: (text: string) => string;
  },
): void {
  const add = (kind: string, text: string, answered: boolean): void => {
    plan.cases.push({ kind: kind + of.suffix, userId: of.userId, text: of.asked(text), answered });
  };
  for (const question of of.conversation.questions)
    if (question.category !== ADVERSARIAL) add('own', question.text, true);
  for (const text of of.strangers) add("another's", text, false);
  for (const text of SMALL_TALK) add('small talk', text, false);
  for (const text of GENERAL_QUESTIONS) add('general', text, false);
}

/** Users who have said one to ten things so far: some turns in a row, the answer to a question among them. */
function addSmallStores(
  plan: CalibrationPlan,
  prefix: string,
  { turns, questions }: EvalConversation,
  strangers: readonly string[],
  random: Random,
): void {
  const answerable = questions.filter(
    (question) => question.category !== ADVERSARIAL && question.evidence.length === 1,
  );
  pick(answerable, SMALL_STORES, random).forEach((question, n) => {
    const size = SMALL_STORE_TURNS[n % SMALL_STORE_TURNS.length]!;
    const at = turns.findIndex((turn) => turn.messageId === question.evidence[0]);
    const session = turns.filter((turn) => turn.sessionId === turns[at]!.sessionId);
    const place = session.indexOf(turns[at]!);
    const from = Math.max(0, Math.min(place - Math.floor(random() * size), session.length - size));
    const userId = `${prefix}-first-day-${n}`;
    plan.lines.push(...linesOf(userId, session.slice(from, from + size)));
    plan.cases.push({ kind: 'own, first day', userId, text: question.text, answered: true });
    for (const text of pick(strangers, STRANGERS_A_SMALL_STORE, random))
      plan.cases.push({ kind: "another's, first day", userId, text, answered: false });
    for (const text of pick(SMALL_TALK, STRANGERS_A_SMALL_STORE, random))
      plan.cases.push({ kind: 'small talk, first day', userId, text, answered: false });
  });
}

/** Nobody's words but made-up ones: a user with a single memory each. */
function addEveryday(plan: CalibrationPlan, prefix: string): void {
  EVERYDAY.forEach(({ memory, questions }, n) => {
    const userId = `${prefix}-${n}`;
    plan.lines.push({
      user_id: userId,
      conversation_id: 'only',
      message_id: 'only',
      role: 'user',
      content: memory,
      timestamp: '2026-01-01T00:00:00Z',
    });
    for (const text of questions)
      plan.cases.push({ kind: 'own, a single everyday memory', userId, text, answered: true });
    for (const text of EVERYDAY[(n + 1) % EVERYDAY.length]!.questions)
      plan.cases.push({ kind: "another's, a single everyday memory", userId, text, answered: false });
  });
}
