import type { TurnFeatures } from './turn-features';

/** A turn that is itself a question seldom answers one: the weight, else 1. */
export function questionFactor(turn: Pick<TurnFeatures, 'asks'>, weight: number): number {
  return turn.asks ? weight : 1;
}

/** Longer turns say more: 1 for one of average length, a little more or less by the logarithm of its length. */
export function lengthFactor(
  terms: Pick<TurnFeatures['terms'], 'length'>,
  averageLength: number,
  gain: number,
): number {
  return 1 + gain * Math.log(Math.max(1, terms.length) / averageLength);
}

/** 1 for a turn with a word of time, where the question asks when. */
export function tellsWhen(turn: Pick<TurnFeatures, 'tellsTime'>, question: { asksWhen: boolean }): 0 | 1 {
  return question.asksWhen && turn.tellsTime ? 1 : 0;
}
