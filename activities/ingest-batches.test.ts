import type { BatchRow } from '../src/record/batches';
import { firstPage } from './ingest-batches';

const batch = (firstSeq: number, lastSeq: number): BatchRow => ({
  firstSeq,
  lastSeq,
  reason: 'size',
  memoryId: 'm',
  attempts: 0,
  cancelled: false,
});

describe('a page of batches', () => {
  it.each<[string, BatchRow[], number]>([
    ['nothing', [], 0],
    ['all that fits', [batch(1, 5), batch(6, 10)], 2],
    ['one, however large', [batch(1, 900), batch(901, 902)], 1],
    ['up to 200 messages', [batch(1, 100), batch(101, 200), batch(201, 201)], 2],
    ['no range with a wide gap', [batch(1, 1), batch(5_000, 5_001)], 1],
  ])('takes %s', (_, batches, expected) => {
    expect(firstPage(batches)).toHaveLength(expected);
  });
});
