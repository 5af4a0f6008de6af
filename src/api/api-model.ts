import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { languageModelSettingsOf, type Config } from '../config';
import type { Instruments } from '../metrics/instruments';
import { countTokens, meteredLanguageModel } from '../metrics/metered';
import type { LanguageModel } from '../models/language-model';
import { createOpenAiLanguageModel } from '../models/openai-language-model';
import { createNarrator, type Narrator } from '../recall/narrator';

/**
 * The language model as the API asks it, with somebody waiting, and what it tells narratives with.
 * @throws Error on a configuration that cannot work
 */
export function createApiModel(
  config: Config,
  { pool, instruments, log }: { pool: Pool; instruments: Instruments; log: Logger },
): { llm: LanguageModel | null; narrator: Narrator | null } {
  const settings = languageModelSettingsOf(config);
  if (settings === null) return { llm: null, narrator: null };
  const narrativeTimeoutMs = config.LLM_NARRATIVE_TIMEOUT_MS;
  const timeoutMs = Math.min(settings.timeoutMs, Math.max(1, narrativeTimeoutMs));
  const llm = meteredLanguageModel(
    createOpenAiLanguageModel({ ...settings, timeoutMs, onTokens: countTokens(instruments) }),
    instruments,
  );
  const narrator = createNarrator({
    pool,
    model: llm,
    callsPerUserAndDay: config.LLM_CALLS_PER_USER_AND_DAY,
    onFailure: (err) => log.warn({ err }, 'a narrative is told without the language model'),
  });
  return { llm, narrator: narrativeTimeoutMs === 0 ? null : narrator };
}
