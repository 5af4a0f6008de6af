import { embeddingTextOf, indexTermsOf, type IndexedTurn } from './index-terms';

const turn = (content: string, name: string | null = null): IndexedTurn => ({
  name,
  role: 'user',
  content,
  timestamp: new Date('2023-05-08T10:00:00Z'),
  storedAt: new Date('2026-01-01T00:00:00Z'),
});
const counts = (terms: string): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const term of terms.split(' ')) found[term] = (found[term] ?? 0) + 1;
  return found;
};

describe('indexTermsOf', () => {
  it('weighs own terms 3, the previous turn 2, the one before 1, dates 3', () => {
    const terms = indexTermsOf([turn('apple'), turn('pear')], [turn('plum'), turn('cherry')]);
    expect(counts(terms)).toEqual({ appl: 3, pear: 3, cherri: 2, plum: 1, mai: 3, '2023': 3 });
  });
  it('works for the first turn of a conversation, which has nothing before it', () => {
    expect(counts(indexTermsOf([turn('apple')]))).toEqual({ appl: 3, mai: 3, '2023': 3 });
  });
  it('leaves out the speakers’ names, but never a role', () => {
    const terms = counts(indexTermsOf([turn('Hey Ana, the user manual', 'Bo')], [turn('Bo?', 'Ana')]));
    expect(terms).toMatchObject({ user: 3, manual: 3 });
    expect(terms).not.toHaveProperty('ana');
    expect(terms).not.toHaveProperty('bo');
  });
});

it('embeds the single turn with its speaker', () => {
  expect(embeddingTextOf({ name: 'Ana', role: 'user', content: 'Hi' })).toBe('Ana: Hi');
  expect(embeddingTextOf({ name: null, role: 'assistant', content: 'Hi' })).toBe('assistant: Hi');
});
