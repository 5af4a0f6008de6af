import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEmbedderContract } from '../../test/contract/embedder.contract';
import { UnavailableError } from '../domain/errors';
import { createEmbedder, type EmbedderSettings } from './create-embedder';
import { createLocalEmbedder, type LocalEmbedder } from './local-embedder';
import { defaultModelDir, missingModelFiles } from './model-files';
import { cosine } from './quantize';

const modelDir = process.env.MODEL_DIR || defaultModelDir();
const missing = missingModelFiles(modelDir);
const withModel = missing.length === 0 ? describe : describe.skip;
if (missing.length > 0) {
  console.warn(
    `SKIPPED: the local embedder, as ${modelDir} lacks ${missing.join(', ')}. Run: node scripts/fetch-model.mjs`,
  );
}

const document = { purpose: 'document' } as const;
const query = { purpose: 'query' } as const;
const POLL_MS = 20;
const DEADLINE_MS = 20_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + DEADLINE_MS; !holds();) {
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch (error) {
    // Where there is no /proc, the signal has answered.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}

withModel('the local embedder', () => {
  describeEmbedderContract('the local model', async () => createLocalEmbedder({ modelDir, threads: 2 }));

  describe('with its child', () => {
    let embedder: LocalEmbedder;
    beforeEach(() => {
      embedder = createLocalEmbedder({ modelDir, threads: 2, nice: 5 });
    });
    afterEach(() => embedder.close());

    it('gives the similarities published for this model', async () => {
      const [eating, bread, baby] = await embedder.embed(
        ['A man is eating food.', 'A man is eating a piece of bread.', 'The girl is carrying a baby.'],
        document,
      );
      expect(cosine(eating!, bread!)).toBeCloseTo(0.7553, 3);
      expect(cosine(eating!, baby!)).toBeCloseTo(-0.105, 3);
    });

    it('cuts a text at 256 ids', async () => {
      const long = 'alpha '.repeat(254);
      const [at, beyond, below] = await embedder.embed(
        [long, `${long}${'violin '.repeat(50)}`, 'alpha violin'],
        document,
      );
      expect(cosine(at!, beyond!)).toBeGreaterThan(0.9999);
      expect(cosine(at!, below!)).toBeLessThan(0.99);
    });

    it('runs at the priority it was given', async () => {
      await embedder.check();
      expect(getPriority(embedder.pid!)).toBe(5);
    });

    it('answers a query before the documents that were there first', async () => {
      await embedder.check();
      const order: string[] = [];
      const texts = Array.from({ length: 100 }, (_, i) => `document ${i} says ${'this and that '.repeat(8)}`);
      const documents = embedder.embed(texts, document).then(() => order.push('documents'));
      await embedder.embed(['a question'], query).then(() => order.push('query'));
      await documents;
      expect(order).toEqual(['query', 'documents']);
    });

    it('works again after its child was killed, idle or at work', async () => {
      await embedder.check();
      const first = embedder.pid!;
      process.kill(first, 'SIGKILL');
      await until('the child is gone', () => embedder.pid === undefined);
      await expect(embedder.embed(['again'], document)).resolves.toHaveLength(1);
      expect(embedder.pid).not.toBe(first);

      const texts = Array.from(
        { length: 200 },
        (_, i) => `document ${i} says ${'this and that '.repeat(20)}`,
      );
      const interrupted = embedder.embed(texts, document);
      process.kill(embedder.pid!, 'SIGKILL');
      await expect(interrupted).rejects.toThrow(UnavailableError);
      await expect(interrupted).rejects.toThrow(/SIGKILL/);
      await expect(embedder.embed(['and again'], query)).resolves.toHaveLength(1);
    });

    it('answers nothing more once closed, and leaves no child', async () => {
      await embedder.check();
      const pid = embedder.pid!;
      const waiting = embedder.embed(
        Array.from({ length: 64 }, (_, i) => `text ${i}`),
        document,
      );
      await Promise.all([expect(waiting).rejects.toThrow(UnavailableError), embedder.close()]);
      expect(alive(pid)).toBe(false);
      await expect(embedder.embed(['late'], document)).rejects.toThrow(UnavailableError);
    });
  });

  it('takes its child along when its process is killed', async () => {
    const child = join(__dirname, 'local-embedder-child.js');
    const start = JSON.stringify({ modelDir, graphFile: 'minilm.onnx', threads: 1, nice: 0, maxTokens: 256 });
    const parent = spawn(process.execPath, [
      '-e',
      `const c = require('node:child_process').fork(${JSON.stringify(child)}, [], { serialization: 'advanced' });
       c.send(${start}); c.on('message', () => console.log(c.pid));`,
    ]);
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (data) => resolve(Number(data))),
    );
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until('the child is gone', () => !alive(pid));
  });

  it('backs off, and says why, when the model is broken', async () => {
    const broken = mkdtempSync(join(tmpdir(), 'broken-model-'));
    try {
      for (const name of ['model.safetensors', 'tokenizer.json'])
        symlinkSync(join(modelDir, name), join(broken, name));
      writeFileSync(join(broken, 'minilm.onnx'), 'no graph');
      const embedder = createLocalEmbedder({ modelDir: broken, threads: 1 });
      let failure: unknown;
      await until('it backs off', () => {
        void embedder.check().catch((error: unknown) => (failure = error));
        return failure instanceof UnavailableError && (failure.retryAfterMs ?? 0) > 0;
      });
      expect((failure as Error).message).toMatch(/restarted.*cannot load its model/);
      await embedder.close();
    } finally {
      rmSync(broken, { recursive: true });
    }
  });
});

describe('choosing an embedder', () => {
  const settings: EmbedderSettings = {
    kind: 'local',
    url: '',
    apiKey: '',
    model: 'm',
    dimensions: 8,
    timeoutMs: 1_000,
    threads: 1,
    modelDir: '/nonexistent',
  };

  it('has none without a model, and says how to get it', () => {
    const chosen = createEmbedder(settings);
    expect(chosen).toMatchObject({ embedder: null, status: 'failing' });
    expect(chosen.reason).toMatch(/no local model in \/nonexistent.*fetch-model/);
  });

  it('has none when told so, which is no defect', () => {
    expect(createEmbedder({ ...settings, kind: 'none' })).toMatchObject({ embedder: null, status: 'off' });
  });

  it('needs an address for a hosted one', () => {
    expect(() => createEmbedder({ ...settings, kind: 'openai' })).toThrow(/EMBEDDER_URL/);
    const chosen = createEmbedder({ ...settings, kind: 'openai', url: 'http://127.0.0.1:1/v1' });
    expect(chosen.embedder?.name).toBe('m-8');
  });
});
