import { withProgress } from '../../src/local/progress';

afterEach(() => jest.useRealTimers());

test('a long step says every ten seconds how long it has taken and what it is at, and when it is done', async () => {
  jest.useFakeTimers();
  const lines: string[] = [];
  let finish: (result: number) => void = () => undefined;
  const step = withProgress(
    'building',
    (line) => lines.push(line),
    (say) => {
      say('3 of 9');
      return new Promise<number>((resolve) => (finish = resolve));
    },
  );
  jest.advanceTimersByTime(60_000);
  finish(42);
  expect(await step).toBe(42);
  jest.advanceTimersByTime(60_000);
  expect(lines).toEqual([
    'building …',
    ...[10, 20, 30, 40, 50].map((seconds) => `building … ${seconds} s, 3 of 9`),
    'building … 1 min 0 s, 3 of 9',
    'building: done in 1 min 0 s',
  ]);
});
