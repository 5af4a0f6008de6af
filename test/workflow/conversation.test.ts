import { conversationWorkflowId } from '../../src/domain/ids';
import { DEFAULT_INGESTION_POLICY } from '../../src/domain/policy';
import {
  MEM_CONVERSATION_ID,
  MEM_PENDING,
  MEM_PHASE,
  MEM_USER_ID,
} from '../../workflows/search-attributes.contract';
import { openWorld, quietRuntime, type HistoryEvent, type WorkflowWorld } from './support/workflow-world';
import { until } from './support/until';

const HOUR_MS = 3_600_000;

quietRuntime();
let world: WorkflowWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const timersStarted = (events: HistoryEvent[]) =>
  events.filter((event) => event.timerStartedEventAttributes).length;

describe('a conversation', () => {
  it('batches messages that come one by one as the default policy says, within 8 events a message', async () => {
    const ref = world.newConversation();
    const cuts = new Set([1, 2, 3, 4, 5, 6, 9, 12, 15, 18, 23, 28, 33, 38]);
    for (let seq = 1; seq <= 40; seq += 1) {
      await world.say(ref);
      if (cuts.has(seq)) await world.indexed(ref, seq);
      else await until(`message ${seq} heard`, async () => (await world.progress(ref)).storedThrough === seq);
    }
    expect(world.ingest.trace(ref)).toEqual([
      '1@1',
      '1@2',
      '1@3',
      '1@4',
      '1@5',
      '1@6',
      '3a@9',
      '3a@12',
      '3a@15',
      '3a@18',
      '5a@23',
      '5a@28',
      '5a@33',
      '5a@38',
    ]);
    expect((await world.progress(ref)).pending).toBe(2);
    const events = await world.history(ref);
    console.log(
      `40 messages one by one: ${events.length} events, ${(events.length / 40).toFixed(2)} a message`,
    );
    expect(events.length).toBeLessThanOrEqual(8 * 40);
  });

  it('costs at most 2 events a message when 20 come in one request, the tail included', async () => {
    const ref = world.newConversation();
    world.ingest.of(ref).policy = { ...DEFAULT_INGESTION_POLICY, flushIntervalMs: 300 };
    await world.say(ref, 20);
    await world.indexed(ref, 20);
    expect(world.ingest.trace(ref)).toEqual([
      '1@1',
      '1@2',
      '1@3',
      '1@4',
      '1@5',
      '1@6',
      '3a@9',
      '3a@12',
      '3a@15',
      '3a@18',
      '2a@20 window',
    ]);
    const events = await world.history(ref);
    console.log(
      `20 messages in one request: ${events.length} events, ${(events.length / 20).toFixed(2)} a message`,
    );
    expect(events.length).toBeLessThanOrEqual(2 * 20);
  });

  it('flushes a tail when its window ends, with one timer for the window whatever is said meanwhile', async () => {
    const ref = world.newConversation();
    world.ingest.of(ref).policy = {
      ...DEFAULT_INGESTION_POLICY,
      lowVolumeBatchSize: 5,
      flushIntervalMs: 1_000,
    };
    await world.say(ref);
    await until('the first is heard', async () => (await world.progress(ref)).windowEndsAtMs !== null);
    const endsAtMs = (await world.progress(ref)).windowEndsAtMs;
    await world.say(ref);
    await until('the second is heard', async () => (await world.progress(ref)).storedThrough === 2);
    await world.say(ref);
    await until('the third is heard', async () => (await world.progress(ref)).storedThrough === 3);
    expect((await world.progress(ref)).windowEndsAtMs).toBe(endsAtMs);
    await world.indexed(ref, 3);
    expect(world.ingest.trace(ref)).toEqual(['3a@3 window']);
    const { turns, calls } = world.ingest.of(ref);
    expect(Date.now()).toBeGreaterThanOrEqual(turns[0]!.arrivedAtMs + 1_000);
    // Start, the window's end, and at most one more if the clocks are a little apart.
    expect(calls.length).toBeLessThanOrEqual(3);
    expect(timersStarted(await world.history(ref))).toBeLessThanOrEqual(3);
  });

  it('counts the window from when a message was stored, not from when its signal came', async () => {
    const ref = world.newConversation();
    const { policy } = world.ingest.of(ref);
    await world.say(ref, 6);
    await world.indexed(ref, 6);
    const stored = world.ingest.store(ref);
    world.ingest.of(ref).turns[stored - 1]!.arrivedAtMs -= policy.flushIntervalMs;
    await world.signal(ref, { throughSeq: stored, storedAtMs: Date.now() - policy.flushIntervalMs });
    await world.indexed(ref, 7);
    expect(world.ingest.trace(ref).at(-1)).toBe('1@7 window');
  });

  it('asks the record at once when nobody knows how long a message has waited', async () => {
    const ref = world.newConversation();
    await world.say(ref, 6);
    await world.indexed(ref, 6);
    const callsBefore = world.ingest.of(ref).calls.length;
    await world.signal(ref, { throughSeq: world.ingest.store(ref) });
    await until('the record is asked', () => world.ingest.of(ref).calls.length === callsBefore + 1);
    const { arrivedAtMs } = world.ingest.of(ref).turns[6]!;
    const endsAtMs = await until('the window runs', async () => {
      const { plannedThrough, windowEndsAtMs } = await world.progress(ref);
      return plannedThrough === 6 && windowEndsAtMs !== null && windowEndsAtMs > Date.now()
        ? windowEndsAtMs
        : null;
    });
    expect(Math.abs(endsAtMs - arrivedAtMs - DEFAULT_INGESTION_POLICY.flushIntervalMs)).toBeLessThan(2_000);
  });

  it('indexes everything at once on a flush, and a repeated one does nothing', async () => {
    const ref = world.newConversation();
    await world.say(ref, 8);
    await until('two are pending', async () => (await world.progress(ref)).pending === 2);
    await world.signal(ref, { throughSeq: 8, flushThrough: 8, storedAtMs: Date.now() });
    await world.indexed(ref, 8);
    expect(world.ingest.trace(ref).at(-1)).toBe('2a@8 flush');
    const calls = world.ingest.of(ref).calls.length;
    await world.signal(ref, { throughSeq: 8, flushThrough: 8, storedAtMs: Date.now() });
    await world.signal(ref, { throughSeq: 3, flushThrough: 3, storedAtMs: Date.now() });
    await world.say(ref);
    await until('the next is heard', async () => (await world.progress(ref)).storedThrough === 9);
    expect(world.ingest.of(ref).calls.length).toBe(calls);
  });

  it('does not spin on a flush or an announcement beyond what the record holds', async () => {
    const ref = world.newConversation();
    await world.say(ref, 2);
    await world.indexed(ref, 2);
    await world.signal(ref, { throughSeq: 1_000, flushThrough: 1_000, storedAtMs: Date.now() });
    await until('it is looked at', () => world.ingest.of(ref).calls.length === 2);
    await until('the record has the last word', async () => (await world.progress(ref)).storedThrough === 2);
    expect(world.ingest.of(ref).calls.length).toBe(2);
  });

  it('plans what is pending again when the policy changes, and re-arms the window', async () => {
    const ref = world.newConversation();
    world.ingest.of(ref).policy = {
      ...DEFAULT_INGESTION_POLICY,
      lowVolumeBatchSize: 5,
      flushIntervalMs: HOUR_MS,
    };
    await world.say(ref, 2);
    const endsAtMs = await until(
      'the long window runs',
      async () => (await world.progress(ref)).windowEndsAtMs,
    );
    expect(endsAtMs).toBeGreaterThan(Date.now() + HOUR_MS / 2);
    world.ingest.of(ref).policy = { ...world.ingest.of(ref).policy, flushIntervalMs: 600 };
    await world.policyChanged(ref);
    await world.indexed(ref, 2);
    expect(world.ingest.trace(ref)).toEqual(['2a@2 window']);
    world.ingest.of(ref).policy = { ...world.ingest.of(ref).policy, flushIntervalMs: HOUR_MS };
    await world.say(ref, 2);
    world.ingest.of(ref).policy = { ...world.ingest.of(ref).policy, lowVolumeBatchSize: 2 };
    await world.policyChanged(ref);
    await world.indexed(ref, 4);
    expect(world.ingest.trace(ref)).toEqual(['2a@2 window', '2a@4']);
  });

  it('lets a policy change pass when no run is there', async () => {
    await expect(world.policyChanged(world.newConversation())).resolves.toBeUndefined();
  });

  it('works on failed messages again when they are put back', async () => {
    const ref = world.newConversation();
    world.ingest.failing.add(2);
    await world.say(ref, 3);
    await world.indexed(ref, 3);
    expect(world.ingest.of(ref).batches.map((batch) => batch.status)).toEqual([
      'indexed',
      'failed',
      'indexed',
    ]);
    world.ingest.failing.delete(2);
    world.ingest.putFailedBack(ref);
    await world.retryFailed(ref);
    await until('the failed batch is indexed', () =>
      world.ingest.of(ref).batches.every((batch) => batch.status === 'indexed'),
    );
    expect(world.ingest.of(ref).batches).toHaveLength(3);
  });

  it('takes page after page without waiting', async () => {
    const ref = world.newConversation();
    world.ingest.pageSize = 2;
    try {
      await world.say(ref, 6);
      await world.indexed(ref, 6);
      expect(world.ingest.of(ref).calls).toHaveLength(3);
    } finally {
      world.ingest.pageSize = 100;
    }
  });

  it('heeds what is said while the activity runs', async () => {
    const ref = world.newConversation();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await world.say(ref);
    await world.indexed(ref, 1);
    world.ingest.beforeIngest = async (input) => {
      if (input.ref.userId === ref.userId && world.ingest.of(ref).calls.length === 2) await held;
    };
    await world.say(ref);
    await until('the activity runs', () => world.ingest.of(ref).calls.length === 2);
    await world.say(ref);
    await until('the third is heard', async () => (await world.progress(ref)).storedThrough === 3);
    release();
    await world.indexed(ref, 3);
    world.ingest.beforeIngest = () => undefined;
    expect(world.ingest.trace(ref)).toEqual(['1@1', '1@2', '1@3']);
  });

  it('takes ids of any script and the greatest length', async () => {
    const ref = {
      ...world.newConversation(),
      conversationId: '🍵'.repeat(200),
      userId: `日本-${world.newConversation().userId}`,
    };
    await world.say(ref);
    await world.indexed(ref, 1);
    const description = await world.client.workflow.getHandle(conversationWorkflowId(ref)).describe();
    expect(description.typedSearchAttributes.get(MEM_CONVERSATION_ID)).toBe(ref.conversationId);
    expect(await description.staticSummary()).toMatch(/^Conversation 🍵+… of 日本-user/u);
  });

  it('shows its phase to those who filter runs', async () => {
    const ref = world.newConversation();
    const attributes = async () =>
      (await world.client.workflow.getHandle(conversationWorkflowId(ref)).describe()).typedSearchAttributes;
    await world.say(ref, 8);
    await until('it is buffering', async () => (await attributes()).get(MEM_PHASE) === 'buffering');
    expect((await attributes()).get(MEM_PENDING)).toBe(2);
    expect((await attributes()).get(MEM_USER_ID)).toBe(ref.userId);
    await world.signal(ref, { throughSeq: 8, flushThrough: 8, storedAtMs: Date.now() });
    await until('it is idle', async () => (await attributes()).get(MEM_PHASE) === 'idle');
    expect((await attributes()).get(MEM_PENDING)).toBe(0);
  });
});
