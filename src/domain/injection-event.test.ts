import { behindMessage, injectionEventId, placeOfInjection } from './injection-event';
import { MAX_INJECTIONS_PER_MESSAGE } from './policy';

it('gives every injection an id of its own, ascending by message and then by place', () => {
  const ids = [1, 2, 3, 900_000_000].flatMap((seq) =>
    Array.from({ length: MAX_INJECTIONS_PER_MESSAGE }, (_, ordinal) => injectionEventId(seq, ordinal)),
  );
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
});

it.each([
  [1, 0],
  [1, MAX_INJECTIONS_PER_MESSAGE - 1],
  [123_456_789, 7],
])('finds message %d and place %d again', (seq, ordinal) => {
  expect(placeOfInjection(injectionEventId(seq, ordinal))).toEqual({ seq, ordinal });
});

it('stands behind a message before the next one', () => {
  expect(behindMessage(4)).toBeGreaterThan(injectionEventId(4, MAX_INJECTIONS_PER_MESSAGE - 1));
  expect(behindMessage(4)).toBeLessThan(injectionEventId(5, 0));
  expect(behindMessage(0)).toBeLessThan(injectionEventId(1, 0));
});
