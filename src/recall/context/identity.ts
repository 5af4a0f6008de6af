import { tenantName } from '../../domain/ids';
import { namesOf, type Owner } from '../../record/recall-reads';
import { headsAround } from '../../record/recall-turns';
import type { RecallDependencies } from '../candidates';
import { termsOf } from '../terms';
import type { CandidateTurn, TurnStore } from '../turn-store';
import type { ContextLine, ContextSection } from './block';
import { sentencesOf } from './excerpt';

const HEADING = 'Who they are:';
/** The most of the budget that is spent on it. */
const SHARE = 0.08;
const MAX_NAMES = 8;
const MAX_STATEMENTS = 5;
const MAX_STATEMENT_CHARS = 160;
const CANDIDATES = 20;

/** What people say of themselves when they say who they are. */
const ASKED_FOR = [
  ...new Set(
    termsOf(
      'my name call born grow live home city work job study married wife husband partner allergic vegan',
    ),
  ),
].join(' ');
const STATEMENT =
  /\b(?:my name is|(?:you can )?call me|i(?:'m|’m| am) (?:an? |from |originally |married|single|divorced|engaged|vegan|vegetarian|allergic)|i (?:live|work|study|studied|grew up|was born|come from)\b|my (?:wife|husband|partner|job|birthday|pronouns|native language)\b)/i;
const NOT_A_STATEMENT = /\?|\bi(?:'m|’m| am) an? (?:bit|little|lot)\b/i;

/**
 * Who the user is, from what the record has: the names of those who speak, and what the user said of themselves.
 * @throws UnavailableError when the index or the record is out of reach
 */
export async function identitySection(
  { pool, index }: RecallDependencies,
  turnStore: TurnStore,
  owner: Owner,
): Promise<ContextSection> {
  const [names, hits] = await Promise.all([
    namesOf(pool, owner),
    index.search(tenantName(owner.namespace, owner.userId), {
      terms: ASKED_FOR,
      vector: null,
      limit: CANDIDATES,
    }),
  ]);
  const ids = hits.map((hit) => hit.id);
  const heads = ids.length === 0 ? [] : await headsAround(pool, owner, {}, ids, 0);
  const { turns } = await turnStore.load(owner, heads, 0);
  return { heading: HEADING, share: SHARE, lines: [...speakers(names), ...statements(turns)] };
}

function speakers(names: readonly string[]): ContextLine[] {
  return names.length === 0
    ? []
    : [{ text: `Speakers: ${names.slice(0, MAX_NAMES).join(', ')}`, sources: [] }];
}

type SelfDescribing = Pick<CandidateTurn, 'role' | 'content' | 'saidAt' | 'seq' | 'memoryId'> & {
  recorded: { messageId: string } | null;
};

/** The newest statements first, each sentence once. */
export function statements(turns: readonly SelfDescribing[]): ContextLine[] {
  const known = new Set<string>();
  const found: ContextLine[] = [];
  const newestFirst = turns
    .filter((turn) => turn.role === 'user')
    .sort((a, b) => b.saidAt.getTime() - a.saidAt.getTime() || b.seq - a.seq);
  for (const turn of newestFirst) {
    for (const sentence of sentencesOf(turn.content)) {
      if (
        sentence.length > MAX_STATEMENT_CHARS ||
        !STATEMENT.test(sentence) ||
        NOT_A_STATEMENT.test(sentence)
      )
        continue;
      if (known.has(sentence.toLowerCase())) continue;
      known.add(sentence.toLowerCase());
      found.push({
        text: `- ${sentence}`,
        sources: [{ memoryId: turn.memoryId, messageIds: turn.recorded ? [turn.recorded.messageId] : [] }],
      });
      if (found.length === MAX_STATEMENTS) return found;
    }
  }
  return found;
}
