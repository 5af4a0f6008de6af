import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { apiClient, type ApiClient } from '../support/api-client';
import { importEnded, ndjson, sendImport, type ImportLineBody } from '../support/import-client';
import { poll } from '../support/poll';
import { startStack, type Stack } from '../support/stack';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SUMMARIZED_WITHIN_MS = 60_000;

let stack: Stack;
let api: ApiClient;
let pool: Pool;
beforeAll(async () => {
  stack = await startStack({ env: { EMBEDDER: 'none' } });
  api = apiClient(stack.url);
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 2 });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await pool?.end();
}, 60_000);

const said = (user: string, conversation: string, timestamp: string, content: string): ImportLineBody => ({
  user_id: user,
  conversation_id: conversation,
  role: 'user',
  content,
  timestamp,
});

async function importAll(lines: ImportLineBody[]): Promise<void> {
  const { body } = await sendImport(stack.url, ndjson(lines));
  expect(body).toMatchObject({ accepted: lines.length });
  await importEnded(stack.url, body.import_id);
}

it('a message’s own time decides how fresh it is, and what created_after and created_before see', async () => {
  const user = 'ida';
  const fresh = new Date(Date.now() - HOUR_MS).toISOString();
  const middle = new Date(Date.now() - 40 * DAY_MS).toISOString();
  const old = '2012-06-01T10:00:00.000Z';
  await importAll([
    said(user, 'fresh', fresh, 'The lighthouse keeper painted his boat green.'),
    said(user, 'old', '2012-06-01T12:00:00+02:00', 'The lighthouse keeper painted his fence white.'),
    said(user, 'middle', middle, 'The lighthouse keeper painted his door blue.'),
  ]);
  const { body } = await api.post('/v1/retrieve', {
    user_id: user,
    query: 'what did the lighthouse keeper paint?',
    explain: true,
  });
  interface Found {
    id: string;
    created_at: string;
  }
  const memories = body.results.memories as Found[];
  expect(new Set(memories.map((one) => one.created_at))).toEqual(new Set([fresh, middle, old]));
  const links = body.explainability.source_links as { id: string; temporal: number }[];
  const freshness = (at: string): number =>
    links.find(({ id }) => id === memories.find((one) => one.created_at === at)!.id)!.temporal;
  // At a half-life of thirty days.
  expect(freshness(fresh)).toBeGreaterThan(1.5 * freshness(middle));
  expect(freshness(middle)).toBeGreaterThan(freshness(old));

  const timesOf = async (filter: string): Promise<string[]> => {
    const list = await api.get(`/v1/retrieve?user_id=${user}&${filter}`);
    return (list.body.results as Found[]).map((one) => one.created_at);
  };
  expect(await timesOf('sort=newest')).toEqual([fresh, middle, old]);
  // Inclusive after, exclusive before.
  expect(await timesOf(`sort=oldest&created_after=${middle}`)).toEqual([middle, fresh]);
  expect(await timesOf(`sort=oldest&created_before=${middle}`)).toEqual([old]);
});

it('a file in any order: turns are in the order of the file, memories in that of time, each in one episode', async () => {
  const user = 'jon';
  const day = (n: number): string => new Date(Date.parse('2022-03-10T09:00:00Z') - n * DAY_MS).toISOString();
  // Backwards, day by day, between lines of another conversation that go forwards.
  const lines = Array.from({ length: 6 }, (_, n) => [
    said(user, 'backwards', day(n), `The diary of day ${n} tells of rain.`),
    said(user, 'forwards', day(20 - n), `The letter of day ${20 - n} tells of snow.`),
  ]).flat();
  await importAll(lines);
  const inOrder = async (conversation: string): Promise<string[]> => {
    const { rows } = await pool.query<{ content: string }>(
      'SELECT content FROM messages WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 ORDER BY seq',
      [stack.namespace, user, conversation],
    );
    return rows.map((row) => row.content);
  };
  for (const conversation of ['backwards', 'forwards'])
    expect(await inOrder(conversation)).toEqual(
      lines.filter((line) => line.conversation_id === conversation).map((line) => line.content),
    );
  const { body } = await api.get(`/v1/retrieve?user_id=${user}&sort=oldest&limit=100`);
  const memories = body.results as { id: string; created_at: string; content: string }[];
  const times = lines.map((line) => line.timestamp!);
  expect(memories.map((one) => one.created_at)).toEqual([...times].sort());

  interface Episode {
    source_ids: string[];
    from: string;
    to: string;
  }
  const episodes = await poll('all of it is in episodes', SUMMARIZED_WITHIN_MS, async () => {
    const answer = await api.get(`/v1/users/${user}/summaries?tier=episodic`);
    const found = answer.body.summaries as Episode[];
    return found.flatMap((one) => one.source_ids).length >= memories.length && found;
  });
  expect(episodes.flatMap((one) => one.source_ids).sort()).toEqual(memories.map((one) => one.id).sort());
  for (const { from, to, source_ids: sources } of episodes) {
    const within = memories.filter((one) => sources.includes(one.id)).map((one) => one.created_at);
    expect([from, to]).toEqual([within[0], within.at(-1)]);
  }
  // A day's silence ends an episode; going back in time does not.
  expect(episodes.map((one) => one.source_ids.length).sort()).toEqual([1, 1, 1, 1, 1, 1, 6]);
}, 90_000);
