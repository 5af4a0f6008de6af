import { importDetails } from './import-details';

const TOTALS = {
  lines: 101,
  messages: 121,
  accepted: 100,
  duplicates: 20,
  rejected: 1,
  indexed: 57,
  failed: 3,
  pending: 40,
};
const RUNNING = {
  status: 'running' as const,
  totals: TOTALS,
  conversationsInFlight: 4,
  ratePerSecond: 12.34,
  secondsLeft: 3,
  obstacle: null,
};

describe('what the Temporal UI shows of an import', () => {
  it('says how far it is, in numbers that add up', () => {
    expect(importDetails(RUNNING).split('\n')).toEqual([
      '**running**: 60 % of 100 messages are indexed or failed',
      '- 101 lines: 100 messages accepted, 20 known before, 1 lines rejected',
      '- 57 indexed, 3 failed, 40 pending, 4 conversations at work',
      '- 12.3 messages a second, about 3 s left',
    ]);
  });

  it.each([
    ['what it waits for', { obstacle: 'embedder: busy' }, /\n- waiting for embedder: busy$/],
    ['no rate that is not known', { ratePerSecond: null }, /at work$/],
    ['no time left that is not known', { secondsLeft: null }, /\n- 12\.3 messages a second$/],
    [
      'a status of several words',
      { status: 'completed_with_errors' as const },
      /^\*\*completed with errors\*\*/,
    ],
    ['an empty one as done', { totals: { ...TOTALS, accepted: 0, indexed: 0, failed: 0 } }, /: 100 % of 0 /],
  ])('says %s', (_, changes, expected) => {
    expect(importDetails({ ...RUNNING, ...changes })).toMatch(expected);
  });
});
