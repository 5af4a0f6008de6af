import { createHash } from 'node:crypto';
import affect from './affect.json';
import creativity from './creativity.json';
import finance from './finance.json';
import health from './health.json';
import identity from './identity.json';
import none from './none.json';
import relationships from './relationships.json';
import work from './work.json';

/** A sentence that shows what a persona, or a feeling, sounds like. */
export interface Example {
  text: string;
  /** Null: no persona, small talk and the like; undefined: says nothing about personas. */
  persona?: string | null;
  /** 1 good, −1 bad, 0 neither; undefined: says nothing about feelings. */
  valence?: 1 | 0 | -1;
}

interface ByValence {
  positive: string[];
  negative: string[];
  neutral: string[];
}

const VALENCES = { positive: 1, negative: -1, neutral: 0 } as const;

const PERSONA_EXAMPLES: Record<string, ByValence> = {
  finance,
  health,
  work,
  relationships,
  creativity,
  identity,
};

/** The product's own example sentences, written for it; in this order their vectors are kept. */
export const EXAMPLES: readonly Example[] = [
  ...Object.entries(PERSONA_EXAMPLES).flatMap(([persona, texts]) => examplesOf(texts, { persona })),
  ...examplesOf(none, { persona: null }),
  ...examplesOf(affect, {}),
];

/** The personas that a text is classified into without configuration. */
export const CLASSIFIED_PERSONAS: readonly string[] = Object.keys(PERSONA_EXAMPLES);

/** Changes when a sentence or their order does. */
export function hashOfTexts(texts: readonly string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(texts)).digest();
}

function examplesOf(texts: ByValence, about: Pick<Example, 'persona'>): Example[] {
  return (['positive', 'negative', 'neutral'] as const).flatMap((feeling) =>
    texts[feeling].map((text): Example => ({ text, valence: VALENCES[feeling], ...about })),
  );
}
