import type { Turn } from '../src/domain/message';
import { rawMemory } from './raw-memory';
import type { BatchReading } from './read-batch';

const REF = { namespace: 'n', userId: 'ada', conversationId: 'c1' };

const turn = (seq: number, change: Partial<Turn> = {}): Turn => ({
  seq,
  messageId: `m${seq}`,
  role: 'user',
  name: null,
  content: `text ${seq}`,
  timestamp: null,
  storedAt: new Date('2024-05-01T10:00:00Z'),
  metadata: {},
  forcedPersona: null,
  ...change,
});

/** What is ours only at times. */
const FORGED = { portfolio: 'forged', aggregation: 'forged' };

const READING: BatchReading = {
  personas: [{ persona: 'identity', confidence: 0.4 }],
  emotionalSignature: null,
  importance: 0.4,
  trades: [],
};

describe('the raw memory', () => {
  it('of a single message is its text', () => {
    const memory = rawMemory(
      REF,
      'id',
      [turn(7, { metadata: { topic: 'tea', conversation_id: 'forged', ...FORGED } })],
      READING,
    );
    expect(memory).toMatchObject({ content: 'text 7', firstSeq: 7, lastSeq: 7, sourceMessageIds: ['m7'] });
    // The caller's own keys are kept, ours cannot be forged.
    expect(memory.metadata).toEqual({
      topic: 'tea',
      conversation_id: 'c1',
      message_ids: ['m7'],
      message_roles: ['user'],
      batch_size: 1,
    });
  });

  it('of several is a transcript, one speaker a line', () => {
    const turns = [turn(1, { name: 'Ada' }), turn(2, { role: 'assistant' }), turn(3)];
    const memory = rawMemory(REF, 'id', turns, READING);
    expect(memory.content).toBe('Ada: text 1\nassistant: text 2\nuser: text 3');
    expect(memory.metadata).toMatchObject({
      batch_size: 3,
      aggregation: 'batched_transcript',
      message_roles: ['user', 'assistant', 'user'],
    });
  });

  it('dates from when its first message was said, else came in', () => {
    const said = new Date('2019-01-01T00:00:00Z');
    expect(rawMemory(REF, 'id', [turn(1, { timestamp: said }), turn(2)], READING).createdAt).toEqual(said);
    expect(rawMemory(REF, 'id', [turn(1)], READING).createdAt).toEqual(turn(1).storedAt);
  });

  it('is what its turns were read as', () => {
    const felt = { valence: 0.7, arousal: 0.5, emotion: 'joy', intensity: 0.6 };
    const at = new Date('2024-05-01T10:00:00Z');
    const memory = rawMemory(REF, 'id', [turn(1, { metadata: { portfolio: 'forged' } })], {
      personas: [
        { persona: 'finance', confidence: 0.9 },
        { persona: 'work', confidence: 0.3 },
      ],
      emotionalSignature: felt,
      importance: 0.8,
      trades: [
        { action: 'goal', text: 'I want to buy Ford', ticker: 'F', saidAt: at },
        { action: 'buy', ticker: 'KO', shares: 3, price: 60, currency: 'USD', saidAt: at },
      ],
    });
    expect(memory).toMatchObject({
      personaTags: ['finance', 'work'],
      emotionalSignature: felt,
      importance: 0.8,
      metadata: { portfolio: { ticker: 'KO', shares: 3, price: 60, currency: 'USD', action: 'buy' } },
    });
    expect(rawMemory(REF, 'id', [turn(1)], READING).metadata).not.toHaveProperty('portfolio');
    const put = {
      action: 'buy' as const,
      asset: 'index fund',
      amount: 2_000,
      currency: 'EUR',
      saidAt: at,
    };
    expect(rawMemory(REF, 'id', [turn(1)], { ...READING, trades: [put] }).metadata['portfolio']).toEqual({
      asset: 'index fund',
      amount: 2_000,
      currency: 'EUR',
      action: 'buy',
    });
  });
});
