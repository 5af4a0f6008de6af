import type { RecalledMemory } from '../domain/memory';
import { withAnswers } from './answering-sentences';
import { createDefaultSummarizer } from './default-summarizer';
import type { ReadSummary } from './read-summaries';

const saidAt = new Date('2024-05-08T10:00:00Z');
const episode = {
  id: 'e',
  sourceIds: ['m1', 'm2', 'm3'],
  sentences: [{ text: 'The user’s director is Susan.', sourceIds: ['m1'], saidAt, persona: 'work' }],
} as unknown as ReadSummary;
const memory = (id: string, content: string, relevance: number) =>
  ({
    id,
    tier: 'raw',
    relevance,
    personaTags: ['work'],
    matches: [{ messageId: id, role: 'user', name: null, content, timestamp: saidAt, score: relevance }],
  }) as unknown as RecalledMemory;
const told = async (...memories: RecalledMemory[]): Promise<string[]> => {
  const [one] = await withAnswers(createDefaultSummarizer(), [episode], memories);
  return one!.sentences.slice(1).map((sentence) => `${sentence.sourceIds.join()}: ${sentence.text}`);
};

it.each<[string, RecalledMemory, string[]]>([
  [
    'what answers and is left out is told',
    memory('m2', 'I moved the launch to April.', 0.7),
    ['m2: The user moved the launch to April.'],
  ],
  [
    'what is told of another turn of its memory is told',
    memory('m1', 'I moved the launch to April.', 0.7),
    ['m1: The user moved the launch to April.'],
  ],
  ['what is told already is not', memory('m1', 'My director is Susan.', 0.9), []],
  ['what hardly answers is not', memory('m2', 'I moved the launch to April.', 0.5), []],
  ['a question is not', memory('m3', 'When is the launch?', 0.9), []],
  ['what is of no episode is not', memory('m9', 'I moved the launch to April.', 0.9), []],
])('%s', async (_, found, expected) => expect(await told(found)).toEqual(expected));
