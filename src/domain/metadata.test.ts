import { MAX_METADATA_BYTES, mergedMetadata } from './metadata';

type Metadata = Record<string, unknown>;

/** Takes this many bytes as JSON. */
const taking = (bytes: number, key = 'a'): Metadata => ({ [key]: 'x'.repeat(bytes - 8) });

describe('merged metadata', () => {
  it.each<[string, Metadata, Metadata, Metadata]>([
    ['what is new is added', { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ['what is there is replaced as a whole', { a: { b: 1 } }, { a: { c: 2 } }, { a: { c: 2 } }],
    ['null takes out', { a: 1, b: 2 }, { a: null, c: null }, { b: 2 }],
    [
      'ours stays',
      { message_ids: ['m'], portfolio: { action: 'buy' } },
      { message_ids: [], portfolio: null, aggregation: 'x' },
      { message_ids: ['m'], portfolio: { action: 'buy' } },
    ],
  ])('%s', (_what, known, change, merged) => expect(mergedMetadata(known, change)).toEqual(merged));

  it('is at most 16 KiB of the caller’s own', () => {
    const ours = { message_ids: Array.from({ length: 1_000 }, (_, i) => `message-number-${i}`) };
    const full = { ...ours, ...taking(MAX_METADATA_BYTES) };
    expect(mergedMetadata(ours, taking(MAX_METADATA_BYTES))).toEqual(full);
    expect(() => mergedMetadata(ours, taking(MAX_METADATA_BYTES + 1))).toThrow(
      /^metadata: must take at most 16384 bytes/,
    );
    expect(() => mergedMetadata(full, { b: 1 })).toThrow(/would take 16390/);
    expect(mergedMetadata(full, { a: null, b: 1 })).toEqual({ ...ours, b: 1 });
  });

  it('may get less where there is too much', () => {
    const much = { ...taking(MAX_METADATA_BYTES), ...taking(9_000, 'b'), ...taking(9_000, 'c') };
    expect(mergedMetadata(much, { c: null })).not.toHaveProperty('c');
    expect(mergedMetadata(much, { c: 'less' })).toMatchObject({ c: 'less' });
    expect(() => mergedMetadata(much, { d: 'more' })).toThrow(/^metadata: /);
  });
});
