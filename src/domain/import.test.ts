import { derivedMessageId, importStatusOf } from './import';

const NONE = { ended: true, paused: false, cancelled: false, finished: false };

describe('the status of an import', () => {
  it.each([
    ['receiving', { ended: false }, {}],
    ['running', {}, {}],
    ['paused', { paused: true }, {}],
    ['paused', { paused: true, ended: false }, {}],
    ['completed', { finished: true }, {}],
    ['completed_with_errors', { finished: true }, { failed: 1 }],
    ['completed_with_errors', { finished: true }, { rejected: 1 }],
    ['running', { finished: true }, { pending: 1 }],
    ['cancelled', { cancelled: true, paused: true }, { pending: 1 }],
    ['cancelled', { cancelled: true, finished: true }, { failed: 1 }],
  ])('is %s', (expected, moments, totals) => {
    const counts = { rejected: 0, failed: 0, pending: 0, ...totals };
    expect(importStatusOf({ ...NONE, ...moments }, counts)).toBe(expected);
  });
});

describe('a derived id', () => {
  const ref = { userId: 'u', conversationId: 'c' };
  const message = { role: 'user' as const, content: 'hello', timestamp: new Date('2024-01-01T00:00:00Z') };

  it('is the same for the same message, at whatever offset its time was written', () => {
    const again = { ...message, timestamp: new Date('2024-01-01T02:00:00+02:00') };
    expect(derivedMessageId(ref, again, 1)).toBe(derivedMessageId(ref, message, 1));
  });

  it.each([
    [message, 1, 'fdc6db7b-c9b4-5e13-a290-372f03b929a2'],
    [{ ...message, content: 'héllo', timestamp: null }, 2, 'dada7349-cada-5a4e-bdf8-c7fc1e137d46'],
  ])('never changes: a file that was imported long ago is still known', (said, occurrence, id) => {
    expect(derivedMessageId(ref, said, occurrence)).toBe(id);
  });

  it('is another for another', () => {
    const ids = [
      derivedMessageId(ref, message, 1),
      derivedMessageId(ref, message, 2),
      derivedMessageId({ ...ref, userId: 'v' }, message, 1),
      derivedMessageId({ ...ref, conversationId: 'd' }, message, 1),
      derivedMessageId(ref, { ...message, role: 'assistant' }, 1),
      derivedMessageId(ref, { ...message, content: 'Hello' }, 1),
      derivedMessageId(ref, { ...message, timestamp: null }, 1),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
