import { resolveGranularity } from './granularity';

const ALL = { episodes: true, arcs: true };

describe('resolveGranularity', () => {
  it.each([
    ['Tell me about my life so far', 'arc'],
    ['How has my health been over the last months?', 'arc'],
    ['Give me a summary of my work', 'arc'],
    ['When did I move to Lisbon?', 'raw'],
    ['What is my sister’s name?', 'raw'],
    ['Any updates on the pottery class?', 'episodic'],
    [null, 'arc'],
  ])('auto for %s is %s', (query, expected) => {
    expect(resolveGranularity('auto', query, ALL)).toBe(expected);
  });

  it('takes the tier below for one that does not exist yet', () => {
    expect(resolveGranularity('auto', 'my life', { episodes: true, arcs: false })).toBe('episodic');
    expect(resolveGranularity('auto', 'my life', { episodes: false, arcs: false })).toBe('raw');
  });

  it('leaves what was asked for', () => {
    expect(resolveGranularity('arc', 'When?', { episodes: false, arcs: false })).toBe('arc');
  });
});
