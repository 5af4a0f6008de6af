import { UnavailableError } from '../domain/errors';
import { LastKnown } from './last-known';

const down = new UnavailableError('postgres', 'down');

function world(answers: (number | Error)[]) {
  let now = 0;
  let looks = 0;
  const value = new LastKnown<number>({
    load: async () => {
      const answer = answers[Math.min(looks, answers.length - 1)]!;
      looks += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    freshMs: 2_000,
    staleMs: 60_000,
    nowMs: () => now,
  });
  return { value, at: (ms: number) => (now = ms), looks: () => looks };
}

describe('a last known value', () => {
  it('is looked up once for all who ask at once, and again when it is no longer fresh', async () => {
    const { value, at, looks } = world([1, 2]);
    expect(await Promise.all([value.get(), value.get(), value.get()])).toEqual([1, 1, 1]);
    at(1_999);
    expect(await value.get()).toBe(1);
    expect(looks()).toBe(1);
    at(2_000);
    expect(await value.get()).toBe(2);
  });

  it('counts for a while when the record is away, then it is unknown', async () => {
    const { value, at } = world([1, down]);
    await value.get();
    at(30_000);
    expect(await value.get()).toBe(1);
    at(60_001);
    await expect(value.get()).rejects.toBe(down);
  });

  it('is not looked up for every request while the record is away', async () => {
    const { value, at, looks } = world([down]);
    await expect(value.get()).rejects.toBe(down);
    at(500);
    await expect(value.get()).rejects.toBe(down);
    expect(looks()).toBe(1);
    at(1_000);
    await expect(value.get()).rejects.toBe(down);
    expect(looks()).toBe(2);
  });
});
