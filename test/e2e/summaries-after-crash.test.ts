import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { importEnded, ndjson, sendImport, type ImportLineBody } from '../support/import-client';
import { createOwnRecord, type OwnRecord } from '../support/own-record';
import { poll } from '../support/poll';
import { startStack, startWorker, type Stack, type StackProcess } from '../support/stack';

const CONVERSATIONS = 4;
const EPISODES_EACH = 40;
const MESSAGES_AN_EPISODE = 6;
const EPISODES = CONVERSATIONS * EPISODES_EACH;
const KILLS = 3;
const MINUTE_MS = 60_000;
/** From the first to the last it is some ten years. */
const BETWEEN_EPISODES_MS = 90 * 86_400_000;
/** A killed worker's activities are missed after half a minute. */
const SETTLED_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 10;

const SAID: readonly ((n: number) => string)[] = [
  (n) => `I ran ${n} kilometres in the park and my knee hurts.`,
  (n) => `My manager moved the deadline of project ${n} to Friday.`,
  (n) => `I bought ${n} shares of Acme Corp at 12 dollars.`,
  (n) => `My sister Lena visited us with her ${n} paintings.`,
  (n) => `I wrote chapter ${n} of my novel about the lighthouse.`,
  (n) => `The doctor prescribed me pill number ${n} for my blood pressure.`,
  (n) => `I was born in house ${n} in Porto and I still love the sea.`,
];

/** A record of its own: this stack sweeps. */
let record: OwnRecord;
let stack: Stack;
let worker: StackProcess;
let pool: Pool;
beforeAll(async () => {
  record = await createOwnRecord();
  stack = await startStack({
    env: { DATABASE_URL: record.url, SWEEP_INTERVAL_MS: '1000', EMBEDDER: 'none' },
  });
  worker = stack.worker;
  pool = createPool({ url: record.url, size: 2, onError: () => undefined });
}, 120_000);
afterAll(async () => {
  if (worker !== stack?.worker) await worker.stop();
  await stack?.stop();
  await pool?.end();
  await record?.drop();
}, 60_000);

/** Years of talk, in short episodes with long pauses. */
function years(user: string): ImportLineBody[] {
  return Array.from({ length: EPISODES * MESSAGES_AN_EPISODE }, (_, i) => {
    const episode = Math.floor(i / (CONVERSATIONS * MESSAGES_AN_EPISODE));
    const minute = Math.floor(i / CONVERSATIONS) % MESSAGES_AN_EPISODE;
    return {
      user_id: user,
      conversation_id: `c${i % CONVERSATIONS}`,
      message_id: `m${i}`,
      role: 'user',
      content: SAID[i % SAID.length]!(i),
      timestamp: new Date(
        Date.parse('2014-01-01T09:00:00Z') + episode * BETWEEN_EPISODES_MS + minute * MINUTE_MS,
      ).toISOString(),
    };
  });
}

async function row<T extends object>(text: string, user: string): Promise<T> {
  return (await pool.query<T>(text, [user])).rows[0]!;
}

/** How many of the episodes are summarized as they are now. */
const summarized = async (user: string): Promise<number> =>
  (
    await row<{ fresh: number }>(
      `SELECT count(*)::int AS fresh FROM episodes e JOIN summaries s ON s.user_id = e.user_id AND s.id = e.summary_id
        WHERE e.user_id = $1 AND e.stale_since IS NULL`,
      user,
    )
  ).fresh;

async function settled(user: string): Promise<void> {
  await poll(
    'every episode has ended and is summarized, and so are the long lines',
    SETTLED_WITHIN_MS,
    async () => {
      const { behind } = await row<{ behind: boolean }>(
        `SELECT EXISTS (SELECT 1 FROM conversations WHERE user_id = $1 AND indexed_through <> appended_through)
           OR EXISTS (SELECT 1 FROM episodes WHERE user_id = $1 AND (stale_since IS NOT NULL OR ended_by IS NULL))
           OR EXISTS (SELECT 1 FROM tier_marks WHERE user_id = $1)
           OR NOT EXISTS (SELECT 1 FROM summaries WHERE user_id = $1 AND tier = 'arc') AS behind`,
        user,
      );
      return !behind && (await summarized(user)) === EPISODES;
    },
  );
}

/** Summaries without the ids that belong to one user: what they say, and of which messages. */
const tellings = async (user: string): Promise<unknown[]> =>
  (
    await pool.query(
      `SELECT s.tier, s.persona, s.conversation_id, s.first_seq, s.last_seq, s.frame, s.from_at, s.to_at,
              (SELECT jsonb_agg(jsonb_build_array(t.one ->> 'text', (
                        SELECT jsonb_agg(m.source_message_ids ORDER BY m.first_seq) FROM memories m
                         WHERE m.user_id = $1 AND t.one -> 'source_ids' ? m.id::text)) ORDER BY t.place)
                 FROM jsonb_array_elements(s.sentences) WITH ORDINALITY AS t (one, place)) AS sentences
         FROM summaries s WHERE s.user_id = $1 ORDER BY s.tier, s.persona, s.conversation_id, s.first_seq`,
      [user],
    )
  ).rows;

/** How many ended episodes each raw memory is in, and how many summaries say something of each episode. */
const timesHeld = (user: string) =>
  row<{ memories: number[]; summaries: number[] }>(
    `SELECT (SELECT array_agg(DISTINCT held.times) FROM (
               SELECT (SELECT count(*) FROM episodes e WHERE e.user_id = m.user_id AND e.conversation_id = m.conversation_id
                          AND e.ended_by IS NOT NULL AND e.first_seq <= m.first_seq AND e.last_seq >= m.last_seq)::int AS times
                 FROM memories m WHERE m.user_id = $1 AND m.tier = 'raw') AS held) AS memories,
            (SELECT array_agg(DISTINCT told.times) FROM (
               SELECT (SELECT count(*) FROM summaries s WHERE s.user_id = e.user_id AND s.tier = 'episodic'
                          AND s.conversation_id = e.conversation_id
                          AND s.first_seq <= e.last_seq AND s.last_seq >= e.first_seq)::int AS times
                 FROM episodes e WHERE e.user_id = $1) AS told) AS summaries`,
    user,
  );

it('kill -9 of the worker in the middle of summarizing an import of years leaves the same summaries, and none twice', async () => {
  const whole = await sendImport(stack.url, ndjson(years('whole')));
  await importEnded(stack.url, whole.body.import_id, SETTLED_WITHIN_MS);
  await settled('whole');
  const expected = await tellings('whole');
  expect(expected.length).toBeGreaterThan(EPISODES);

  const broken = await sendImport(stack.url, ndjson(years('broken')));
  const killedAt: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = killedAt.at(-1) ?? 0;
    if (before === EPISODES) break;
    await poll(
      'more is summarized',
      SETTLED_WITHIN_MS,
      async () => (await summarized('broken')) > before,
      LOOK_EVERY_MS,
    );
    worker.kill('SIGKILL');
    await worker.ended;
    killedAt.push(await summarized('broken'));
    worker = await startWorker({ env: stack.env });
  }
  // In the middle: some were made, and others were not.
  expect(killedAt[0]).toBeLessThan(EPISODES);
  expect(killedAt.length).toBeGreaterThan(1);
  await importEnded(stack.url, broken.body.import_id, SETTLED_WITHIN_MS);
  await settled('broken');
  expect(await tellings('broken')).toEqual(expected);
  for (const user of ['whole', 'broken'])
    expect(await timesHeld(user)).toEqual({ memories: [1], summaries: [1] });
}, 500_000);
