import { Context } from '@temporalio/activity';
import type { ModelQuestion } from '../src/models/language-model';
import { askWithinBudget as ask } from '../src/recall/ask-within-budget';
import type { Owner } from '../src/record/model-results';
import type { Queryable } from '../src/record/pool';
import type { ExtractionDependencies } from './dependencies';

const MS_PER_DAY = 86_400_000;

/**
 * Asks the language model in an activity, if the user's day has a call left for it.
 * @returns null when it has none: see callsRenewedAt
 * @throws as LanguageModel.answer does; the call is spent
 */
export async function askWithinBudget<T extends object>(
  on: Queryable,
  owner: Owner,
  { model, policy }: ExtractionDependencies,
  question: ModelQuestion<T>,
): Promise<T | null> {
  const { callsPerUserAndDay } = policy;
  return ask(on, owner, { model, callsPerUserAndDay }, question, Context.current().cancellationSignal);
}

/** When a day's calls are there again. */
export function callsRenewedAt(): Date {
  return new Date((Math.floor(Date.now() / MS_PER_DAY) + 1) * MS_PER_DAY);
}
