import { randomUUID } from 'node:crypto';
import { nextTelling } from '../../activities/tell-by-model';
import { migrate } from '../../src/record/migrate';
import { createPool } from '../../src/record/pool';
import { forgetVersionsOf, saveSummary, summariesById, type NewSummary } from '../../src/record/summaries';
import {
  noteNothingTold,
  postponeTellings,
  tellSummary,
  usersWithTellingsDue,
} from '../../src/record/tellings';

const HOUR_MS = 3_600_000;
const pool = createPool({
  url: process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/memories',
  size: 2,
});
beforeAll(() => migrate(pool));
afterAll(() => pool.end());

const extraction = {} as NonNullable<Parameters<typeof nextTelling>[0]['extraction']>;
const next = (owner: { namespace: string; userId: string }) => nextTelling({ pool, extraction }, owner);
const sentence = { text: 'Ana sailed.', sourceIds: [randomUUID()], saidAt: new Date(0), persona: 'work' };

/** A user with an ended episode of so many messages, summarized without a language model. */
async function episodeOf(messages: number, waitsMs = HOUR_MS) {
  const owner = { namespace: `test-${randomUUID()}`, userId: 'ada' };
  const id = randomUUID();
  await pool.query('INSERT INTO users (namespace, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    owner.namespace,
    owner.userId,
  ]);
  await pool.query(
    `INSERT INTO episodes (namespace, user_id, conversation_id, first_seq, last_seq, summary_id, ended_by, stale_since)
     VALUES ($1, $2, 'chat', 1, $3, $4, 'pause', NULL)`,
    [owner.namespace, owner.userId, messages, id],
  );
  const summary: NewSummary = {
    id,
    tier: 'episodic',
    persona: 'work',
    personaTags: ['work'],
    conversationId: 'chat',
    firstSeq: 1,
    lastSeq: messages,
    frame: null,
    sentences: [sentence],
    sourceIds: sentence.sourceIds,
    people: [],
    importance: 0.5,
    confidence: 1,
    method: 'extractive-1',
    degraded: true,
    basis: 'as it was',
    from: new Date(0),
    to: new Date(1),
  };
  await saveSummary(pool, owner, summary, waitsMs);
  return { owner, summary, read: async () => (await summariesById(pool, owner, [id]))[0]! };
}
const told = (id: string, version: number) => ({
  id,
  version,
  sentences: [{ ...sentence, text: 'Ana went sailing.' }],
  confidence: 1,
  method: 'told-1:m',
});

it('long lines keep what they said before, until what they said it of is deleted', async () => {
  const { owner, summary } = await episodeOf(80);
  const arc = { ...summary, id: randomUUID(), tier: 'arc' as const, conversationId: null, degraded: false };
  const say = (times: number) =>
    saveSummary(
      pool,
      owner,
      {
        ...arc,
        firstSeq: null,
        lastSeq: null,
        basis: `b${times}`,
        sentences: [{ ...sentence, text: `Ana sailed ${times} times.` }],
      },
      HOUR_MS,
    );
  const before = async (): Promise<string[]> =>
    (
      await pool.query<{ text: string }>(
        `SELECT sentences -> 0 ->> 'text' AS text FROM summary_versions
          WHERE namespace = $1 AND id = $2 ORDER BY version`,
        [owner.namespace, arc.id],
      )
    ).rows.map((row) => row.text);
  await say(1);
  await say(1);
  expect(await before()).toEqual([]);
  for (let times = 2; times <= 23; times += 1) await say(times);
  const kept = await before();
  expect(kept).toHaveLength(20);
  expect([kept[0], kept.at(-1)]).toEqual(['Ana sailed 3 times.', 'Ana sailed 22 times.']);
  await forgetVersionsOf(pool, owner, sentence.sourceIds);
  expect(await before()).toEqual([]);
});

describe('summaries that a language model is to tell', () => {
  it('are told when they are enough, or have waited', async () => {
    const [few, enough, late] = [await episodeOf(79), await episodeOf(80), await episodeOf(2, 0)];
    expect(await next(few.owner)).toBeNull();
    for (const { owner, summary } of [enough, late])
      expect(await next(owner)).toEqual({ tier: 'episodic', summaries: [{ id: summary.id, version: 1 }] });
    const due = await usersWithTellingsDue(pool, 1_000);
    expect(due).toContainEqual(late.owner);
    expect(due).not.toContainEqual(enough.owner);
    expect(await nextTelling({ pool, extraction: null }, enough.owner)).toBeNull();
  });

  it('stay told when they are made again of the same, and are made again of something else', async () => {
    const { owner, summary, read } = await episodeOf(80);
    expect(await tellSummary(pool, owner, told(summary.id, 1))).toBe(true);
    expect(await next(owner)).toBeNull();
    await saveSummary(pool, owner, summary, HOUR_MS);
    expect(await read()).toMatchObject({ version: 2, method: 'told-1:m', degraded: false });
    await saveSummary(pool, owner, { ...summary, basis: 'another' }, HOUR_MS);
    expect(await read()).toMatchObject({ version: 3, method: 'extractive-1', degraded: true });
    // What was told of what it was before comes too late.
    expect(await tellSummary(pool, owner, told(summary.id, 1))).toBe(false);
    expect(await next(owner)).toMatchObject({ summaries: [{ id: summary.id, version: 3 }] });
  });

  it('wait from when their episode ends', async () => {
    const { owner, summary, read } = await episodeOf(80);
    await saveSummary(pool, owner, { ...summary, degraded: false }, HOUR_MS);
    expect(await read()).toMatchObject({ degraded: false });
    expect(await next(owner)).toBeNull();
    await saveSummary(pool, owner, summary, HOUR_MS);
    expect(await next(owner)).not.toBeNull();
  });

  it('wait after they were tried in vain', async () => {
    const { owner, summary } = await episodeOf(80);
    await postponeTellings(pool, owner, [summary.id], new Date(Date.now() + HOUR_MS));
    expect(await next(owner)).toBeNull();
    await postponeTellings(pool, owner, null, new Date());
    expect(await next(owner)).not.toBeNull();
    await noteNothingTold(pool, owner, { id: summary.id, version: 2 }, HOUR_MS);
    expect(await next(owner)).not.toBeNull();
    await noteNothingTold(pool, owner, { id: summary.id, version: 1 }, HOUR_MS);
    expect(await next(owner)).toBeNull();
  });

  it('are long lines once 80 messages have ended since the last', async () => {
    const { owner, summary } = await episodeOf(80);
    await tellSummary(pool, owner, told(summary.id, 1));
    const arc = { ...summary, id: randomUUID(), tier: 'arc' as const, conversationId: null };
    await saveSummary(pool, owner, { ...arc, firstSeq: null, lastSeq: null }, HOUR_MS);
    expect(await next(owner)).toEqual({ tier: 'arc', summaries: [{ id: arc.id, version: 1 }] });
    await tellSummary(pool, owner, told(arc.id, 1));
    await saveSummary(pool, owner, { ...arc, firstSeq: null, lastSeq: null, basis: 'another' }, HOUR_MS);
    expect(await next(owner)).toBeNull();
    await pool.query(
      `INSERT INTO episodes (namespace, user_id, conversation_id, first_seq, last_seq, summary_id, ended_by, stale_since)
       VALUES ($1, $2, 'chat', 81, 160, $3, 'size', NULL)`,
      [owner.namespace, owner.userId, randomUUID()],
    );
    expect(await next(owner)).toMatchObject({ tier: 'arc' });
  });
});
