import { affect, memoryScore, recency } from './memory-score';
import { personaWeights, selectPersona } from './persona-weights';

const now = new Date('2026-01-31T00:00:00Z');
const felt = { valence: 0.8, arousal: 0.5, emotion: 'joy', intensity: 0.6 };

describe('recency', () => {
  it.each([
    ['2026-01-31T00:00:00Z', 1],
    ['2026-02-15T00:00:00Z', 1],
    ['2026-01-01T00:00:00Z', 0.5],
    ['2025-12-02T00:00:00Z', 0.25],
  ])('of %s is %d', (saidAt, expected) => {
    expect(recency(new Date(saidAt), now)).toBeCloseTo(expected);
  });
});

describe('affect', () => {
  it.each<[typeof felt | null, string | null, number]>([
    [null, null, 0],
    [null, 'happy', 0],
    [felt, null, 0.7],
    [felt, 'Happy', 1],
    [felt, 'sad', 0.35],
    [felt, 'purple', 0.7],
    [{ ...felt, valence: -0.8 }, 'sad', 1],
  ])('%j in mood %s is %d', (signature, mood, expected) => {
    expect(affect(signature, mood)).toBeCloseTo(expected);
  });
});

describe('memoryScore', () => {
  const memory = { createdAt: now, importance: 1, emotionalSignature: { ...felt, valence: 1, intensity: 1 } };
  it.each(['identity', 'health', 'partner', 'expert', 'friend', 'guide'])(
    'parts add up for %s',
    (persona) => {
      const parts = memoryScore(memory, 0.6, personaWeights(persona), now, null);
      expect(parts.semantic + parts.temporal + parts.importance + parts.emotional).toBeCloseTo(
        parts.score,
        10,
      );
      expect(parts.score).toBeLessThanOrEqual(0.6 + 1e-9);
    },
  );
  it('gives what is irrelevant nothing, however fresh and important', () => {
    expect(memoryScore(memory, 0, personaWeights('strategist'), now, 'happy').score).toBe(0);
  });
});

describe('selectPersona', () => {
  const classifier = { classify: () => ({ selected: 'work', confidence: 0.7 }) };
  it.each([
    [{ forced: 'wizard', active: ['work'] }, null, { selected: 'wizard', confidence: 1 }],
    [{ active: ['health', 'work'] }, null, { selected: 'health', confidence: 1 }],
    [{ active: ['health'] }, classifier, { selected: 'work', confidence: 0.7 }],
    [{}, null, { selected: 'identity', confidence: 0 }],
  ])('%j', async (context, by, expected) => {
    expect(await selectPersona(context, 'question', by)).toEqual(expected);
  });
  it('gives an unknown persona identity’s weights', () => {
    expect(personaWeights('wizard')).toEqual(personaWeights('identity'));
  });
});
