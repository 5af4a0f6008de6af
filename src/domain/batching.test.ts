import fc from 'fast-check';
import { planBatches, type PendingTurn, type PlannedBatch } from './batching';
import { DEFAULT_INGESTION_POLICY, type IngestionPolicy } from './policy';

const DAY_MS = 86_400_000;

function policy(
  lowVolumeCutoff: number,
  highVolumeCutoff: number,
  lowVolumeBatchSize: number,
  mediumVolumeBatchSize: number,
  highVolumeBatchSize: number,
  flushIntervalMs: number,
  maxBufferSize: number,
): IngestionPolicy {
  return {
    lowVolumeCutoff,
    highVolumeCutoff,
    lowVolumeBatchSize,
    mediumVolumeBatchSize,
    highVolumeBatchSize,
    flushIntervalMs,
    maxBufferSize,
  };
}

const turnsAt = (from: number, to: number, arrivedAtMs = 0): PendingTurn[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i, arrivedAtMs }));

const trace = (batches: PlannedBatch[]): string =>
  batches
    .map((b) => `${b.lastSeq - b.firstSeq + 1}${b.lastSeq > b.firstSeq ? 'a' : ''}@${b.lastSeq}`)
    .join(' ');

const TRACES: [string, IngestionPolicy, number, string, number][] = [
  [
    'defaults',
    DEFAULT_INGESTION_POLICY,
    40,
    '1@1 1@2 1@3 1@4 1@5 1@6 3a@9 3a@12 3a@15 3a@18 5a@23 5a@28 5a@33 5a@38',
    2,
  ],
  [
    "the guide's tuned policy",
    policy(4, 12, 1, 4, 5, 15_000, 15),
    40,
    '1@1 1@2 1@3 1@4 4a@8 4a@12 5a@17 5a@22 5a@27 5a@32 5a@37',
    3,
  ],
  ['a day long window', policy(2, 4, 1, 2, 3, DAY_MS, 10), 14, '1@1 1@2 2a@4 3a@7 3a@10 3a@13', 1],
  ['a size beyond the buffer', policy(0, 0, 1, 1, 50, DAY_MS, 5), 12, '5a@5 5a@10', 2],
];

describe('planBatches by size', () => {
  it.each(TRACES)('%s, all at once', (_, p, messages, expected, left) => {
    const plan = planBatches({ pending: turnsAt(1, messages), plannedThrough: 0, policy: p, nowMs: 0 });
    expect(trace(plan.batches)).toBe(expected);
    expect(messages - (plan.batches.at(-1)?.lastSeq ?? 0)).toBe(left);
  });

  it.each(TRACES)('%s, one at a time', (_, p, messages, expected) => {
    const batches: PlannedBatch[] = [];
    let nextCutSeq = planBatches({ pending: [], plannedThrough: 0, policy: p, nowMs: 0 }).nextCutSeq;
    for (let seq = 1; seq <= messages; seq += 1) {
      const plannedThrough = batches.at(-1)?.lastSeq ?? 0;
      const plan = planBatches({
        pending: turnsAt(plannedThrough + 1, seq),
        plannedThrough,
        policy: p,
        nowMs: 0,
      });
      // The announced cut is exactly where the next batch falls: the workflow sleeps until then.
      expect(plan.batches.length > 0).toBe(seq === nextCutSeq);
      nextCutSeq = plan.nextCutSeq;
      batches.push(...plan.batches);
    }
    expect(trace(batches)).toBe(expected);
  });

  it('cuts what is pending again when the policy changes in the middle', () => {
    const pending = turnsAt(21, 27);
    const before = planBatches({
      pending,
      plannedThrough: 20,
      policy: policy(0, 0, 1, 1, 50, DAY_MS, 50),
      nowMs: 0,
    });
    expect(before.batches).toEqual([]);
    const after = planBatches({
      pending,
      plannedThrough: 20,
      policy: policy(0, 0, 1, 1, 3, DAY_MS, 50),
      nowMs: 0,
    });
    expect(trace(after.batches)).toBe('3a@23 3a@26');
  });
});

describe('planBatches by window', () => {
  const slow = policy(0, 0, 1, 1, 50, 1_000, 50);

  it.each([
    ['one moment before the end', 1_999, ''],
    ['at the end', 2_000, '3a@3'],
  ])('%s of the window of the first pending arrival', (_, nowMs, expected) => {
    const plan = planBatches({ pending: turnsAt(1, 3, 1_000), plannedThrough: 0, policy: slow, nowMs });
    expect(trace(plan.batches)).toBe(expected);
    expect(plan.windowEndsAtMs).toBe(expected === '' ? 2_000 : null);
  });

  it('starts a new batch with a message beyond the window, as if the timer had been on time', () => {
    const pending = [
      { seq: 1, arrivedAtMs: 0 },
      { seq: 2, arrivedAtMs: 1_000 },
      { seq: 3, arrivedAtMs: 1_001 },
    ];
    const plan = planBatches({ pending, plannedThrough: 0, policy: slow, nowMs: 1_500 });
    expect(plan.batches).toEqual([{ firstSeq: 1, lastSeq: 2, reason: 'window' }]);
    expect(plan.windowEndsAtMs).toBe(2_001);
  });

  it('imports: their own times are the clock; earlier or missing ones stay in the window', () => {
    const said = [0, 500, null, -9_000, 1_500, 1_600];
    const pending = said.map((importedSaidAtMs, i) => ({ seq: i + 1, arrivedAtMs: 77, importedSaidAtMs }));
    const plan = planBatches({ pending, plannedThrough: 0, policy: slow, nowMs: 10 * DAY_MS });
    expect(plan.batches).toEqual([{ firstSeq: 1, lastSeq: 4, reason: 'window' }]);
    // No real clock runs for the tail of an import; its end flushes it.
    expect(plan.windowEndsAtMs).toBeNull();
    const end = planBatches({ pending, plannedThrough: 0, policy: slow, nowMs: 0, closeTail: 'import_end' });
    expect(end.batches.at(-1)).toEqual({ firstSeq: 5, lastSeq: 6, reason: 'import_end' });
  });
});

describe('planBatches by flush', () => {
  it.each([
    [0, ''],
    [21, '1@21'],
    [22, '2a@22'],
    [23, '3a@23'],
    [99, '3a@23'],
  ])('through %d', (flushThroughSeq, expected) => {
    const plan = planBatches({
      pending: turnsAt(21, 23),
      plannedThrough: 20,
      policy: DEFAULT_INGESTION_POLICY,
      nowMs: 0,
      flushThroughSeq,
    });
    expect(trace(plan.batches)).toBe(expected);
  });

  it('closes the tail of a silent conversation', () => {
    const plan = planBatches({
      pending: turnsAt(21, 22),
      plannedThrough: 20,
      policy: DEFAULT_INGESTION_POLICY,
      nowMs: 0,
      closeTail: 'idle',
    });
    expect(plan.batches).toEqual([{ firstSeq: 21, lastSeq: 22, reason: 'idle' }]);
  });
});

it('any policy, however the messages are announced: every message in one batch, none skipped, none too large', () => {
  const size = fc.integer({ min: 1, max: 30 });
  const cutoff = fc.integer({ min: 0, max: 25 });
  fc.assert(
    fc.property(
      fc.tuple(cutoff, cutoff, size, size, size, size),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 400 }), fc.boolean()), {
        maxLength: 30,
      }),
      ([a, b, low, medium, high, buffer], steps) => {
        const p = policy(Math.min(a, b), Math.max(a, b), low, medium, high, 1_000, buffer);
        const pending: PendingTurn[] = [];
        let planned = 0;
        let stored = 0;
        let nowMs = 0;
        for (const [count, waitMs, flush] of steps) {
          nowMs += waitMs;
          for (let i = 0; i < count; i += 1) pending.push({ seq: (stored += 1), arrivedAtMs: nowMs });
          const plan = planBatches({
            pending: [...pending],
            plannedThrough: planned,
            policy: p,
            nowMs,
            flushThroughSeq: flush ? stored : 0,
          });
          for (const batch of plan.batches) {
            expect(batch.firstSeq).toBe(planned + 1);
            expect(batch.lastSeq - batch.firstSeq + 1).toBeLessThanOrEqual(buffer);
            planned = batch.lastSeq;
          }
          pending.splice(
            0,
            pending.findIndex((t) => t.seq > planned) === -1
              ? pending.length
              : pending.findIndex((t) => t.seq > planned),
          );
          if (flush) expect(planned).toBe(stored);
          expect(plan.nextCutSeq).toBeGreaterThan(stored);
          expect(pending.length).toBeLessThan(buffer);
        }
      },
    ),
  );
});

/** What a conversation's plans make of its messages when it is told of them in these portions. */
function batchesByPortion(
  turns: readonly PendingTurn[],
  portions: readonly number[],
  plan: { policy: IngestionPolicy; closeTail: 'idle' | 'import_end' },
): PlannedBatch[] {
  const batches: PlannedBatch[] = [];
  const planOf = (told: number, end: { closeTail?: 'idle' | 'import_end' } = {}): void => {
    const plannedThrough = batches.at(-1)?.lastSeq ?? 0;
    const pending = turns.slice(plannedThrough, told);
    const nowMs = turns[told - 1]?.arrivedAtMs ?? 0;
    batches.push(...planBatches({ pending, plannedThrough, policy: plan.policy, nowMs, ...end }).batches);
  };
  let told = 0;
  for (const portion of portions) planOf((told = Math.min(turns.length, told + portion)));
  planOf(turns.length, { closeTail: plan.closeTail });
  return batches;
}

/** Never a multiple of the clock's step: a window that ends with an arrival's very moment may go either way. */
const STEP_MS = 10;
const WINDOW_MS = 1_005;
const anyPolicy = fc
  .tuple(
    fc.integer({ min: 0, max: 25 }),
    fc.integer({ min: 0, max: 25 }),
    ...([1, 2, 3, 4].map(() => fc.integer({ min: 1, max: 30 })) as [
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
    ]),
  )
  .map(([a, b, low, medium, high, buffer]) =>
    policy(Math.min(a, b), Math.max(a, b), low, medium, high, WINDOW_MS, buffer),
  );
const portions = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 });

it('live: the batches are the same in whatever portions the messages are announced, and none spans its window', () => {
  const waits = fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 60 });
  fc.assert(
    fc.property(anyPolicy, waits, portions, (p, waitSteps, told) => {
      let nowMs = 0;
      const turns = waitSteps.map((steps, i) => ({
        seq: i + 1,
        arrivedAtMs: (nowMs += steps * STEP_MS),
      }));
      const batches = batchesByPortion(turns, told, { policy: p, closeTail: 'idle' });
      const ranges = (all: PlannedBatch[]): [number, number][] => all.map((b) => [b.firstSeq, b.lastSeq]);
      expect(ranges(batches)).toEqual(ranges(batchesByPortion(turns, [], { policy: p, closeTail: 'idle' })));
      for (const { firstSeq, lastSeq } of batches)
        expect(turns[lastSeq - 1]!.arrivedAtMs - turns[firstSeq - 1]!.arrivedAtMs).toBeLessThan(WINDOW_MS);
    }),
  );
});

it('imports: pages never cut a batch, whatever order and gaps the messages’ own times have', () => {
  const said = fc.array(fc.option(fc.integer({ min: 0, max: 5_000 })), { maxLength: 60 });
  fc.assert(
    fc.property(anyPolicy, said, portions, (p, times, pages) => {
      const turns = times.map((importedSaidAtMs, i) => ({ seq: i + 1, arrivedAtMs: 7, importedSaidAtMs }));
      const plan = { policy: p, closeTail: 'import_end' } as const;
      const batches = batchesByPortion(turns, pages, plan);
      expect(batches).toEqual(batchesByPortion(turns, [], plan));
      expect(batches.reduce((sum, b) => sum + b.lastSeq - b.firstSeq + 1, 0)).toBe(turns.length);
    }),
  );
});
