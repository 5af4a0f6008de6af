import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';

const REQUEST_TIMEOUT_MS = 30_000;

export interface Answer {
  status: number;
  body: string;
  latencyMs: number;
}

/** Sends JSON over kept-alive connections; several of these side by side never share a queue. */
export class JsonClient {
  private readonly agent: Agent;

  constructor(
    private readonly baseUrl: string,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  async post(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, JSON.stringify(body));
  }

  async get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  close(): void {
    this.agent.destroy();
  }

  private send(method: string, path: string, body = ''): Promise<Answer> {
    const started = performance.now();
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.baseUrl}${path}`, {
        method,
        headers,
        agent: this.agent,
        timeout: REQUEST_TIMEOUT_MS,
      });
      sent.on('timeout', () =>
        sent.destroy(new Error(`${method} ${path} took longer than ${REQUEST_TIMEOUT_MS} ms`)),
      );
      sent.on('error', reject);
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
            latencyMs: performance.now() - started,
          }),
        );
      });
      sent.end(body);
    });
  }
}

export interface LoadResult {
  perSecond: number;
  latenciesMs: number[];
  failures: number;
}

/** Keeps `inFlight` requests under way for `durationMs`. */
export async function closedLoop(
  options: { inFlight: number; durationMs: number },
  send: (i: number) => Promise<Answer>,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let failures = 0;
  let next = 0;
  const started = performance.now();
  const work = async (): Promise<void> => {
    while (performance.now() - started < options.durationMs) {
      const answer = await send((next += 1));
      if (answer.status >= 200 && answer.status < 300) latenciesMs.push(answer.latencyMs);
      else failures += 1;
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, work));
  const seconds = (performance.now() - started) / 1_000;
  return { perSecond: latenciesMs.length / seconds, latenciesMs, failures };
}

/** Sends at a fixed rate whether or not answers come back (open loop), for `durationMs`. */
export async function openLoop(
  options: { ratePerSecond: number; durationMs: number },
  send: (i: number) => Promise<Answer>,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let failures = 0;
  const total = Math.round((options.ratePerSecond * options.durationMs) / 1_000);
  const started = performance.now();
  const sent: Promise<void>[] = [];
  for (let i = 0; i < total; i += 1) {
    const dueMs = started + (i * 1_000) / options.ratePerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    sent.push(
      send(i).then(
        // From when it was due, so that a sender that falls behind does not hide the wait.
        (answer) =>
          void (answer.status < 300 ? latenciesMs.push(performance.now() - dueMs) : (failures += 1)),
        () => void (failures += 1),
      ),
    );
  }
  await Promise.all(sent);
  return { perSecond: total / ((performance.now() - started) / 1_000), latenciesMs, failures };
}

/** The value below which `share` (0..1) of the values lie; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
