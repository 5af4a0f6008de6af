import type { LanguageModel, ModelQuestion } from '../models/language-model';
import { spendModelCall, type Owner } from '../record/model-results';
import type { Queryable } from '../record/pool';

/** A language model, and how often it may be asked for one user. */
export interface BudgetedModel {
  model: LanguageModel;
  callsPerUserAndDay: number;
}

/**
 * Asks the language model, if the user's day has a call left for it.
 * @returns null when it has none
 * @throws as LanguageModel.answer does; the call is spent
 */
export async function askWithinBudget<T extends object>(
  on: Queryable,
  owner: Owner,
  { model, callsPerUserAndDay }: BudgetedModel,
  question: ModelQuestion<T>,
  signal: AbortSignal,
): Promise<T | null> {
  if (!(await spendModelCall(on, owner, callsPerUserAndDay))) return null;
  return model.answer(question, signal);
}
