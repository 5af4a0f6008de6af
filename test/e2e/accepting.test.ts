import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { apiClient, type ApiAnswer, type ApiClient } from '../support/api-client';
import { census } from '../support/invariants';
import { poll } from '../support/poll';
import { startReadyApi, startStack, type ApiProcess, type Stack } from '../support/stack';

/** Conversations that fast-check makes up; each is a run of its own. */
const RUNS = 25;
const INDEXED_DEADLINE_MS = 40_000;
const USER = 'ada';

let stack: Stack;
let second: ApiProcess;
let apis: ApiClient[];
let pool: Pool;
beforeAll(async () => {
  stack = await startStack({ env: { EMBEDDER: 'none', STORE_WAIT_MS: '1', FLUSH_INTERVAL_MS: '1000' } });
  second = await startReadyApi({ env: stack.env });
  apis = [apiClient(stack.url), apiClient(second.url)];
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 4 });
}, 90_000);
afterAll(async () => {
  await Promise.all([second?.stop(), stack?.stop(), pool?.end()]);
}, 60_000);

/** A message by its id; the variant of an id has another text. */
interface Said {
  id: number;
  variant: boolean;
}

interface Sent {
  route: 'append' | 'store' | 'turn';
  said: Said[];
  /** Which API process it goes to. */
  api: number;
}

const said = fc.record({
  id: fc.integer({ min: 0, max: 14 }),
  // Now and then an id is used for something else.
  variant: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
});
const sent: fc.Arbitrary<Sent> = fc
  .record({
    route: fc.constantFrom('append', 'store', 'turn'),
    said: fc.array(said, { minLength: 1, maxLength: 8 }),
    api: fc.nat({ max: 1 }),
  })
  .map((one) => (one.route === 'turn' ? { ...one, said: one.said.slice(0, 1) } : one));
/** Requests of a wave are in flight together; waves follow each other. */
const waves = fc.array(fc.array(sent, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 });

const textOf = ({ id, variant }: Said): string =>
  `${variant ? 'Instead, number' : 'Number'} ${id} is about my garden and its ${id % 3} pear trees.`;
const roleOf = ({ id }: Said): string => (id % 3 === 2 ? 'assistant' : 'user');
const messageOf = (one: Said): object => ({
  message_id: `m${one.id}`,
  role: roleOf(one),
  content: textOf(one),
});

function send(conversation: string, { route, said: messages, api }: Sent): Promise<ApiAnswer> {
  const client = apis[api]!;
  if (route === 'append') {
    const body = { user_id: USER, messages: messages.map(messageOf) };
    return client.post(`/v1/conversations/${conversation}/messages`, body);
  }
  if (route === 'store') {
    const body = { user_id: USER, conversation_id: conversation, history: messages.map(messageOf) };
    return client.post('/v1/store', body);
  }
  const turn = { ...messageOf(messages[0]!), conversation_id: conversation, metadata: { user_id: USER } };
  return client.post('/v1/orchestrator/message', turn);
}

interface Row {
  seq: number;
  message_id: string;
  content: string;
}

async function rowsOf(conversation: string): Promise<Row[]> {
  const result = await pool.query<Row>(
    `SELECT seq, message_id, content FROM messages
      WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 ORDER BY seq`,
    [stack.namespace, USER, conversation],
  );
  return result.rows;
}

/** What an answer says of its messages, without what is the answer's own. */
function tellsOf({ route }: Sent, { body }: ApiAnswer): object | null {
  if (route === 'turn') return { seq: body.seq, injections: body.injections };
  return route === 'append' ? { from: body.from_seq, through: body.through_seq } : null;
}

it('any requests in any order and at once: seqs without gaps, one row an id, the same answer again', async () => {
  await fc.assert(
    fc.asyncProperty(waves, async (all) => {
      const conversation = randomUUID();
      const answered: { request: Sent; answer: ApiAnswer }[] = [];
      for (const wave of all) {
        const answers = await Promise.all(wave.map((request) => send(conversation, request)));
        answered.push(...wave.map((request, i) => ({ request, answer: answers[i]! })));
      }
      const rows = await rowsOf(conversation);
      const stored = new Map(rows.map((row) => [row.message_id, row]));
      expect(rows.map((row) => row.seq)).toEqual(rows.map((_, i) => i + 1));
      expect(stored.size).toBe(rows.length);

      const taken = answered.filter(({ answer }) => answer.status !== 409);
      const ids = taken.flatMap(({ request }) => request.said.map((one) => `m${one.id}`));
      expect([...stored.keys()].sort()).toEqual([...new Set(ids)].sort());
      let fresh = 0;
      for (const { request, answer } of taken) {
        expect([200, 202]).toContain(answer.status);
        for (const one of request.said) expect(stored.get(`m${one.id}`)!.content).toBe(textOf(one));
        const seqs = request.said.map((one) => stored.get(`m${one.id}`)!.seq);
        if (request.route === 'append') {
          expect(answer.body.accepted + answer.body.duplicates).toBe(request.said.length);
          expect(tellsOf(request, answer)).toEqual({ from: Math.min(...seqs), through: Math.max(...seqs) });
        }
        if (request.route === 'turn') expect(answer.body.seq).toBe(seqs[0]);
        fresh += newOf(request, answer);
      }
      // Stores do not count what is new; without them every message was new to exactly one request.
      if (taken.every(({ request }) => request.route !== 'store')) expect(fresh).toBe(rows.length);

      for (const { request, answer } of answered) {
        const again = await send(conversation, { ...request, api: 1 - request.api });
        expect(again.status === 409).toBe(answer.status === 409);
        if (answer.status === 409) continue;
        expect(tellsOf(request, again)).toEqual(tellsOf(request, answer));
        expect(newOf(request, again)).toBe(0);
      }
      expect(await rowsOf(conversation)).toEqual(rows);
    }),
    { numRuns: RUNS },
  );
  const counted = await poll('everything is indexed', INDEXED_DEADLINE_MS, async () => {
    const now = await census(pool, stack.namespace);
    return now.outsideOneBatch === 0 && now.brokenConversations === 0 && now;
  });
  expect(counted).toMatchObject({ batchesWithoutMemory: 0, failedBatches: 0 });
}, 120_000);

function newOf({ route }: Sent, { body }: ApiAnswer): number {
  if (route === 'turn') return body.duplicate ? 0 : 1;
  return route === 'append' ? body.accepted : 0;
}
