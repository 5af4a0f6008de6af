import type { Turn } from '../src/domain/message';
import { rawMemory } from './raw-memory';

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

describe('the raw memory', () => {
  it('of a single message is its text', () => {
    const memory = rawMemory(REF, 'id', [turn(7, { metadata: { topic: 'tea', conversation_id: 'forged' } })]);
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
    const memory = rawMemory(REF, 'id', turns);
    expect(memory.content).toBe('Ada: text 1\nassistant: text 2\nuser: text 3');
    expect(memory.metadata).toMatchObject({
      batch_size: 3,
      aggregation: 'batched_transcript',
      message_roles: ['user', 'assistant', 'user'],
    });
  });

  it('dates from when its first message was said, else came in', () => {
    const said = new Date('2019-01-01T00:00:00Z');
    expect(rawMemory(REF, 'id', [turn(1, { timestamp: said }), turn(2)]).createdAt).toEqual(said);
    expect(rawMemory(REF, 'id', [turn(1)]).createdAt).toEqual(turn(1).storedAt);
  });

  it('bears the forced persona', () => {
    expect(rawMemory(REF, 'id', [turn(1), turn(2, { forcedPersona: 'finance' })]).personaTags).toEqual([
      'finance',
    ]);
    expect(rawMemory(REF, 'id', [turn(1)]).personaTags).toEqual(['identity']);
  });
});
