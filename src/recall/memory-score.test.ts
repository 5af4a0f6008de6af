import { memoryScore, recency } from './memory-score';
import { personaWeights } from './persona-weights';

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
  it('lets a mood tilt it, and nothing else', () => {
    const of = (valence: number, mood: string | null): number =>
      memoryScore(
        { ...memory, emotionalSignature: { ...felt, valence } },
        0.6,
        personaWeights('health'),
        now,
        mood,
      ).score;
    expect(of(0.8, 'positive')).toBeGreaterThan(of(-0.8, 'positive'));
    expect(of(0.8, 'negative')).toBeLessThan(of(-0.8, 'negative'));
    expect(of(0.8, 'neutral')).toBe(of(0.8, null));
  });
});

describe('personaWeights', () => {
  it.each([
    ['identity', [0.5, 0.2, 0.2, 0.1]],
    ['relationships', [0.3, 0.2, 0.2, 0.3]],
    ['health', [0.25, 0.25, 0.25, 0.25]],
    ['finance', [0.3, 0.3, 0.3, 0.1]],
    ['creativity', [0.4, 0.15, 0.25, 0.2]],
    ['work', [0.35, 0.3, 0.25, 0.1]],
    ['partner', [0.25, 0.25, 0.15, 0.35]],
    ['guide', [0.3, 0.25, 0.3, 0.15]],
    ['strategist', [0.25, 0.3, 0.35, 0.1]],
    ['expert', [0.5, 0.15, 0.2, 0.15]],
    ['friend', [0.3, 0.25, 0.15, 0.3]],
  ])('%s: semantic, temporal, importance, emotional are %j', (persona, expected) => {
    const { semantic, temporal, importance, emotional } = personaWeights(persona);
    expect([semantic, temporal, importance, emotional]).toEqual(expected);
    expect(personaWeights(persona.toUpperCase())).toEqual(personaWeights(persona));
  });
  it('gives an unknown persona identity’s weights', () => {
    expect(personaWeights('wizard')).toEqual(personaWeights('identity'));
  });
  it('takes what configuration says, whatever the case', () => {
    const own = { semantic: 0.1, temporal: 0.2, importance: 0.3, emotional: 0.4 };
    const configured = new Map([['gardener', own]]);
    expect(personaWeights('Gardener', configured)).toEqual(own);
    expect(personaWeights('Finance', configured)).toEqual(personaWeights('finance'));
  });
});
