import { reasonOf, type ReasonParts } from './explain-reason';

const now = new Date('2026-02-01T00:00:00Z');
const memory = {
  content: 'My goal is to save 9,000 euros by 2028.',
  createdAt: new Date('2026-01-29T00:00:00Z'),
  emotionalSignature: { valence: 0.7, arousal: 0.5, emotion: 'hope', intensity: 0.6 },
};
const parts: ReasonParts = {
  relevance: 0.8,
  semantic: 0.4,
  temporal: 0.2,
  importance: 0.2,
  emotional: 0.1,
  keyword: 0.9,
};
const reason = (change: Partial<ReasonParts>, mood: string | null = null): string =>
  reasonOf(memory, [{ role: 'user', content: memory.content }], { ...parts, ...change }, { now, mood });

it.each<[Partial<ReasonParts>, string | null, string]>([
  [
    {},
    null,
    'shares words with the query; recent, said 3 days ago; important: a goal, a number or a date; felt as hope',
  ],
  [
    { keyword: 0.1, temporal: 0, importance: 0.01 },
    'positive',
    'is close to the query in meaning; felt as hope, in tune with a positive mood',
  ],
  [
    { keyword: 0.5, temporal: 0, importance: 0.01, emotional: 0 },
    'positive',
    'is close to the query in words and meaning',
  ],
  [
    { relevance: 0.02, keyword: 0.1, temporal: 0, importance: 0.01, emotional: 0 },
    null,
    'has hardly anything to do with the query',
  ],
  [{ temporal: 0, importance: 0 }, 'negative', 'shares words with the query; felt as hope'],
])('%j in mood %s', (change, mood, expected) => expect(reason(change, mood)).toBe(expected));
