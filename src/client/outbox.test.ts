import {
  AuthenticationError,
  ConnectionError,
  QueueFullError,
  ShutdownError,
  ValidationError,
} from './errors';
import { Outbox, type OutboxOptions, type QueuedMessage } from './outbox';
import type { StreamedMessage } from './wire';

type Message = QueuedMessage['message'];

const message = (id: string, conversation = 'c'): Message => ({
  conversation_id: conversation,
  message_id: id,
  role: 'user',
  content: id,
});
const answerTo = ({ message_id: id, conversation_id: conversation }: Message): StreamedMessage => ({
  injections: [],
  conversation_id: conversation,
  message_id: id,
  seq: 1,
  duplicate: false,
  workflow_id: 'w',
});

/** A server that can be away, and refuses what it is told to. */
function server(): { sent: string[]; isAway: boolean; refused: Set<string>; options: OutboxOptions } {
  const state = { sent: [] as string[], isAway: false, refused: new Set<string>() };
  const options: OutboxOptions = {
    send: async (one) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      if (state.isAway) throw new ConnectionError('away');
      if (state.refused.has(one.message_id)) throw new ValidationError(422, {}, undefined);
      state.sent.push(one.message_id);
      return answerTo(one);
    },
    onSent: async () => undefined,
    onRefused: () => undefined,
    onLockedOut: () => undefined,
  };
  return Object.assign(state, { options });
}

/** Takes a second for each message. */
const slowly =
  (send: OutboxOptions['send']): OutboxOptions['send'] =>
  async (one, signal) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return send(one, signal);
  };

const until = async (isTrue: () => boolean): Promise<void> => {
  const deadline = Date.now() + 10_000;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error('not within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const ids = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `m${from + i}`);

it('sends a conversation’s messages in the order of the calls, though nobody awaits between them', async () => {
  const { sent, options } = server();
  const outbox = new Outbox(options);
  await Promise.all(ids(20).map((id) => outbox.put(message(id))));
  expect(sent).toEqual(ids(20));
});

it('queues while the server is away, tells so, and sends in order once it is back', async () => {
  const here = server();
  const outbox = new Outbox(here.options);
  await outbox.put(message('m0'));
  here.isAway = true;
  const deliveries = await Promise.all(ids(5, 1).map((id) => outbox.put(message(id))));
  expect(deliveries).toEqual(Array.from({ length: 5 }, () => ({ queued: true, answer: null })));
  const started = Date.now();
  expect(await outbox.put(message('m6'))).toMatchObject({ queued: true });
  // A chat must not wait for a server that is known to be away.
  expect(Date.now() - started).toBeLessThan(500);
  here.isAway = false;
  await until(() => here.sent.length === 7);
  expect(here.sent).toEqual(ids(7));
}, 15_000);

it('keeps what was queued while its key is not taken, and tells whoever still waits', async () => {
  const here = server();
  let isLockedOut = false;
  const told: unknown[] = [];
  const outbox = new Outbox({
    ...here.options,
    send: async (one, signal) => {
      if (isLockedOut) throw new AuthenticationError(401, {}, undefined);
      return here.options.send(one, signal);
    },
    onLockedOut: (error) => told.push(error),
  });
  here.isAway = true;
  await Promise.all(ids(3).map((id) => outbox.put(message(id))));
  isLockedOut = true;
  here.isAway = false;
  await until(() => told.length > 0);
  await expect(outbox.put(message('x', 'other'))).rejects.toThrow(AuthenticationError);
  expect(outbox.waiting).toBe(3);
  isLockedOut = false;
  await until(() => here.sent.length === 3);
  expect(here.sent).toEqual(ids(3));
  expect(told).toHaveLength(1);
}, 15_000);

it('tells whoever waits of a refusal, and goes on with what is behind it', async () => {
  const here = server();
  here.refused.add('m1');
  const outbox = new Outbox(here.options);
  const results = await Promise.allSettled(ids(3).map((id) => outbox.put(message(id))));
  expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(here.sent).toEqual(['m0', 'm2']);
});

it('lets nobody wait for long behind what has waited for the server', async () => {
  const here = server();
  const store = {
    load: async () => ids(4).map((id) => ({ key: id, message: message(id) })),
    add: async () => undefined,
    remove: async () => undefined,
  };
  const outbox = new Outbox({ ...here.options, send: slowly(here.options.send), store });
  const [behind, elsewhere] = [outbox.put(message('m4')), outbox.put(message('x', 'other'))];
  expect(await behind).toEqual({ queued: true, answer: null });
  expect(here.sent).not.toContain('m3');
  expect(await elsewhere).toMatchObject({ queued: false });
  await until(() => outbox.waiting === 0);
  expect(here.sent.filter((id) => id !== 'x')).toEqual(ids(5));
}, 20_000);

it('lets callers wait for each other', async () => {
  const here = server();
  const outbox = new Outbox({ ...here.options, send: slowly(here.options.send) });
  const deliveries = await Promise.all(ids(4).map((id) => outbox.put(message(id))));
  expect(deliveries.map((one) => one.queued)).toEqual([false, false, false, false]);
}, 20_000);

it('goes on behind a refused message that its store cannot let go of, and tells', async () => {
  const here = server();
  here.refused.add('m0');
  const told: unknown[] = [];
  const store = {
    load: async () => [],
    add: async () => undefined,
    remove: (key: string) => (key === first ? Promise.reject(new Error('disk full')) : Promise.resolve()),
  };
  let first: string | undefined;
  const outbox = new Outbox({
    ...here.options,
    onRefused: (_message, error) => told.push(error),
    store: { ...store, add: async ({ key }) => void (first ??= key) },
  });
  const results = await Promise.allSettled(ids(2).map((id) => outbox.put(message(id))));
  expect(results.map((one) => one.status)).toEqual(['rejected', 'fulfilled']);
  expect(told).toEqual([new Error('disk full')]);
  expect(outbox.waiting).toBe(0);
});

it('takes no more than it may hold', async () => {
  const here = server();
  here.isAway = true;
  const outbox = new Outbox({ ...here.options, maxMessages: 2 });
  const waiting = [outbox.put(message('m0')), outbox.put(message('m1', 'd'))];
  await expect(outbox.put(message('m2'))).rejects.toThrow(QueueFullError);
  here.isAway = false;
  await Promise.all(waiting);
  expect(here.sent.sort()).toEqual(['m0', 'm1']);
});

it('gives back what it could not send when it closes', async () => {
  const here = server();
  here.isAway = true;
  const outbox = new Outbox(here.options);
  const waiting = outbox.put(message('m0'));
  const unsent = await outbox.close(200);
  expect(unsent.map((one) => one.message_id)).toEqual(['m0']);
  await expect(waiting).rejects.toThrow(ShutdownError);
});

it('sends what a store has kept before anything new', async () => {
  const here = server();
  const removed: string[] = [];
  const kept = ids(3).map((id) => ({ key: `k-${id}`, message: message(id) }));
  const store = {
    load: async () => [...kept],
    add: async () => undefined,
    remove: async (key: string) => void removed.push(key),
  };
  const outbox = new Outbox({ ...here.options, store });
  await outbox.put(message('m3'));
  expect(here.sent).toEqual(ids(4));
  expect(removed.slice(0, 3)).toEqual(['k-m0', 'k-m1', 'k-m2']);
});
