import { CLASSIFIED_PERSONAS, EXAMPLES } from './examples/examples';
import { exampleVectors } from './example-vectors';
import { createReaders } from './create-readers';
import type { Embedder } from './embedder';
import { UnavailableError } from '../domain/errors';
import { LOCAL_EMBEDDER_DIMENSIONS, LOCAL_EMBEDDER_NAME } from './local-embedder';

/** Stands in for the local embedder: only what ships may be used. */
const never: Embedder = {
  name: LOCAL_EMBEDDER_NAME,
  dimensions: LOCAL_EMBEDDER_DIMENSIONS,
  embed: () => Promise.reject(new Error('nothing may be embedded')),
  check: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
const texts = EXAMPLES.map((example) => example.text);

describe('the example sentences', () => {
  it('are each there once, many for each persona', () => {
    expect(new Set(texts).size).toBe(texts.length);
    for (const persona of CLASSIFIED_PERSONAS)
      expect(EXAMPLES.filter((example) => example.persona === persona).length).toBeGreaterThanOrEqual(60);
  });

  it('ship with their vectors: `npm run eval:fit-examples` after any change to them', async () => {
    expect(await exampleVectors(never, texts).of(texts)).toHaveLength(texts.length);
  });
});

describe('reading by words alone', () => {
  const { personas, affect } = createReaders(null);
  const said = (text: string) => [{ text, vector: null }];

  it.each([
    ['I pay two loans and a mortgage.', 'finance'],
    ['My dentist gave me antibiotics.', 'health'],
    ['The recruiter called about the interview.', 'work'],
    ['My wife and our kids visit grandma.', 'relationships'],
    ['I paint watercolours and write poems.', 'creativity'],
    ['My name is Ines and I was born a Catholic.', 'identity'],
  ])('%s', async (text, persona) => {
    const [reading] = await personas.classify(said(text));
    const best = [...reading!.scores].sort((a, b) => b[1] - a[1])[0];
    expect(best![0]).toBe(persona);
    expect([...reading!.scores.values()].reduce((sum, score) => sum + score, reading!.none)).toBeCloseTo(1);
  });

  it.each<[string, -1 | 0 | 1]>([
    ['I am so happy today!', 1],
    ["I couldn't be happier.", 1],
    ['I am not happy at all.', -1],
    ['I have never been so sad.', -1],
    ['My fees doubled.', -1],
    ['My salary doubled.', 1],
    ['I lost my job.', -1],
    ['I finally got rid of the debt and my pain is gone.', 1],
    ['The shop opens at nine.', 0],
    ['The meeting is on Tuesday.', 0],
  ])('%s feels %d', async (text, sign) => {
    const [felt] = await affect.feel(said(text));
    expect(Math.sign(felt?.valence ?? 0)).toBe(sign);
  });

  it('names what is felt and how strongly', async () => {
    const [weak] = await affect.feel(said('I am happy.'));
    const [strong] = await affect.feel(said('I am absolutely thrilled!!!'));
    expect(strong!.arousal).toBeGreaterThan(weak!.arousal);
    expect(strong!.intensity).toBeGreaterThan(weak!.intensity);
    expect([weak!.emotion, strong!.emotion]).toEqual(['joy', 'excitement']);
  });

  it('knows the personas that configuration adds', async () => {
    const added = [
      { persona: 'gardener', examples: ['I prune roses.', 'The compost is ready.', 'I sow tomatoes.'] },
    ];
    const [reading] = await createReaders(null, { added }).personas.classify(
      said('When do I prune the roses?'),
    );
    expect(reading!.scores.get('gardener')).toBeGreaterThan(0.5);
  });
});

describe('while the embedder is away', () => {
  const away: Embedder = {
    ...never,
    name: 'another',
    embed: () => Promise.reject(new UnavailableError('embedder', 'away')),
  };
  const said = [
    { text: 'My dentist gave me antibiotics.', vector: new Float32Array(LOCAL_EMBEDDER_DIMENSIONS) },
  ];

  it('memories wait for the examples', async () => {
    await expect(createReaders(away).personas.classify(said)).rejects.toThrow(UnavailableError);
  });

  it('questions go by words', async () => {
    const [reading] = await createReaders(away, { hurried: true }).personas.classify(said);
    expect(reading!.scores.get('health')).toBeGreaterThan(0.5);
  });
});
