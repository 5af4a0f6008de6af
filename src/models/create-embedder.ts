import type { Embedder } from './embedder';
import { gather } from './gathering-embedder';
import { createLocalEmbedder } from './local-embedder';
import { defaultModelDir, missingModelFiles } from './model-files';
import { createOpenAiEmbedder } from './openai-embedder';
import { rememberQueries } from './query-cache';

export interface EmbedderSettings {
  kind: 'local' | 'openai' | 'none';
  /** Of the hosted service. */
  url: string;
  apiKey: string;
  model: string;
  dimensions: number;
  timeoutMs: number;
  /** Of the local model. */
  threads: number;
  /** Empty: where setup puts it. */
  modelDir: string;
  /** Priority of the local model's process, as in `nice`. */
  nice?: number;
}

/** The embedder, or none with what the health page should say about that. */
export type ChosenEmbedder =
  | { embedder: Embedder; status: 'ok'; reason: null }
  | { embedder: null; status: 'off' | 'failing'; reason: string };

/** The configured embedder, or none. Nothing is loaded or called yet. @throws Error on a configuration that cannot work */
export function createEmbedder(settings: EmbedderSettings): ChosenEmbedder {
  switch (settings.kind) {
    case 'none':
      return { embedder: null, status: 'off', reason: 'EMBEDDER=none: recall goes by words alone' };
    case 'openai':
      if (!/^https?:\/\//.test(settings.url)) {
        throw new Error(
          'configuration is wrong: EMBEDDER=openai needs EMBEDDER_URL, such as https://host/v1',
        );
      }
      return {
        embedder: rememberQueries(gather(createOpenAiEmbedder(settings))),
        status: 'ok',
        reason: null,
      };
    case 'local': {
      const modelDir = settings.modelDir || defaultModelDir();
      const missing = missingModelFiles(modelDir);
      if (missing.length > 0) {
        const reason = `no local model in ${modelDir} (${missing.join(', ')} missing): recall goes by words alone; \`node scripts/fetch-model.mjs\` fetches it`;
        return { embedder: null, status: 'failing', reason };
      }
      const { threads, nice = 0 } = settings;
      return {
        embedder: rememberQueries(createLocalEmbedder({ modelDir, threads, nice })),
        status: 'ok',
        reason: null,
      };
    }
  }
}
