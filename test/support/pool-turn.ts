import type { PoolTurn } from '../../src/recall/scoring/pool';

/** A turn that stands alone: in a conversation of its own, without a vector. */
export function poolTurn(n: number, content: string): PoolTurn {
  return {
    conversationId: `c${n}`,
    seq: 1,
    role: 'user',
    name: null,
    content,
    saidAt: new Date('2023-05-08T10:00:00Z'),
    vector: null,
  };
}
