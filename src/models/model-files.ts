import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The graph that setup writes beside the weights. */
export const GRAPH_FILE = 'minilm.onnx';
const MODEL_FILES = [GRAPH_FILE, 'model.safetensors', 'tokenizer.json'];
const MODEL_NAME = 'all-MiniLM-L6-v2';

/** Where setup (scripts/fetch-model.mjs) puts the local embedder's model. */
export function defaultModelDir(env: NodeJS.ProcessEnv = process.env): string {
  const cache =
    env.AGENTIC_MEMORIES_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'agentic-memories');
  return join(cache, 'models', MODEL_NAME);
}

/** The files of the model that a folder lacks. */
export function missingModelFiles(modelDir: string): string[] {
  return MODEL_FILES.filter((name) => !existsSync(join(modelDir, name)));
}
