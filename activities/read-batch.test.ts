import type { Turn } from '../src/domain/message';
import { createReaders } from '../src/models/create-readers';
import { readBatches } from './read-batch';

const readers = createReaders(null);
const turn = (seq: number, content: string, change: Partial<Turn> = {}): Turn => ({
  seq,
  messageId: `m${seq}`,
  role: 'user',
  name: null,
  content,
  timestamp: null,
  storedAt: new Date('2024-05-01T10:00:00Z'),
  metadata: {},
  forcedPersona: null,
  ...change,
});
const read = (...batches: Turn[][]) => readBatches(readers, batches, new Map());

describe('reading a batch', () => {
  it('tags what each is about, and several where several fit', async () => {
    const [money, both] = await read(
      [turn(1, 'My mortgage rate went up and I invest in bonds.')],
      [
        turn(2, 'My doctor prescribed antibiotics for the infection.'),
        turn(3, 'My manager moved the meeting with the client.'),
      ],
    );
    expect(money!.personas[0]).toMatchObject({ persona: 'finance' });
    expect(both!.personas.map((tag) => tag.persona).sort()).toEqual(['health', 'work']);
  });

  it('puts what the caller forces first, surely, before what it reads', async () => {
    const [reading] = await read([
      turn(1, 'My doctor prescribed antibiotics for the infection.', { forcedPersona: 'wizard' }),
    ]);
    expect(reading!.personas[0]).toEqual({ persona: 'wizard', confidence: 1 });
    expect(reading!.personas[1]).toMatchObject({ persona: 'health' });
  });

  it('feels and trades with the user alone', async () => {
    const [reading, other] = await read(
      [
        turn(1, 'I am terribly sad.', { role: 'assistant' }),
        turn(2, 'I bought 10 shares of Apple.', { timestamp: new Date('2020-01-01T00:00:00Z') }),
      ],
      [turn(3, 'I sold 10 shares of Apple, and I am so happy!!', { role: 'assistant' })],
    );
    expect(reading!.emotionalSignature).toBeNull();
    expect(reading!.trades).toEqual([
      { action: 'buy', ticker: 'AAPL', asset: 'Apple', shares: 10, saidAt: new Date('2020-01-01T00:00:00Z') },
    ]);
    expect(other).toMatchObject({ emotionalSignature: null, trades: [] });
  });

  it('is the same again', async () => {
    const batch = [turn(1, 'I love my new job at the bakery!')];
    expect(await read(batch)).toEqual(await read(batch));
  });
});
