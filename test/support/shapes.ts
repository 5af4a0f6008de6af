import { z } from 'zod';
import { injection, item } from '../../src/api/schemas/answers';

/** Memories of an answer: nothing of the contract's keys missing, and nothing more. */
export function items(value: unknown): z.output<typeof item>[] {
  return z.array(z.strictObject(item.shape)).parse(value);
}

/** Injections of an answer, as strictly. */
export function injections(value: unknown): z.output<typeof injection>[] {
  return z.array(z.strictObject(injection.shape)).parse(value);
}
