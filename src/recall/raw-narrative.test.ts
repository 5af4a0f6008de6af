import { rawNarrative } from './raw-narrative';

const memory = (id: string, content: string, time: string, firstSeq: number | null = null) => ({
  id,
  content,
  createdAt: new Date(time),
  firstSeq,
});

describe('rawNarrative', () => {
  it('tells memories in the order of their time, a paragraph a day', () => {
    const told = rawNarrative([
      memory('c', 'I moved to Lisbon', '2024-05-09T00:00:00Z'),
      memory('b', 'I packed', '2024-05-08T23:59:59Z'),
      memory('a', 'I sold my car', '2024-05-08T10:00:00Z'),
    ]);
    expect(told).toBe('8 May 2024:\nI sold my car\nI packed\n\n9 May 2024:\nI moved to Lisbon');
  });

  it('tells what came at the same time in the order it was said', () => {
    const at = '2024-05-08T10:00:00Z';
    expect(rawNarrative([memory('a', 'Where to?', at, 2), memory('b', 'I moved', at, 1)])).toBe(
      '8 May 2024:\nI moved\nWhere to?',
    );
  });

  it('is empty only when there is nothing', () => {
    expect(rawNarrative([])).toBe('');
    expect(rawNarrative([memory('a', 'x'.repeat(32_768), '2024-05-08T10:00:00Z')])).not.toBe('');
  });

  it('keeps those given first when they are more than fit', () => {
    const long = 'y'.repeat(5_900);
    const told = rawNarrative([
      memory('best', long, '2024-05-09T00:00:00Z'),
      memory('next', 'short', '2024-05-01T00:00:00Z'),
      memory('last', 'z'.repeat(200), '2024-05-02T00:00:00Z'),
    ]);
    expect(told).toContain(long);
    expect(told).toContain('short');
    expect(told).not.toContain('zzz');
  });
});
