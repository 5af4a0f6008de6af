import { withBorrowedSubject } from './follow-up';

const lookback = [
  { content: 'My cello teacher moved.' },
  { content: 'The one in Bergen?' },
  { content: 'Yes.' },
];

it.each([
  ['and what about that?', true],
  ['why?', true],
  ['tell me more', true],
  ['when was it?', true],
  ['ok thanks', false],
  ['lol', false],
  ['And what about my savings goal?', false],
  ['What is the revenue of that quarterly report?', false],
])('%j borrows: %s', (content, borrows) => {
  const query = withBorrowedSubject(content, lookback);
  expect(query.endsWith(content)).toBe(true);
  expect(query.includes('Bergen')).toBe(borrows);
  expect(query.includes('cello')).toBe(false);
});

it('stays as it is without anything before it', () => {
  expect(withBorrowedSubject('and what about that?', [])).toBe('and what about that?');
});
