import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { INJECTIONS_A_READ } from '../../src/record/injection-events';
import type { ConversationRef } from '../../src/domain/message';
import type { InjectionEvent } from '../../src/domain/injection-event';
import { InjectionFeed, type InjectionReader } from '../../src/ingest/injection-feed';
import { migrate } from '../../src/record/migrate';
import { NotificationListener } from '../../src/record/notifications';
import { createPool, transaction } from '../../src/record/pool';
import { storeInjected } from '../support/injected';
import { poll } from '../support/poll';

const databaseUrl = process.env['DATABASE_URL']!;
const DEADLINE_MS = 10_000;
let pool: Pool;
let listener: NotificationListener;
let feed: InjectionFeed;
const errors: Error[] = [];

beforeAll(async () => {
  pool = createPool({ url: databaseUrl, size: 10 });
  await migrate(pool);
  listener = new NotificationListener(databaseUrl, (error) => errors.push(error));
  feed = new InjectionFeed(pool, listener, (error) => errors.push(error));
  listener.start();
});
afterAll(async () => {
  feed.close();
  await listener.close();
  await pool.end();
});

const someRef = (): ConversationRef => ({
  namespace: `feed-${randomUUID()}`,
  userId: 'ada',
  conversationId: 'c1',
});

function keeping(): { read: InjectionReader; ids: number[]; contents: string[]; takes: { more: boolean } } {
  const kept = { ids: [] as number[], contents: [] as string[], takes: { more: true } };
  const read = (events: readonly InjectionEvent[]): boolean => {
    kept.ids.push(...events.map((event) => event.id));
    kept.contents.push(...events.map((event) => event.injection.content));
    return kept.takes.more;
  };
  return { ...kept, read };
}

const have = (list: unknown[], count: number): Promise<boolean> =>
  poll(`${count} injections came`, DEADLINE_MS, async () => list.length >= count, 10);

it('delivers what is committed from now on, in order, to the followers of that conversation alone', async () => {
  const [ref, other] = [someRef(), someRef()];
  await storeInjected(pool, ref, ['before']);
  const [mine, second, theirs] = [keeping(), keeping(), keeping()];
  const subscriptions = await Promise.all([
    feed.follow(ref, null, mine.read),
    feed.follow(ref, null, second.read),
    feed.follow({ ...ref, userId: 'bob' }, null, theirs.read),
    feed.follow(other, null, theirs.read),
  ]);
  await storeInjected(pool, ref, ['one', 'two']);
  await storeInjected(pool, ref, ['three']);
  await Promise.all([have(mine.contents, 3), have(second.contents, 3)]);
  expect(mine.contents).toEqual(['one', 'two', 'three']);
  expect(second.ids).toEqual(mine.ids);
  expect(mine.ids).toEqual([...mine.ids].sort((a, b) => a - b));
  expect(theirs.contents).toEqual([]);
  for (const subscription of subscriptions) subscription.close();
  await storeInjected(pool, ref, ['four']);
  const late = keeping();
  await feed.follow(ref, 0, late.read);
  await have(late.contents, 5);
  expect(late.contents).toEqual(['before', 'one', 'two', 'three', 'four']);
  expect(mine.contents).toHaveLength(3);
});

it('goes on behind any position, also one between two injections of a message', async () => {
  const ref = someRef();
  await storeInjected(pool, ref, ['one', 'two']);
  await storeInjected(pool, ref, ['three']);
  const all = keeping();
  await feed.follow(ref, 0, all.read);
  await have(all.contents, 3);
  for (const [place, id] of all.ids.entries()) {
    const rest = keeping();
    await feed.follow(ref, id, rest.read);
    await have(rest.contents, 2 - place);
    expect(rest.contents).toEqual(all.contents.slice(place + 1));
  }
});

it('says nothing of a transaction that is rolled back', async () => {
  const ref = someRef();
  const kept = keeping();
  await feed.follow(ref, null, kept.read);
  const rolledBack = transaction(pool, async (client) => {
    await storeInjected(client, ref, ['never']);
    throw new Error('no');
  });
  await expect(rolledBack).rejects.toThrow('no');
  await storeInjected(pool, ref, ['kept']);
  await have(kept.contents, 1);
  expect(kept.contents).toEqual(['kept']);
});

it('gives a reader that has had enough one read at most, until it asks for more', async () => {
  const ref = someRef();
  const many = Array.from({ length: 3 * INJECTIONS_A_READ + 7 }, (_, i) => `number ${i}`);
  for (let from = 0; from < many.length; from += INJECTIONS_A_READ)
    await storeInjected(pool, ref, many.slice(from, from + INJECTIONS_A_READ));
  const slow = keeping();
  slow.takes.more = false;
  const subscription = await feed.follow(ref, 0, slow.read);
  await have(slow.contents, INJECTIONS_A_READ);
  const quick = keeping();
  await feed.follow(ref, 0, quick.read);
  await have(quick.contents, many.length);
  await storeInjected(pool, ref, ['news']);
  await have(quick.contents, many.length + 1);
  expect(slow.contents).toHaveLength(INJECTIONS_A_READ);
  slow.takes.more = true;
  subscription.resume();
  await have(slow.contents, many.length + 1);
  expect(slow.contents).toEqual([...many, 'news']);
});

it('misses nothing that is committed while its connection is lost', async () => {
  const ref = someRef();
  const kept = keeping();
  await feed.follow(ref, null, kept.read);
  const ended = await pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'agentic-memories-listen' AND query LIKE 'LISTEN%'`,
  );
  expect(ended.rowCount).toBeGreaterThan(0);
  await storeInjected(pool, ref, ['unheard']);
  await have(kept.contents, 1);
  await storeInjected(pool, ref, ['heard again']);
  await have(kept.contents, 2);
  expect(kept.contents).toEqual(['unheard', 'heard again']);
  expect(errors.length).toBeGreaterThan(0);
});

it('starts over when the conversation is not as far as the position: it was erased and began again', async () => {
  const ref = someRef();
  await storeInjected(pool, ref, ['first']);
  const kept = keeping();
  await feed.follow(ref, 90_000, kept.read);
  await have(kept.contents, 1);
  expect(kept.contents).toEqual(['first']);
});
