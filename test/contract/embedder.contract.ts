import type { Embedder } from '../../src/models/embedder';
import { cosine } from '../../src/models/quantize';

/** What every embedder promises. `open` makes a fresh one, which the suite closes. */
export function describeEmbedderContract(name: string, open: () => Promise<Embedder>): void {
  describe(`an embedder: ${name}`, () => {
    let embedder: Embedder;
    beforeAll(async () => {
      embedder = await open();
    });
    afterAll(() => embedder.close());

    const document = { purpose: 'document' } as const;
    const one = async (text: string): Promise<Float32Array> => (await embedder.embed([text], document))[0]!;

    it('can be checked', () => expect(embedder.check()).resolves.toBeUndefined());

    it('answers unit vectors of its dimensions, one a text', async () => {
      const vectors = await embedder.embed(['A bicycle.', 'The weather in Lisbon', 'B'], document);
      expect(vectors).toHaveLength(3);
      for (const vector of vectors) {
        expect(vector).toHaveLength(embedder.dimensions);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      }
    });

    it('answers nothing for nothing', () => expect(embedder.embed([], document)).resolves.toEqual([]));

    it('keeps the order of many texts of mixed lengths', async () => {
      const texts = Array.from(
        { length: 50 },
        (_, i) => `Text number ${i} ${'and more words '.repeat((i * 7) % 11)}`,
      );
      const together = await embedder.embed(texts, document);
      for (const i of [0, 1, 24, 37, 49])
        expect(cosine(together[i]!, await one(texts[i]!))).toBeGreaterThan(0.999);
    });

    it('places texts that share their words nearer', async () => {
      const [asked, near, far] = await embedder.embed(
        ['my sister plays the violin', 'the violin of my sister', 'interest rates rose again'],
        document,
      );
      expect(cosine(asked!, near!)).toBeGreaterThan(cosine(asked!, far!) + 0.2);
    });

    it('gives a query the same vector as a document', async () => {
      const [query] = await embedder.embed(['where did we go in May?'], { purpose: 'query' });
      expect(cosine(query!, await one('where did we go in May?'))).toBeGreaterThan(0.999);
    });

    it('takes texts that are long, odd or half a surrogate pair', async () => {
      const texts = [
        'word '.repeat(6_500),
        'x'.repeat(32_768),
        '🚲🚲',
        'こんにちは世界',
        '\ud83d broken',
        ' \n ',
        '[CLS] [SEP]',
      ];
      const vectors = await embedder.embed(texts, document);
      for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    });

    it('keeps callers apart', async () => {
      const texts = Array.from({ length: 12 }, (_, i) => `caller ${i} talks about topic ${i * 13}`);
      const answers = await Promise.all(
        texts.map((text) => embedder.embed([text, `${text} again`], document)),
      );
      for (const [i, text] of texts.entries())
        expect(cosine(answers[i]![0]!, await one(text))).toBeGreaterThan(0.999);
    });

    it('stops waiting when its caller does', async () => {
      const left = AbortSignal.abort(new Error('left'));
      await expect(embedder.embed(['never'], { ...document, signal: left })).rejects.toThrow('left');
      const leaving = new AbortController();
      const texts = Array.from({ length: 40 }, (_, i) => `a text that nobody waits for ${i}`);
      const answer = embedder.embed(texts, { ...document, signal: leaving.signal });
      leaving.abort(new Error('left later'));
      await expect(answer).rejects.toThrow('left later');
      await expect(one('still working')).resolves.toHaveLength(embedder.dimensions);
    });
  });
}
