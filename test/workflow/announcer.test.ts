import pino from 'pino';
import type { Client } from '@temporalio/client';
import { conversationWorkflowId } from '../../src/domain/ids';
import type { ConversationRef } from '../../src/domain/message';
import type { Acknowledgement } from '../../src/temporal/acknowledgements';
import { createAnnouncer, type Announcer, type AnnouncerOptions } from '../../src/temporal/announcer';
import { createTemporalClient } from '../../src/temporal/connection';
import { checkTemporal } from '../../src/temporal/health';
import { createTcpGate } from '../support/tcp-gate';
import { until } from './support/until';
import { openWorld, quietRuntime, TEMPORAL_AT, type WorkflowWorld } from './support/workflow-world';

const CLOSE_MS = 30_000;

quietRuntime();
let world: WorkflowWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

interface Bench {
  announcer: Announcer;
  acknowledged: Map<string, number>;
  calls: Acknowledgement[][];
}

function bench(options: Partial<AnnouncerOptions> = {}): Bench {
  const acknowledged = new Map<string, number>();
  const calls: Acknowledgement[][] = [];
  const announcer = createAnnouncer({
    client: world.client,
    taskQueue: world.taskQueue,
    idleCloseMs: 60_000,
    maxEvents: 4_000,
    deadlineMs: 1_000,
    onAcknowledged: async (items) => {
      calls.push(items);
      for (const { ref, throughSeq } of items) acknowledged.set(conversationWorkflowId(ref), throughSeq);
    },
    logger: pino({ level: 'silent' }),
    ...options,
  });
  return { announcer, acknowledged, calls };
}

const signalsOf = async (ref: ConversationRef): Promise<string[]> =>
  (await world.history(ref)).flatMap(
    (event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? [],
  );

describe('the announcer', () => {
  it('turns a burst of announcements into a few signals, and acknowledges the last seq', async () => {
    const { announcer, acknowledged, calls } = bench();
    const ref = world.newConversation();
    for (let i = 0; i < 200; i += 1) announcer.announce(ref, { throughSeq: world.ingest.store(ref) });
    await until('the last is acknowledged', () => acknowledged.get(conversationWorkflowId(ref)) === 200);
    await world.indexed(ref, 198);
    expect((await world.progress(ref)).storedThrough).toBe(200);
    expect((await signalsOf(ref)).length).toBeLessThanOrEqual(4);
    expect(calls.length).toBeLessThanOrEqual(4);
    await announcer.close(CLOSE_MS);
  });

  it('merges flags, and says each of them', async () => {
    const { announcer } = bench();
    const ref = world.newConversation();
    const throughSeq = world.ingest.store(ref, 8);
    announcer.announce(ref, { throughSeq });
    announcer.announce(ref, { throughSeq: 1, flushThrough: 7 });
    announcer.announce(ref, { throughSeq: 0, policyChanged: true });
    announcer.announce(ref, { throughSeq: 0, retryFailed: true });
    await announcer.close(CLOSE_MS);
    expect(await signalsOf(ref)).toEqual([
      'messagesStored',
      'messagesStored',
      'retryFailed',
      'policyChanged',
    ]);
    await until('the flush is served', async () => (await world.progress(ref)).indexedThrough >= 7);
  });

  it('starts what an import alone brings behind what is live, each user beside the others', async () => {
    const { announcer } = bench();
    const [live, imported] = [world.newConversation(), world.newConversation()];
    announcer.announce(live, { throughSeq: world.ingest.store(live) });
    announcer.announce(imported, { throughSeq: world.ingest.store(imported), late: true, imported: true });
    await announcer.close(CLOSE_MS);
    const priorityOf = async (ref: ConversationRef) =>
      (await world.client.workflow.getHandle(conversationWorkflowId(ref)).describe()).priority;
    const fairnessKey = expect.stringMatching(/^[0-9a-f]{32}$/) as string;
    expect(await priorityOf(live)).toMatchObject({ priorityKey: 2, fairnessKey });
    expect(await priorityOf(imported)).toMatchObject({ priorityKey: 4, fairnessKey });
  });

  it('changes a policy without starting a run for it', async () => {
    const { announcer, calls } = bench();
    const ref = world.newConversation();
    announcer.announce(ref, { throughSeq: 0, policyChanged: true });
    await announcer.close(CLOSE_MS);
    expect(calls).toEqual([]);
    await expect(world.history(ref)).rejects.toThrow(/not found/i);
  });

  it('tells no more conversations at the same time than it may', async () => {
    let inFlight = 0;
    let most = 0;
    const counting = new Proxy(world.client, {
      get: (client, name, receiver) =>
        name === 'withDeadline'
          ? async (deadline: number, call: () => Promise<unknown>) => {
              inFlight += 1;
              most = Math.max(most, inFlight);
              return client.withDeadline(deadline, call).finally(() => (inFlight -= 1));
            }
          : (Reflect.get(client, name, receiver) as unknown),
    }) as Client;
    const { announcer, acknowledged } = bench({ client: counting, maxInFlight: 3, deadlineMs: 10_000 });
    for (let i = 0; i < 20; i += 1) {
      const ref = world.newConversation();
      announcer.announce(ref, { throughSeq: world.ingest.store(ref) });
    }
    await until('all are acknowledged', () => acknowledged.size === 20);
    expect(most).toBe(3);
    await announcer.close(CLOSE_MS);
  });

  it('acknowledges again when that failed', async () => {
    let failures = 2;
    const acknowledged: number[] = [];
    const { announcer } = bench({
      onAcknowledged: async (items) => {
        failures -= 1;
        if (failures >= 0) throw new Error('the record is away');
        acknowledged.push(...items.map((item) => item.throughSeq));
      },
    });
    const ref = world.newConversation();
    announcer.announce(ref, { throughSeq: world.ingest.store(ref) });
    await until('it is noted', () => acknowledged.length === 1);
    await announcer.close(CLOSE_MS);
  });
});

describe('with Temporal away', () => {
  it('announces at once and catches up by itself when Temporal is back, again and again', async () => {
    const gate = await createTcpGate(TEMPORAL_AT.address);
    const away = createTemporalClient({ ...TEMPORAL_AT, address: gate.address });
    const { announcer, acknowledged } = bench({ client: away.client, deadlineMs: 500 });
    const refs = Array.from({ length: 10 }, () => world.newConversation());
    for (const throughSeq of [1, 2]) {
      const startedAtMs = performance.now();
      for (const ref of refs) announcer.announce(ref, { throughSeq: world.ingest.store(ref) });
      expect(performance.now() - startedAtMs).toBeLessThan(100);
      await expect(checkTemporal(away.client, 300)).rejects.toMatchObject({ name: 'UnavailableError' });
      await gate.open();
      await until('all is said', () =>
        refs.every((ref) => acknowledged.get(conversationWorkflowId(ref)) === throughSeq),
      );
      await expect(checkTemporal(away.client, 5_000)).resolves.toBeUndefined();
      await gate.shut();
    }
    for (const ref of refs) await world.indexed(ref, 2);
    await announcer.close(CLOSE_MS);
    await away.close();
  });

  it('stops within its deadline, and hears nothing after', async () => {
    const gate = await createTcpGate(TEMPORAL_AT.address);
    const away = createTemporalClient({ ...TEMPORAL_AT, address: gate.address });
    const { announcer, acknowledged } = bench({ client: away.client, deadlineMs: 300 });
    const ref = world.newConversation();
    announcer.announce(ref, { throughSeq: 1 });
    const startedAtMs = performance.now();
    await announcer.close(400);
    expect(performance.now() - startedAtMs).toBeLessThan(1_500);
    announcer.announce(ref, { throughSeq: 2 });
    await gate.open();
    await until('Temporal is back', () =>
      checkTemporal(away.client, 1_000).then(
        () => true,
        () => false,
      ),
    );
    expect(acknowledged.size).toBe(0);
    await away.close();
    await gate.shut();
  });
});
