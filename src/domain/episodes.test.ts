import { planEpisodes, type EpisodePolicy, type EpisodeUnit } from './episodes';

const MINUTE = 60_000;
const POLICY: EpisodePolicy = { pauseMs: 30 * MINUTE, maxMessages: 20 };
const LATE = { nowMs: 1e12, moreComes: false };

/** Batches of one message each, said at these minutes; `topics` are axes of their vectors. */
function talk(minutes: readonly number[], topics?: readonly number[]): EpisodeUnit[] {
  return minutes.map((minute, i) => {
    const vector = new Float32Array(4);
    if (topics) vector[topics[i]!] = 1;
    return {
      firstSeq: i + 1,
      lastSeq: i + 1,
      messages: 1,
      fromMs: minute * MINUTE,
      toMs: minute * MINUTE,
      heardMs: minute * MINUTE,
      vector: topics ? vector : null,
    };
  });
}
const minutes = (count: number, start = 0): number[] => Array.from({ length: count }, (_, i) => start + i);
const ranges = (units: EpisodeUnit[], policy = POLICY, now = LATE): string[] =>
  planEpisodes(units, policy, now).closed.map((one) => `${one.firstSeq}-${one.lastSeq} ${one.end}`);

describe('planEpisodes', () => {
  it.each<[string, EpisodeUnit[], string[]]>([
    ['nothing', [], []],
    ['one talk', talk(minutes(5)), ['1-5 pause']],
    ['a pause as long as allowed', talk([0, 30]), ['1-2 pause']],
    ['a longer pause', talk([0, 31]), ['1-1 pause', '2-2 pause']],
    ['times that run backwards', talk([40, 0, 1]), ['1-3 pause']],
    ['size', talk(minutes(45)), ['1-20 size', '21-40 size', '41-45 pause']],
    [
      'another topic',
      talk(minutes(20), [...Array<number>(10).fill(0), ...Array<number>(10).fill(1)]),
      ['1-10 topic', '11-20 pause'],
    ],
    [
      'too short an aside',
      talk(minutes(15), [...Array<number>(10).fill(0), ...Array<number>(5).fill(1)]),
      ['1-15 pause'],
    ],
    ['one topic', talk(minutes(20), Array<number>(20).fill(2)), ['1-20 pause']],
  ])('%s', (_, units, expected) => {
    expect(ranges(units)).toEqual(expected);
  });

  it('never cuts a batch, however large', () => {
    const [batch] = talk([0]);
    const large = { ...batch!, lastSeq: 50, messages: 50 };
    const next = { ...batch!, firstSeq: 51, lastSeq: 51 };
    expect(ranges([large, next])).toEqual(['1-50 size', '51-51 pause']);
  });

  it('leaves the last one open until nobody has said anything for a pause, by when it was heard', () => {
    const units = talk(minutes(3)).map((unit) => ({ ...unit, heardMs: 100 * MINUTE }));
    const soon = planEpisodes(units, POLICY, { nowMs: 130 * MINUTE - 1, moreComes: false });
    expect(soon).toEqual({ closed: [], open: { firstSeq: 1, lastSeq: 3 }, endsAtMs: 130 * MINUTE });
    expect(ranges(units, POLICY, { nowMs: 130 * MINUTE, moreComes: false })).toEqual(['1-3 pause']);
  });

  it('leaves it open, without a time, while more is known to come', () => {
    const plan = planEpisodes(talk([0, 1, 90]), POLICY, { nowMs: 1e12, moreComes: true });
    expect(plan).toEqual({
      closed: [{ firstSeq: 1, lastSeq: 2, end: 'pause' }],
      open: { firstSeq: 3, lastSeq: 3 },
      endsAtMs: null,
    });
  });

  it('cuts the same episodes piece by piece as all at once', () => {
    const times: number[] = [];
    const topics: number[] = [];
    let minute = 0;
    for (let i = 0; i < 120; i += 1) {
      minute += i % 37 === 36 ? 45 : 2;
      times.push(minute);
      topics.push(Math.floor(i / 11) % 3);
    }
    const units = talk(times, topics);
    const whole = ranges(units);
    const pieces: string[] = [];
    let from = 1;
    for (let through = 1; through <= units.length; through += 1) {
      const { closed } = planEpisodes(units.slice(from - 1, through), POLICY, { nowMs: 0, moreComes: true });
      for (const one of closed) pieces.push(`${one.firstSeq}-${one.lastSeq} ${one.end}`);
      from = (closed.at(-1)?.lastSeq ?? from - 1) + 1;
    }
    expect(pieces.length).toBeGreaterThan(6);
    expect(pieces).toEqual(whole.slice(0, pieces.length));
    expect(whole.length - pieces.length).toBeLessThanOrEqual(2);
  });
});
