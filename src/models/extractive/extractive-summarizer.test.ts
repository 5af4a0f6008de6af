import type { SummaryTurn } from '../summarizer';
import { createExtractiveSummarizer } from './extractive-summarizer';
import { wordCount } from '../../domain/words';

const STOP = new Set(
  'how are you a an the and to of in on at my i it was is with for we you so that'.split(' '),
);
const summarizer = createExtractiveSummarizer({
  termsOf: (text) => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !STOP.has(word)),
  share: () => 0.01,
});

function turns(...lines: string[]): SummaryTurn[] {
  return lines.map((line, i) => {
    const [name, content] = line.split(/: (.*)/s) as [string, string];
    return {
      memoryId: `m${i + 1}`,
      role: name === 'assistant' ? 'assistant' : 'user',
      name: name === 'user' || name === 'assistant' ? null : name,
      content,
      saidAt: new Date(Date.UTC(2024, 4, 8, 10, i)),
    };
  });
}

const TALK = turns(
  'Ana: Hey Ben! How are you?',
  'Ben: Great, thanks Ana! I adopted a greyhound puppy yesterday.',
  'Ana: Wow! I started a pottery class in Porto, and I made a blue vase.',
  'Ben: That is so cool! A greyhound puppy.',
  'Ana: We should meet. [photo: a photo of a blue vase on a table]',
);

describe('createExtractiveSummarizer', () => {
  it('says who talked and when, tells each thing once, and cites where it comes from', async () => {
    const { frame, sentences } = await summarizer.episode(TALK, { budgetWords: 60 });
    expect(frame).toBe('On 8 May 2024 Ana and Ben talked.');
    const texts = sentences.map((sentence) => sentence.text);
    expect(texts).toContain('Ben adopted a greyhound puppy on 7 May.');
    expect(texts.filter((text) => text.includes('greyhound'))).toHaveLength(1);
    expect(texts).toContain('Ana made a blue vase.');
    for (const sentence of sentences) {
      const source = TALK.find((turn) => turn.memoryId === sentence.sourceIds[0])!;
      expect(sentence.saidAt).toEqual(source.saidAt);
      expect(sentence.sourceIds).toHaveLength(1);
    }
    expect(texts.join(' ')).not.toMatch(/Hey|How are you/);
  });

  it.each([12, 20, 40])('stays within %i words', async (budgetWords) => {
    const { frame, sentences } = await summarizer.episode(TALK, { budgetWords });
    const text = [frame, ...sentences.map((sentence) => sentence.text)].join(' ');
    expect(wordCount(text)).toBeLessThanOrEqual(budgetWords);
    expect(sentences.length).toBeGreaterThan(0);
  });

  it.each<[string, SummaryTurn[]]>([
    ['a sentence without an end', turns(`user: the stories ${'were told again and again '.repeat(100)}`)],
    ['what grows when it is told', turns(`user: ${"i'm here and i'm there and ".repeat(60)}`)],
    ['a script without spaces', turns(`user: ${'我昨天在里斯本买了一只蓝色的花瓶。'.repeat(300)}`)],
    ['no word at all', turns(`user: ${'x'.repeat(30_000)}`)],
    [
      'names that are stories',
      turns(
        ...Array.from({ length: 6 }, (_, i) => `${`${i} of the house of `.repeat(9)}: I sold my blue car.`),
      ),
    ],
  ])('stays within its budget with %s', async (_, talk) => {
    for (const budgetWords of [40, 240]) {
      const { frame, sentences } = await summarizer.episode(talk, { budgetWords });
      const text = [frame, ...sentences.map((sentence) => sentence.text)].join(' ');
      expect(wordCount(text)).toBeLessThanOrEqual(budgetWords);
      expect(sentences.length).toBeGreaterThan(0);
      expect(text.length).toBeLessThan(budgetWords * 50);
    }
  });

  it('ends no sentence at a title', async () => {
    const talk = turns(
      'user: My blood test came back and Dr. Patel wants me to cut red meat. My wife met Mrs. Hill in St. Ives.',
    );
    const { sentences } = await summarizer.episode(talk, { budgetWords: 80 });
    expect(sentences.map((one) => one.text)).toEqual([
      'The user’s blood test came back and Dr. Patel wants them to cut red meat.',
      'The user’s wife met Mrs. Hill in St. Ives.',
    ]);
  });

  it('gives the same text again', async () => {
    const first = await summarizer.episode(TALK, { budgetWords: 40 });
    expect(await summarizer.episode(TALK, { budgetWords: 40 })).toEqual(first);
  });

  it('has something to say of any talk', async () => {
    const { frame, sentences } = await summarizer.episode(turns('user: hm'), { budgetWords: 40 });
    expect(frame).toBe('On 8 May 2024:');
    expect(sentences).toMatchObject([{ text: 'The user: “Hm.”', sourceIds: ['m1'] }]);
  });

  it('tells a long line in the order of time, within its budget', async () => {
    const said = (text: string, month: number) => ({
      text,
      sourceIds: [text],
      saidAt: new Date(Date.UTC(2024, month, 1)),
    });
    const line = [
      said('Ana took up pottery.', 0),
      said('Ana sold vases.', 3),
      said('Ana sold vases.', 4),
      said('Ana opened a studio.', 8),
    ];
    const { frame, sentences } = await summarizer.arc(line, { persona: 'creativity', budgetWords: 40 });
    expect(frame).toBe('From 1 January to 1 September 2024:');
    expect(sentences.map((one) => one.text)).toEqual([
      'Ana took up pottery.',
      'Ana sold vases.',
      'Ana opened a studio.',
    ]);
  });
});
