import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { randomUUID } from 'node:crypto';
import { importView, sendImport } from '../support/import-client';
import { poll } from '../support/poll';
import { startBenchStack, type BenchStack } from './bench-stack';
import { turnText } from './synthetic-talk';

/** BENCH_STREAM_LINES makes it another number. */
const LINES = Number(process.env['BENCH_STREAM_LINES'] ?? 1_000_000);
const CONVERSATIONS = 10_000;
const LINES_A_PIECE = 500;
const SAMPLE_MS = 200;
const WANTED_MB = 150;
const BEGUN_WITHIN_MS = 30_000;

/**
 * Streams lines without ids, so that each of them is counted, and prints how much memory the API takes meanwhile. The
 * import is paused: only receiving is measured.
 */
export async function streamOfLines(say: (line: string) => void): Promise<void> {
  const stack = await startBenchStack({ EMBEDDER: 'none' });
  try {
    const before = rssOf(stack);
    let most = before;
    const sampling = setInterval(() => (most = Math.max(most, rssOf(stack))), SAMPLE_MS);
    const started = performance.now();
    const [sent] = await Promise.all([sendImport(stack.url, body()), pauseNewest(stack)]);
    const seconds = (performance.now() - started) / 1_000;
    clearInterval(sampling);
    if (sent.status !== 202 || sent.body.accepted !== LINES)
      throw new Error(`the stream was answered with ${sent.status}: ${JSON.stringify(sent.body)}`);
    const { status } = await importView(stack.url, sent.body.import_id as string);
    say(
      `a stream of ${LINES} lines: ${(LINES / seconds).toFixed(0)} lines/s to 202 (${status}); RSS of the API ${before} MB before, at most ${most} MB meanwhile, ${rssOf(stack)} MB after: grown by at most ${most - before} MB (wanted: at most ${WANTED_MB})`,
    );
  } finally {
    await stack.stop();
  }
}

function body(): ReadableStream<Uint8Array> {
  const user = `stream-${randomUUID()}`;
  const encoder = new TextEncoder();
  let made = 0;
  return new ReadableStream({
    pull(controller) {
      let piece = '';
      for (const end = Math.min(LINES, made + LINES_A_PIECE); made < end; made += 1) {
        const line = {
          user_id: user,
          conversation_id: `talk-${made % CONVERSATIONS}`,
          role: 'user',
          content: turnText(made),
        };
        piece += `${JSON.stringify(line)}\n`;
      }
      if (piece === '') controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
  });
}

async function pauseNewest(stack: BenchStack): Promise<void> {
  const id = await poll('the import has begun', BEGUN_WITHIN_MS, async () => {
    const list = (await (await fetch(`${stack.url}/v1/imports?limit=1`)).json()) as {
      imports: { import_id: string }[];
    };
    return list.imports[0]?.import_id;
  });
  await fetch(`${stack.url}/v1/imports/${id}/pause`, { method: 'POST' });
}

function rssOf(stack: BenchStack): number {
  const status = readFileSync(`/proc/${stack.pidOf('api')}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024);
}
