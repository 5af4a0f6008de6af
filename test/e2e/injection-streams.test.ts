import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { createPool } from '../../src/record/pool';
import { apiClient, expectPath, type ApiClient } from '../support/api-client';
import { openEvents, type EventReader } from '../support/event-stream';
import { storeInjected } from '../support/injected';
import { poll } from '../support/poll';
import { injections } from '../support/shapes';
import { startReadyApi, startStack, type ApiProcess, type Stack } from '../support/stack';

const DEADLINE_MS = 20_000;
const STREAMS = 200;
const MESSAGES_A_STREAM = 4;

let stack: Stack;
let other: ApiProcess;
let api: ApiClient;
let pool: Pool;
const opened: EventReader[] = [];

beforeAll(async () => {
  stack = await startStack({ env: { STREAM_HEARTBEAT_MS: '200', STORE_WAIT_MS: '20000', EMBEDDER: 'none' } });
  other = await startReadyApi({ env: stack.env });
  api = apiClient(stack.url);
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 8 });
}, 120_000);
afterAll(async () => {
  for (const reader of opened) reader.close();
  await pool?.end();
  await other?.stop();
  await stack?.stop();
}, 60_000);

const pathOf = (userId: string, conversationId: string): string =>
  `/v1/conversations/${encodeURIComponent(conversationId)}/injections?user_id=${encodeURIComponent(userId)}`;

async function follow(url: string, lastEventId?: number | string): Promise<EventReader> {
  const reader = await openEvents(url, lastEventId);
  opened.push(reader);
  return reader;
}

const have = (reader: EventReader, count: number): Promise<boolean> =>
  poll(`${count} events came`, DEADLINE_MS, async () => reader.events.length >= count, 10);

describe('GET /v1/conversations/{id}/injections', () => {
  it('streams what the orchestrator injects, whichever process took the message', async () => {
    await api.post('/v1/store', {
      user_id: 'orla',
      conversation_id: 'before',
      history: [
        { role: 'user', content: 'I am allergic to peanuts.' },
        { role: 'user', content: 'My sister Lin lives in Oslo.' },
      ],
    });
    const here = await follow(stack.url + pathOf('orla', 'today'));
    const there = await follow(other.url + pathOf('orla', 'today'));
    const elsewhere = await follow(other.url + pathOf('orla', 'before'));
    expect(here.status).toBe(200);
    expect(here.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const ask = async (content: string): Promise<unknown[]> => {
      const answer = await api.post('/v1/orchestrator/message', {
        conversation_id: 'today',
        role: 'user',
        content,
        metadata: { user_id: 'orla' },
      });
      expect(answer.body.injections.length).toBeGreaterThan(0);
      return injections(answer.body.injections);
    };
    const told = [
      ...(await ask('Which foods am I allergic to?')),
      ...(await ask('In which city does my sister Lin live?')),
    ];
    await Promise.all([have(here, told.length), have(there, told.length)]);
    expect(here.events.map((event) => event.data)).toEqual(told);
    expect(there.events).toEqual(here.events);
    const ids = here.events.map((event) => event.id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(elsewhere.events).toEqual([]);

    const again = await follow(other.url + pathOf('orla', 'today'), ids[0]);
    await have(again, told.length - 1);
    expect(again.events).toEqual(here.events.slice(1));
    const all = await follow(stack.url + pathOf('orla', 'today'), 0);
    await have(all, told.length);
    expect(all.events).toEqual(here.events);
  });

  it('tells at once from where a reader that is cut before its first event resumes', async () => {
    const ref = { namespace: stack.namespace, userId: 'cut', conversationId: 'c' };
    await storeInjected(pool, ref, ['old']);
    const first = await follow(stack.url + pathOf('cut', 'c'));
    await poll('the position is told', DEADLINE_MS, async () => first.lastId() !== null);
    first.close();
    await first.ended;
    await storeInjected(pool, ref, ['while away']);
    const second = await follow(other.url + pathOf('cut', 'c'), first.lastId()!);
    await have(second, 1);
    expect(second.events.map((event) => event.data.content)).toEqual(['while away']);
  });

  it('sends heartbeats while there is nothing to say', async () => {
    const idle = await follow(stack.url + pathOf('idle', 'c'));
    await poll('heartbeats came', DEADLINE_MS, async () => idle.comments.length >= 3);
    expect(idle.events).toEqual([]);
  });

  it('answers HEAD with the head alone', async () => {
    const head = await fetch(stack.url + pathOf('idle', 'c'), { method: 'HEAD' });
    expect(head.headers.get('content-type')).toMatch(/^text\/event-stream/);
  });

  it('names what is wrong with a request', async () => {
    const path = pathOf('ada', 'c');
    expectPath(await api.get(path, { 'Last-Event-ID': 'x1' }), 'last-event-id', /whole number/);
    expectPath(await api.get('/v1/conversations/c/injections'), 'user_id');
  });

  it('ends in order when its process stops, and its readers lose nothing', async () => {
    const short = await startReadyApi({ env: stack.env });
    const ref = { namespace: stack.namespace, userId: 'stop', conversationId: 'c' };
    const reader = await follow(short.url + pathOf('stop', 'c'));
    await storeInjected(pool, ref, ['one']);
    await have(reader, 1);
    const started = Date.now();
    expect(await short.stop()).toBe(0);
    expect(Date.now() - started).toBeLessThan(8_000);
    await reader.ended;
    await storeInjected(pool, ref, ['two']);
    const next = await follow(stack.url + pathOf('stop', 'c'), reader.lastId()!);
    await have(next, 1);
    expect(next.events.map((event) => event.data.content)).toEqual(['two']);
  });
});

it(`${STREAMS} streams over two processes: kill -9 of one, and every reader has every injection once, and no other’s`, async () => {
  const mortal = await startReadyApi({ env: stack.env });
  const userId = `many-${randomUUID()}`;
  const heard = Array.from({ length: STREAMS }, (): string[] => []);
  let closing = false;
  /** As a client does: when the stream ends, again with the last id, at the other process. */
  const keepFollowing = async (place: number): Promise<void> => {
    let lastId: number | undefined;
    for (let attempt = place; !closing; attempt += 1) {
      const url = attempt % 2 === 0 ? stack.url : mortal.url;
      const reader = await follow(url + pathOf(userId, `c-${place}`), lastId).catch(() => null);
      if (!reader) continue;
      if (attempt === place) ready += 1;
      for (const event of reader.events) heard[place]!.push(event.data.content);
      reader.onEvent = (event) => heard[place]!.push(event.data.content);
      await reader.ended;
      lastId = reader.lastId() ?? lastId;
    }
  };
  let ready = 0;
  const followers = heard.map((_, place) => keepFollowing(place));
  await poll('all streams are open', DEADLINE_MS, async () => ready === STREAMS);
  const expected = heard.map((): string[] => []);
  const say = async (round: number): Promise<void> => {
    for (let place = 0; place < STREAMS; place += 1) {
      const content = `${round} for ${place}`;
      expected[place]!.push(content);
      await storeInjected(pool, { namespace: stack.namespace, userId, conversationId: `c-${place}` }, [
        content,
      ]);
    }
  };
  for (let round = 0; round < MESSAGES_A_STREAM; round += 1) {
    const saying = say(round);
    if (round === 1) mortal.kill('SIGKILL');
    await saying;
  }
  await poll(
    'everything is heard',
    DEADLINE_MS,
    async () => heard.every((contents, place) => contents.length >= expected[place]!.length),
    100,
  );
  expect(heard).toEqual(expected);
  closing = true;
  for (const reader of opened) reader.close();
  await Promise.all(followers);
}, 90_000);
