import { randomUUID } from 'node:crypto';
import { keepEpisodes } from '../../activities/keep-episodes';
import { planPending } from '../../activities/plan-pending';
import { UnavailableError } from '../../src/domain/errors';
import type { Memory } from '../../src/domain/memory';
import type { ConversationRef } from '../../src/domain/message';
import { DEFAULT_INGESTION_POLICY, DEFAULT_RETRIEVAL_POLICY } from '../../src/domain/policy';
import type { Summarizer } from '../../src/models/summarizer';
import { createDefaultSummarizer } from '../../src/recall/default-summarizer';
import { readSummaries } from '../../src/recall/read-summaries';
import { finishBatches, unfinishedBatches } from '../../src/record/batches';
import { saveEpisodeSummaries, type MadeSummary } from '../../src/record/episode-summaries';
import { coveredByEpisode, cutEpisodes, markEpisodesStale, staleEpisodesOf } from '../../src/record/episodes';
import { saveMemories } from '../../src/record/memories';
import { acceptMessages, readTurns } from '../../src/record/messages';
import { migrate } from '../../src/record/migrate';
import { createPool } from '../../src/record/pool';
import { summariesById } from '../../src/record/summaries';

const MINUTE_MS = 60_000;
const MESSAGES = 60;
const PAUSE_EVERY = 7;
const TOPICS = ['harbour', 'violin', 'orchard', 'glacier', 'lantern'];

/** A pause within a batch would end nothing. */
const ONE_BY_ONE = { ...DEFAULT_INGESTION_POLICY, mediumVolumeBatchSize: 1, highVolumeBatchSize: 1 };

const pool = createPool({
  url: process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/memories',
  size: 4,
});
beforeAll(() => migrate(pool));
afterAll(() => pool.end());

const newRef = (): ConversationRef => ({
  namespace: `test-${randomUUID()}`,
  userId: 'ada',
  conversationId: 'chat',
});

/** What keepEpisodes needs; `summarizer` may die. */
function dependencies(summarizer: Summarizer): Parameters<typeof keepEpisodes>[0] {
  const parts = {
    pool,
    embedder: null,
    summarizer,
    extraction: null,
    episodes: { pauseMs: 30 * MINUTE_MS, maxMessages: 80 },
    tiersTeller: { tell: () => undefined, close: () => Promise.resolve() },
  };
  return parts as unknown as Parameters<typeof keepEpisodes>[0];
}

/** A talk with a long pause after every seven messages, each message a memory. */
async function said(ref: ConversationRef): Promise<void> {
  const start = Date.parse('2023-05-08T10:00:00Z');
  await acceptMessages(
    pool,
    ref,
    Array.from({ length: MESSAGES }, (_, i) => ({
      messageId: `m${i}`,
      role: 'user' as const,
      name: null,
      content: `I saw the ${TOPICS[i % TOPICS.length]} number ${i} in Lisbon.`,
      timestamp: new Date(start + (i + 60 * Math.floor(i / PAUSE_EVERY)) * MINUTE_MS),
      metadata: {},
      forcedPersona: null,
    })),
  );
  await planPending(
    { pool, defaults: { ingestion: ONE_BY_ONE, retrieval: DEFAULT_RETRIEVAL_POLICY } },
    { ref, flushThroughSeq: MESSAGES },
  );
  const batches = await unfinishedBatches(pool, ref, MESSAGES);
  const turns = await readTurns(pool, ref, 1, MESSAGES);
  const memories = batches.map((batch): Memory => {
    const own = turns.filter((turn) => turn.seq >= batch.firstSeq && turn.seq <= batch.lastSeq);
    return {
      namespace: ref.namespace,
      userId: ref.userId,
      id: batch.memoryId,
      tier: 'raw',
      layer: 'short-term',
      type: 'explicit',
      content: own.map((turn) => turn.content).join('\n'),
      conversationId: ref.conversationId,
      firstSeq: batch.firstSeq,
      lastSeq: batch.lastSeq,
      sourceMessageIds: own.map((turn) => turn.messageId),
      importance: 0.5,
      personaTags: ['identity'],
      emotionalSignature: null,
      metadata: {},
      createdAt: own[0]!.timestamp!,
      storedAt: own[0]!.storedAt,
    };
  });
  await saveMemories(pool, ref, memories);
  await finishBatches(
    pool,
    ref,
    batches.map((batch) => ({ firstSeq: batch.firstSeq, failureReason: null })),
  );
}

const episodic = (ref: ConversationRef) => readSummaries(pool, ref, { tier: 'episodic', limit: 1_000 });
const tellings = async (ref: ConversationRef): Promise<(string | null)[][]> =>
  (await episodic(ref)).map((one) => [one.frame, ...one.sentences.map((sentence) => sentence.text)]);

/** How many episodes each raw memory is in. */
async function episodesOfMemories(ref: ConversationRef): Promise<number[]> {
  const result = await pool.query<{ episodes: number }>(
    `SELECT (SELECT count(*) FROM episodes e WHERE e.namespace = m.namespace AND e.user_id = m.user_id
               AND e.conversation_id = m.conversation_id
               AND e.first_seq <= m.first_seq AND e.last_seq >= m.last_seq)::int AS episodes
       FROM memories m WHERE m.namespace = $1 AND m.tier = 'raw'`,
    [ref.namespace],
  );
  return result.rows.map((row) => row.episodes);
}

/** Dies before, or after, every other summary it makes. */
function mortal(): { summarizer: Summarizer; deaths: () => number } {
  const real = createDefaultSummarizer();
  let calls = 0;
  let deaths = 0;
  const summarizer: Summarizer = {
    ...real,
    async episode(turns, options) {
      calls += 1;
      if (calls % 2 === 0) {
        deaths += 1;
        throw new UnavailableError('postgres', 'the worker was killed');
      }
      return real.episode(turns, options);
    },
  };
  return { summarizer, deaths: () => deaths };
}

describe('episodes in the record', () => {
  it('are the same after crashes in the middle of summarizing, and none is there twice', async () => {
    const whole = newRef();
    await said(whole);
    await keepEpisodes(dependencies(createDefaultSummarizer()), whole, { flush: true, vectors: new Map() });
    const broken = newRef();
    await said(broken);
    const { summarizer, deaths } = mortal();
    for (let attempt = 1; attempt <= 50; attempt += 1) {
      const done = await keepEpisodes(dependencies(summarizer), broken, {
        flush: true,
        vectors: new Map(),
      }).then(
        () => true,
        () => false,
      );
      if (done) break;
    }
    expect(deaths()).toBeGreaterThan(2);
    const expected = await tellings(whole);
    expect(expected.length).toBeGreaterThan(4);
    expect(await tellings(broken)).toEqual(expected);
    for (const ref of [whole, broken]) {
      expect(new Set(await episodesOfMemories(ref))).toEqual(new Set([1]));
      const sources = (await episodic(ref)).flatMap((one) => one.sourceIds);
      expect(new Set(sources).size).toBe(sources.length);
      expect((await episodic(ref)).every((one) => one.freshness === 1)).toBe(true);
    }
  });

  it('tell which memories are covered by an episode that has ended', async () => {
    const ref = newRef();
    await said(ref);
    await keepEpisodes(dependencies(createDefaultSummarizer()), ref, { flush: true, vectors: new Map() });
    const { rows } = await pool.query<{ covered: boolean; last_seq: number }>(
      `SELECT ${coveredByEpisode('m')} AS covered, last_seq FROM memories m WHERE namespace = $1 ORDER BY last_seq`,
      [ref.namespace],
    );
    // Said long ago, but heard just now: the last one is still open.
    expect(rows[0]!.covered).toBe(true);
    expect(rows.at(-1)!.covered).toBe(false);
  });

  it('are cut by one of two plans that were made from the same', async () => {
    const ref = newRef();
    await said(ref);
    const cut = (lastSeq: number) =>
      cutEpisodes(
        pool,
        ref,
        1,
        {
          closed: [{ firstSeq: 1, lastSeq, end: 'pause' }],
          open: { firstSeq: lastSeq + 1, lastSeq: MESSAGES },
          endsAtMs: null,
        },
        Date.now(),
        () => randomUUID(),
        9,
      );
    const saved = await Promise.all([cut(10), cut(20)]);
    expect(saved.filter((stale) => stale === null)).toHaveLength(1);
    expect(await cut(30)).toBeNull();
    const end = saved[0] ? 10 : 20;
    const rows = (await staleEpisodesOf(pool, ref, 9)).map((one) => [one.firstSeq, one.lastSeq, one.open]);
    expect(rows).toEqual([
      [1, end, false],
      [end + 1, MESSAGES, true],
    ]);
    expect(saved.find((stale) => stale !== null)).toEqual(await staleEpisodesOf(pool, ref, 9));
  });

  it('stay behind when they change while they are summarized, and lose what nothing is left of', async () => {
    const ref = newRef();
    await said(ref);
    await keepEpisodes(dependencies(createDefaultSummarizer()), ref, { flush: true, vectors: new Map() });
    expect(await staleEpisodesOf(pool, ref, 9)).toEqual([]);
    const before = await episodic(ref);
    const memories = before.flatMap((one) => one.sourceIds);
    await markEpisodesStale(pool, ref, memories);
    const [first, second] = await staleEpisodesOf(pool, ref, 9);
    // While the first is summarized, one of its memories changes.
    await markEpisodesStale(pool, ref, before[0]!.sourceIds);
    const { version: _, createdAt: __, ...was } = (await summariesById(pool, ref, [before[0]!.id]))[0]!;
    const made: MadeSummary[] = [
      { episode: first!, summary: { ...was, basis: 'made from what was' } },
      { episode: second!, summary: null },
    ];
    await saveEpisodeSummaries(pool, ref, made, 0);
    const stale = (await staleEpisodesOf(pool, ref, 99)).map((one) => one.firstSeq);
    expect(stale).toContain(first!.firstSeq);
    expect(stale).not.toContain(second!.firstSeq);
    expect((await episodic(ref)).map((one) => one.id)).not.toContain(second!.summaryId);
    const marks = await pool.query('SELECT 1 FROM tier_marks WHERE namespace = $1', [ref.namespace]);
    expect(marks.rowCount).toBeGreaterThan(0);
  });
});
