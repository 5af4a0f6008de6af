import type { ImportTotals } from '../../src/domain/import';
import { poll } from './poll';

export interface ImportAnswer {
  import_id: string;
  status: string;
  totals: ImportTotals;
  rate_per_second: number | null;
  seconds_left: number | null;
  waiting_for: string | null;
  workflow_id: string;
}

export interface ImportLineBody {
  user_id?: string;
  conversation_id?: string;
  role?: string;
  content?: string;
  message_id?: string;
  timestamp?: string;
  history?: unknown[];
  [other: string]: unknown;
}

export const LINES = { 'Content-Type': 'application/x-ndjson' };

/** One JSON value a line. */
export function ndjson(lines: readonly unknown[]): string {
  return lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n') + '\n';
}

/** Sends a body of lines and gives the parsed answer. */
export async function sendImport(
  url: string,
  body: BodyInit,
  options: { query?: string; headers?: Record<string, string> } = {},
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
): Promise<{ status: number; body: any }> {
  const response = await fetch(`${url}/v1/imports${options.query ?? ''}`, {
    method: 'POST',
    headers: options.headers ?? LINES,
    body,
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit);
  return { status: response.status, body: await response.json() };
}

/** What must hold whenever it is looked at. @throws Error when it does not */
export function checkTotals({ totals }: ImportAnswer): void {
  const { messages, accepted, duplicates, rejected, indexed, failed, pending } = totals;
  if (messages !== accepted + duplicates + rejected || accepted !== indexed + failed + pending || pending < 0)
    throw new Error(`totals do not add up: ${JSON.stringify(totals)}`);
}

/** An import as it stands, its totals checked. */
export async function importView(url: string, id: string): Promise<ImportAnswer> {
  const response = await fetch(`${url}/v1/imports/${id}`, { signal: AbortSignal.timeout(10_000) });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  const answer = (await response.json()) as ImportAnswer;
  checkTotals(answer);
  return answer;
}

/** Waits until an import has ended, checking its totals at every look. */
export async function importEnded(url: string, id: string, deadlineMs = 60_000): Promise<ImportAnswer> {
  let last: ImportAnswer | undefined;
  let wrong: Error | undefined;
  try {
    return await poll(
      `import ${id} has ended`,
      deadlineMs,
      async () => {
        last = await importView(url, id).catch((error: Error) => {
          if (error.message.startsWith('totals')) wrong = error;
          throw error;
        });
        return (
          (/^completed/.test(last.status) || last.status === 'cancelled') && last.totals.pending === 0 && last
        );
      },
      200,
    );
  } catch (cause) {
    throw new Error(`it stood at ${JSON.stringify(last)}`, { cause });
  } finally {
    // eslint-disable-next-line no-unsafe-finally
    if (wrong) throw wrong;
  }
}

/** The rejected lines and their reasons. */
export async function rejectionsOf(url: string, id: string): Promise<{ line: number; reason: string }[]> {
  const response = await fetch(`${url}/v1/imports/${id}/rejections`);
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { line: number; reason: string });
}
