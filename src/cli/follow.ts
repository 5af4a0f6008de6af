import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, EXIT } from './exit';
import { commandLine } from './invocation';
import { importPath, isOver, type ImportStatus } from './import-status';
import { pace, type Progress } from './progress';
import type { Server } from './server';
import { count, counted } from './words';

const POLL_MS = 500;
/** A server that is being restarted is waited for. */
const UNREACHABLE_DEADLINE_MS = 2 * 60_000;

/**
 * Watches an import until it is over.
 * @returns its last state; undefined when it was told to stop watching
 * @throws CliError once the server has been out of reach for long
 */
export async function follow(
  server: Server,
  id: string,
  progress: Progress,
  detach: AbortSignal,
): Promise<ImportStatus | undefined> {
  let lastHeard = performance.now();
  let known: ImportStatus | undefined;
  while (!detach.aborted) {
    try {
      known = await server.ask<ImportStatus>('GET', importPath(id));
      lastHeard = performance.now();
      show(progress, known);
      if (isOver(known)) return known;
    } catch (thrown) {
      const isAway = thrown instanceof CliError && thrown.exitCode === EXIT.unreachable;
      if (!isAway) throw thrown;
      if (performance.now() - lastHeard > UNREACHABLE_DEADLINE_MS) throw lost(server, id, thrown);
      show(progress, known, 'the server is out of reach, trying again');
    }
    await sleep(POLL_MS, undefined, { signal: detach }).catch(() => undefined);
  }
  return undefined;
}

/** What was sent is stored: whoever watched may come back. */
function lost(server: Server, id: string, cause: CliError): CliError {
  const again = `To watch the import again: ${commandLine(['imports', 'show', id, '--follow'], server.address)}`;
  return new CliError(cause.exitCode, cause.message, [...cause.advice, again], { cause });
}

function show(progress: Progress, status: ImportStatus | undefined, trouble?: string): void {
  const { accepted = 0, indexed = 0, failed = 0 } = status?.totals ?? {};
  const waiting = status?.waiting_for ? `waiting for ${status.waiting_for}` : undefined;
  const words = [
    `${count(indexed)} of ${counted(accepted, 'message')} searchable`,
    failed > 0 ? `${count(failed)} failed` : undefined,
    status?.status === 'paused' ? 'paused' : pace(status?.rate_per_second, status?.seconds_left) || undefined,
    waiting,
    trouble,
  ];
  const detail = words.filter((word) => word !== undefined).join(', ');
  progress.show({ doing: 'indexing', done: indexed + failed, total: accepted, detail });
}
