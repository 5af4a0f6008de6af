import { endOfDay, expiryAfter, isTodayOrLater, lastDayBefore } from './times';

const NOON = new Date('2026-06-15T12:00:00Z');

it.each([
  ['2026-06-15', '2026-06-16T00:00:00.000Z', true],
  ['2026-06-14', '2026-06-15T00:00:00.000Z', false],
  ['2028-02-29', '2028-03-01T00:00:00.000Z', true],
  ['2999-12-31', '3000-01-01T00:00:00.000Z', true],
])('a memory whose last day is %s expires at %s', (day, end, isLeft) => {
  expect(endOfDay(day)?.toISOString()).toBe(end);
  expect(isTodayOrLater(day, NOON)).toBe(isLeft);
  expect(lastDayBefore(endOfDay(day)!)).toBe(day);
});

it.each(['2026-02-30', '2026-06-15T12:00:00Z', 'soon', ''])('%j is no day', (text) => {
  expect(endOfDay(text)).toBeNull();
  expect(isTodayOrLater(text, NOON)).toBe(false);
});

it('a day is today until it ends', () => {
  const end = new Date('2026-06-16T00:00:00Z');
  expect(isTodayOrLater('2026-06-15', new Date(end.getTime() - 1))).toBe(true);
  expect(isTodayOrLater('2026-06-15', end)).toBe(false);
});

it('a moment within a day is shown on that day', () => {
  expect(lastDayBefore(new Date('2026-06-15T00:00:00.001Z'))).toBe('2026-06-15');
});

it('a last day left out stays as it is, null is no last day', () => {
  expect(expiryAfter(undefined)).toBeUndefined();
  expect(expiryAfter(null)).toBeNull();
  expect(expiryAfter('2026-06-15')).toEqual({ at: new Date('2026-06-16T00:00:00Z') });
});
