import type { Pool } from 'pg';
import { UnavailableError, ensureError } from '../domain/errors';
import { sha256Hex } from '../domain/ids';
import type { RecalledMemory } from '../domain/memory';
import { NARRATION_BUDGET_WORDS, NARRATION_SYSTEM, narrationPrompt } from '../domain/narration';
import { acceptSentences, type TellingItem } from '../domain/telling';
import { narrationSchema } from '../models/narration-schema';
import type { Owner } from '../record/model-results';
import { readNarration, saveNarration } from '../record/narrations';
import { askWithinBudget, type BudgetedModel } from './ask-within-budget';
import { narrationLines } from './narration-lines';
import type { Statement } from './narrative';
import { termsOf } from './terms';

const MAX_OUTPUT_TOKENS = 1_500;

/** What a narrative is told from. */
export interface NarrationRequest {
  /** Null: nothing is asked. */
  query: string | null;
  /** What is told without a language model, at least one statement. */
  statements: readonly Statement[];
  /** What the question has found, best first. */
  memories: readonly RecalledMemory[];
}

export interface Narration {
  /** What holds of what the model told; null when it told nothing that does, or could not be asked. */
  statements: Statement[] | null;
  /** The model was asked now: what was read before is as old as that took. */
  waited: boolean;
}

/** Has a language model tell narratives. */
export interface Narrator {
  /** Never fails but with the record: what the model fails at is told without it. */
  narrate(owner: Owner, request: NarrationRequest): Promise<Narration>;
}

export interface NarratorOptions extends BudgetedModel {
  pool: Pool;
  /** Told why the model is of no use now. */
  onFailure: (error: Error) => void;
}

/**
 * A narrator that keeps what was told before it is used: the same question about the same lines is paid for once. A
 * service that asks for time is left alone for as long.
 */
export function createNarrator({ pool, onFailure, ...asked }: NarratorOptions): Narrator {
  const underWay = new Map<string, Promise<Narration>>();
  let notBeforeMs = 0;

  async function ask(owner: Owner, key: string, request: Asked): Promise<Narration> {
    if (Date.now() < notBeforeMs) return { statements: null, waited: false };
    try {
      const question = {
        system: NARRATION_SYSTEM,
        prompt: request.prompt,
        schema: narrationSchema,
        schemaName: 'narrative',
        maxOutputTokens: MAX_OUTPUT_TOKENS,
      };
      // Its own deadline ends it: whoever has asked may have gone, and the answer is of use to who asks again.
      const answer = await askWithinBudget(pool, owner, asked, question, new AbortController().signal);
      if (answer === null) return { statements: null, waited: false };
      const told = acceptSentences(answer.sentences, request, termsOf);
      const kept = await saveNarration(pool, owner, { key, model: asked.model.name, statements: told });
      return { statements: orNull(kept), waited: true };
    } catch (thrown) {
      const error = ensureError(thrown);
      if (isOfTheRecord(error)) throw thrown;
      if (error instanceof UnavailableError && error.retryAfterMs !== undefined)
        notBeforeMs = Date.now() + error.retryAfterMs;
      onFailure(error);
      return { statements: null, waited: true };
    }
  }

  return {
    async narrate(owner, { query, statements, memories }) {
      const items = narrationLines(statements, memories);
      const prompt = narrationPrompt(query, items);
      const key = narrationKey(
        asked.model.name,
        prompt,
        items.flatMap((item) => item.sourceIds),
      );
      const kept = await readNarration(pool, owner, key);
      if (kept) return { statements: orNull(kept), waited: false };
      const place = JSON.stringify([owner.namespace, owner.userId, key]);
      const request = { items, prompt, budgetWords: NARRATION_BUDGET_WORDS };
      const telling = underWay.get(place) ?? ask(owner, key, request).finally(() => underWay.delete(place));
      underWay.set(place, telling);
      return telling;
    },
  };
}

interface Asked {
  items: readonly TellingItem[];
  prompt: string;
  budgetWords: number;
}

function narrationKey(model: string, prompt: string, sourceIds: readonly string[]): string {
  return sha256Hex(JSON.stringify([model, NARRATION_SYSTEM, prompt, sourceIds]));
}

function isOfTheRecord(error: Error): boolean {
  return error instanceof UnavailableError && error.service !== 'llm';
}

function orNull(statements: readonly Statement[] | null): Statement[] | null {
  return statements === null || statements.length === 0 ? null : [...statements];
}
