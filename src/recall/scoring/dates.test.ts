import { datesIn, nearness } from './dates';

const now = new Date('2023-10-20T15:00:00Z');
const asked = (text: string): string[] =>
  datesIn(text, now).map(({ from, to }) => `${day(from)}..${day(to)}`);
const day = (time: number): string => new Date(time).toISOString().slice(0, 10);

describe('datesIn', () => {
  it.each([
    ['What happened on 7 May 2023?', ['2023-05-07..2023-05-08']],
    ['What happened on May 7th, 2023?', ['2023-05-07..2023-05-08']],
    ['on 2023-05-07', ['2023-05-07..2023-05-08']],
    ['in May 2023', ['2023-05-01..2023-06-01']],
    ['in May', ['2023-05-01..2023-06-01']],
    ['in December', ['2022-12-01..2023-01-01']],
    ['on 3 November', ['2022-11-03..2022-11-04']],
    ['in summer 2022', ['2022-06-01..2022-09-01']],
    ['last summer', ['2023-06-01..2023-09-01']],
    ['last winter', ['2022-12-01..2023-03-01']],
    ['during 2022', ['2022-01-01..2023-01-01']],
    ['yesterday', ['2023-10-19..2023-10-20']],
    ['last week', ['2023-10-13..2023-10-20']],
    ['two weeks ago', ['2023-10-06..2023-10-13']],
    ['3 days ago', ['2023-10-17..2023-10-18']],
    ['a couple of days ago', ['2023-10-18..2023-10-19']],
    ['I may go, march on, and spring up', []],
    ['99 May 2023', ['2023-05-01..2023-06-01']],
    ['', []],
  ])('%j', (text, expected) => {
    expect(asked(text)).toEqual(expected);
  });
});

describe('nearness', () => {
  const range = [{ from: Date.UTC(2023, 4, 1), to: Date.UTC(2023, 5, 1) }];
  it.each([
    ['2023-05-15T00:00:00Z', 1],
    ['2023-06-01T00:00:00Z', 1],
    ['2023-06-04T12:00:00Z', 0.5],
    ['2023-04-27T12:00:00Z', 0.5],
    ['2023-07-01T00:00:00Z', 0],
  ])('%s', (saidAt, expected) => {
    expect(nearness(new Date(saidAt), range)).toBeCloseTo(expected);
  });
  it('is 0 where no date is asked for', () => {
    expect(nearness(now, [])).toBe(0);
  });
});
