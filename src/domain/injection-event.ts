import type { Injection } from './memory';

/** Where a stream of injections stands: everything up to and with this one has been seen. Ordered within a conversation. */
export type InjectionEventId = number;

/** An injection as a stream of its conversation tells it. */
export interface InjectionEvent {
  id: InjectionEventId;
  injection: Injection;
}

/** More than a message may be answered with. */
const IDS_A_MESSAGE = 1_000;
/** Above every id: seqs stay far below. */
export const MAX_INJECTION_EVENT_ID = 999_999_999_999_999;

/** The id of the injection that stands at place `ordinal` of those into message `seq`: ascending in the order of commits. */
export function injectionEventId(seq: number, ordinal: number): InjectionEventId {
  return seq * IDS_A_MESSAGE + ordinal;
}

/** The position behind everything that message `seq` and those before it were answered with. */
export function behindMessage(seq: number): InjectionEventId {
  return injectionEventId(seq, IDS_A_MESSAGE - 1);
}

/** The message and the place that an id stands for. */
export function placeOfInjection(id: InjectionEventId): { seq: number; ordinal: number } {
  return { seq: Math.floor(id / IDS_A_MESSAGE), ordinal: id % IDS_A_MESSAGE };
}
