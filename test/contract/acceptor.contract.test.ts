import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { UnavailableError } from '../../src/domain/errors';
import type { ConversationRef } from '../../src/domain/message';
import { createAcceptor } from '../../src/ingest/acceptor';
import { setConversationPolicy } from '../../src/record/conversations';
import { acceptMessages, acceptRequests, readTurns } from '../../src/record/messages';
import { migrate } from '../../src/record/migrate';
import { createPool, transaction } from '../../src/record/pool';
import { saying } from '../support/saying';
import { createTcpGate } from '../support/tcp-gate';

const CONVERSATIONS = 12;
const ROUNDS = 5;

let pool: Pool;
beforeAll(async () => {
  pool = createPool({ url: process.env['DATABASE_URL']!, size: 20 });
  await migrate(pool);
});
afterAll(() => pool.end());

const namespace = (): string => `test-${randomUUID()}`;
const talks = (count: number, within = namespace()): ConversationRef[] =>
  Array.from({ length: count }, (_, i) => ({
    namespace: within,
    userId: `user-${i % 5}`,
    conversationId: `c-${i}`,
  }));
const idsOf = async (ref: ConversationRef): Promise<string[]> =>
  (await readTurns(pool, ref, 1, 1_000)).map((turn) => turn.messageId);

/** Holds a conversation's lock, in a transaction of its own, until it is let go. */
async function hold(ref: ConversationRef): Promise<() => Promise<void>> {
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  let held = (): void => undefined;
  const isHeld = new Promise<void>((resolve) => (held = resolve));
  const ended = transaction(pool, async (client) => {
    await setConversationPolicy(client, ref, {}, {});
    held();
    await gate;
  });
  await isHeld;
  return async () => {
    letGo();
    await ended;
  };
}

describe('several requests in one transaction', () => {
  it('are answered in the order given: new, known, of fresh conversations, of one twice', async () => {
    const [known, fresh, twice] = talks(3) as [ConversationRef, ConversationRef, ConversationRef];
    await acceptMessages(pool, known, [saying('m1'), saying('m2')]);
    const accepted = await acceptRequests(pool, [
      { ref: twice, messages: [saying('a')] },
      { ref: known, messages: [saying('m3'), saying('m1')] },
      { ref: fresh, messages: [saying('x'), saying('y')] },
      { ref: twice, messages: [saying('b'), saying('c')] },
    ]);
    expect(accepted).toEqual([
      [{ seq: 1, duplicate: false }],
      [
        { seq: 3, duplicate: false },
        { seq: 1, duplicate: true },
      ],
      [
        { seq: 1, duplicate: false },
        { seq: 2, duplicate: false },
      ],
      [
        { seq: 2, duplicate: false },
        { seq: 3, duplicate: false },
      ],
    ]);
    expect(await idsOf(twice)).toEqual(['a', 'b', 'c']);
  });

  it('pass by a conversation that somebody holds', async () => {
    const [held, free] = talks(2) as [ConversationRef, ConversationRef];
    await acceptMessages(pool, held, [saying('m1')]);
    const letGo = await hold(held);
    const accepted = await acceptRequests(pool, [
      { ref: held, messages: [saying('m2')] },
      { ref: free, messages: [saying('m1')] },
    ]);
    await letGo();
    expect(accepted).toEqual([null, [{ seq: 1, duplicate: false }]]);
    expect(await idsOf(held)).toEqual(['m1']);
  });
});

describe('the acceptor', () => {
  it('loses and doubles nothing of a flood into a few conversations', async () => {
    const refs = talks(CONVERSATIONS);
    const acceptors = [createAcceptor(pool), createAcceptor(pool)];
    const requests = Array.from({ length: ROUNDS }, (_, round) =>
      refs.flatMap((ref, i) => {
        const messages = [saying(`${round}-${i}`), saying(`${round}-${i}-more`)];
        return acceptors.map((acceptor) => acceptor.accept({ ref, messages }));
      }),
    ).flat();
    const accepted = (await Promise.all(requests)).flat();
    expect(accepted.filter((one) => one.duplicate)).toHaveLength(accepted.length / 2);
    for (const [i, ref] of refs.entries()) {
      const turns = await readTurns(pool, ref, 1, 1_000);
      expect(turns.map((turn) => turn.seq)).toEqual(Array.from({ length: ROUNDS * 2 }, (_, k) => k + 1));
      const expected = Array.from({ length: ROUNDS }, (_, round) => [`${round}-${i}`, `${round}-${i}-more`]);
      expect(turns.map((turn) => turn.messageId).sort()).toEqual(expected.flat().sort());
    }
  });

  it('lets nobody wait for the conversation that somebody holds, but those who speak in it', async () => {
    const [held, ...others] = talks(CONVERSATIONS) as [ConversationRef, ...ConversationRef[]];
    await acceptMessages(pool, held, [saying('m0')]);
    const letGo = await hold(held);
    const acceptor = createAcceptor(pool);
    let spoke = 0;
    const waiting = Array.from({ length: 6 }, (_, i) =>
      acceptor.accept({ ref: held, messages: [saying(`held-${i}`)] }).then(() => (spoke += 1)),
    );
    const free = others.map((ref) => acceptor.accept({ ref, messages: [saying('m1')] }));
    expect((await Promise.all(free)).flat().map(({ seq }) => seq)).toEqual(others.map(() => 1));
    expect(spoke).toBe(0);
    await letGo();
    await Promise.all(waiting);
    expect(await idsOf(held)).toHaveLength(7);
  });

  it('refuses one request for an id that it reuses, and none of those beside it', async () => {
    const refs = talks(CONVERSATIONS);
    const acceptor = createAcceptor(pool);
    await Promise.all(refs.map((ref) => acceptor.accept({ ref, messages: [saying('m1', 'as it was')] })));
    const outcomes = await Promise.allSettled(
      refs.map((ref, i) =>
        acceptor.accept({ ref, messages: [saying('m2'), saying('m1', i === 7 ? 'otherwise' : 'as it was')] }),
      ),
    );
    const refused = outcomes.flatMap((outcome, i) =>
      outcome.status === 'rejected' ? [[i, outcome.reason]] : [],
    );
    expect(refused).toEqual([
      [
        7,
        expect.objectContaining({
          status: 409,
          errors: [expect.objectContaining({ path: 'messages.1.message_id' })],
        }),
      ],
    ]);
    expect(await idsOf(refs[7]!)).toEqual(['m1']);
    expect(await idsOf(refs[8]!)).toEqual(['m1', 'm2']);
  });

  it('lets nobody wait for a Postgres that hangs, and goes on when it is back', async () => {
    const url = new URL(process.env['DATABASE_URL']!);
    const gate = await createTcpGate(url.host);
    await gate.open();
    url.host = gate.address;
    const hung = createPool({ url: url.toString(), size: 5, onError: () => undefined });
    const acceptor = createAcceptor(hung);
    const [first, ...others] = talks(CONVERSATIONS) as [ConversationRef, ...ConversationRef[]];
    try {
      await acceptor.accept({ ref: first, messages: [saying('m1')] });
      gate.stall();
      const [atWork, alsoAtWork, ...waiting] = others.map((ref) =>
        acceptor.accept({ ref, messages: [saying('m1')] }).catch((error: unknown) => error),
      );
      for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(UnavailableError);
      await gate.shut();
      expect(await atWork).toBeInstanceOf(UnavailableError);
      expect(await alsoAtWork).toBeInstanceOf(UnavailableError);
      await gate.open();
      const again = await Promise.all(
        others.map((ref) => acceptor.accept({ ref, messages: [saying('m1')] })),
      );
      expect(again.flat().map(({ seq }) => seq)).toEqual(others.map(() => 1));
    } finally {
      await gate.shut();
      await hung.end();
    }
  });
});
