import type { InjectedSinks } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { conversationWorkflowId } from '../../src/domain/ids';
import type { ConversationRef } from '../../src/domain/message';
import { DEFAULT_INGESTION_POLICY } from '../../src/domain/policy';
import { MEM_PHASE } from '../../workflows/search-attributes.contract';
import type { ClosingSinks } from './support/closing-interceptor';
import { until } from './support/until';
import { openWorld, quietRuntime, type WorkflowWorld } from './support/workflow-world';

const HOUR_MS = 3_600_000;
const IDLE_CLOSE_MS = 600;
const MAX_EVENTS = 60;
const RACE_ROUNDS = 2;

quietRuntime();
/** What to do while a run of that workflow is about to end. */
const whileClosing = new Map<string, () => Promise<unknown>>();
const sinks: InjectedSinks<ClosingSinks> = {
  closing: {
    about: {
      fn: async (info) => {
        await whileClosing.get(info.workflowId)?.();
      },
    },
  },
};

let world: WorkflowWorld;
beforeAll(async () => {
  world = await openWorld({
    idleCloseMs: IDLE_CLOSE_MS,
    maxEvents: MAX_EVENTS,
    interceptorModules: [require.resolve('./support/closing-interceptor')],
    sinks,
  });
});
afterAll(() => world.close());

const handleOf = (ref: ConversationRef) => world.client.workflow.getHandle(conversationWorkflowId(ref));
const closed = (ref: ConversationRef) =>
  until('the run has ended', async () => (await handleOf(ref).describe()).status.name === 'COMPLETED');
const everyBatch = (ref: ConversationRef) =>
  world.ingest.of(ref).batches.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq]);

/**
 * Asks nothing of the run: a query that comes along with the task after a refused end can lose it in the SDK, until it is
 * handed out again ten seconds later.
 */
const bothIndexed = (ref: ConversationRef) =>
  until('both messages are indexed', () => everyBatch(ref).length === 2);

describe('the end of a run', () => {
  it('comes after a silence: the tail is closed, and the next message starts a run that knows it all', async () => {
    const ref = world.newConversation();
    world.ingest.of(ref).policy = {
      ...DEFAULT_INGESTION_POLICY,
      lowVolumeBatchSize: 5,
      flushIntervalMs: HOUR_MS,
    };
    await world.say(ref, 2);
    await closed(ref);
    expect(world.ingest.trace(ref)).toEqual(['2a@2 idle']);
    const first = (await handleOf(ref).describe()).runId;
    await world.say(ref, 5);
    await closed(ref);
    expect(world.ingest.trace(ref)).toEqual(['2a@2 idle', '5a@7']);
    expect((await handleOf(ref).describe()).runId).not.toBe(first);
  });

  it('does not come while something is said now and then, and does not restart its timer for it', async () => {
    const ref = world.newConversation();
    world.ingest.of(ref).policy = {
      ...DEFAULT_INGESTION_POLICY,
      lowVolumeBatchSize: 15,
      flushIntervalMs: HOUR_MS,
    };
    const startedAtMs = Date.now();
    let runId = '';
    while (Date.now() < startedAtMs + 2.2 * IDLE_CLOSE_MS) {
      await world.say(ref);
      runId ||= (await handleOf(ref).describe()).runId;
      await sleep(IDLE_CLOSE_MS / 3);
    }
    expect((await handleOf(ref).describe()).runId).toBe(runId);
    const events = await world.history(ref);
    const idleTimers = events.filter((event) => event.timerStartedEventAttributes).length;
    expect(idleTimers).toBeLessThanOrEqual(5);
    await closed(ref);
  });

  it('loses no signal that comes while the run is being closed', async () => {
    for (let round = 0; round < RACE_ROUNDS; round += 1) {
      const ref = world.newConversation();
      let raced = 0;
      whileClosing.set(conversationWorkflowId(ref), async () => {
        raced += 1;
        if (raced === 1) await world.say(ref);
      });
      await world.say(ref);
      const runId = (await handleOf(ref).describe()).runId;
      await bothIndexed(ref);
      await world.indexed(ref, 2);
      expect(raced).toBeGreaterThanOrEqual(1);
      // The very same run went on: the server refused its end.
      expect((await handleOf(ref).describe()).runId).toBe(runId);
      await closed(ref);
      expect(everyBatch(ref)).toEqual([
        [1, 1],
        [2, 2],
      ]);
    }
  });

  describe('where an import alone has spoken', () => {
    const imported = async (ref: ConversationRef, count: number): Promise<number> => {
      const throughSeq = world.ingest.store(ref, count);
      await world.signal(ref, { throughSeq, flushThrough: throughSeq });
      return throughSeq;
    };
    beforeEach(() => {
      world.ingest.settles = true;
    });
    afterEach(() => {
      world.ingest.settles = false;
    });

    it('comes as soon as all is settled, with no timer and as an idle one', async () => {
      const ref = world.newConversation();
      await imported(ref, 4);
      await closed(ref);
      expect((await world.history(ref)).filter((event) => event.timerStartedEventAttributes)).toEqual([]);
      const described = await handleOf(ref).describe();
      expect(described.typedSearchAttributes.get(MEM_PHASE)).toBe('idle');
      await imported(ref, 1);
      await until('the next run has indexed it', () => everyBatch(ref).at(-1)?.[1] === 5);
      expect((await handleOf(ref).describe()).runId).not.toBe(described.runId);
      await closed(ref);
    });

    it('waits for silence once somebody has said something', async () => {
      const ref = world.newConversation();
      await world.say(ref);
      await world.indexed(ref, 1);
      await imported(ref, 2);
      await world.indexed(ref, 3);
      expect((await handleOf(ref).describe()).status.name).toBe('RUNNING');
      await closed(ref);
      expect((await world.history(ref)).filter((event) => event.timerFiredEventAttributes)).not.toEqual([]);
    });

    it('loses no signal that comes meanwhile', async () => {
      const ref = world.newConversation();
      let raced = 0;
      whileClosing.set(conversationWorkflowId(ref), async () => {
        raced += 1;
        if (raced === 1) await imported(ref, 2);
      });
      await imported(ref, 1);
      const { runId } = await handleOf(ref).describe();
      await closed(ref);
      expect(raced).toBeGreaterThanOrEqual(2);
      expect((await handleOf(ref).describe()).runId).toBe(runId);
      expect(everyBatch(ref).at(-1)).toEqual([3, 3]);
    });
  });

  it('loses no signal that comes while the run rolls over', async () => {
    const ref = world.newConversation();
    let raced = 0;
    whileClosing.set(conversationWorkflowId(ref), async () => {
      raced += 1;
      if (raced === 1) await world.say(ref, 1);
    });
    for (let i = 0; i < 8; i += 1) {
      const seq = await world.say(ref);
      await until(`message ${seq}`, async () => (await world.progress(ref)).storedThrough >= seq);
    }
    await until('it rolled over', () => raced >= 1);
    const stored = world.ingest.of(ref).turns.length;
    await world.signal(ref, { throughSeq: stored, flushThrough: stored });
    await world.indexed(ref, stored);
    expect(everyBatch(ref).flat()[0]).toBe(1);
    expect(stored).toBe(9);
  });
});

describe('continuing as new', () => {
  it('keeps everything: cursors, the running window, flushes and what it was started with', async () => {
    const ref = world.newConversation();
    world.ingest.of(ref).policy = { ...DEFAULT_INGESTION_POLICY, flushIntervalMs: 900 };
    let firstRun = '';
    for (let i = 0; i < 22; i += 1) {
      const seq = await world.say(ref);
      firstRun ||= (await handleOf(ref).describe()).runId;
      await until(`message ${seq}`, async () => (await world.progress(ref)).storedThrough >= seq);
    }
    const described = await handleOf(ref).describe();
    expect(described.runId).not.toBe(firstRun);
    expect(described.priority).toMatchObject({
      priorityKey: 2,
      fairnessKey: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    await world.indexed(ref, 22);
    // Gapless, each message once, and nothing was cut that the policy would not have cut.
    const batches = everyBatch(ref);
    expect(batches.map(([first]) => first)).toEqual([
      1,
      ...batches.slice(0, -1).map(([, last]) => last! + 1),
    ]);
    expect(batches.at(-1)![1]).toBe(22);
    const first = await world.history(ref, firstRun);
    const carried = first.at(-1)!.workflowExecutionContinuedAsNewEventAttributes;
    expect(carried).toBeTruthy();
    expect(first.length).toBeLessThan(MAX_EVENTS + 20);
  });
});

describe('an activity that fails for good', () => {
  it('does not end the run nor make it spin: it waits, and tries again on a retry', async () => {
    const ref = world.newConversation();
    let broken = true;
    world.ingest.beforeIngest = (input) => {
      if (broken && input.ref.userId === ref.userId)
        throw ApplicationFailure.nonRetryable('a bug', 'TypeError');
    };
    await world.say(ref);
    await until('it has failed twice', () => world.ingest.of(ref).calls.length >= 2);
    await sleep(300);
    expect(world.ingest.of(ref).calls.length).toBe(2);
    broken = false;
    await world.retryFailed(ref);
    await world.indexed(ref, 1);
    world.ingest.beforeIngest = () => undefined;
    expect(world.ingest.trace(ref)).toEqual(['1@1']);
    await closed(ref);
  });

  it('lets a person cancel the run meanwhile', async () => {
    const ref = world.newConversation();
    world.ingest.beforeIngest = (input) => {
      if (input.ref.userId === ref.userId) throw ApplicationFailure.nonRetryable('a bug', 'TypeError');
    };
    await world.say(ref);
    await until('it has failed', () => world.ingest.of(ref).calls.length >= 1);
    await handleOf(ref).cancel();
    await until('it is cancelled', async () => (await handleOf(ref).describe()).status.name === 'CANCELLED');
    world.ingest.beforeIngest = () => undefined;
  });
});
