import { setTimeout as sleep } from 'node:timers/promises';
import type { Format } from '../../sources/detect';
import { openSource, type SourceOptions } from '../../sources/open-source';
import { dryRun, dryRunText } from '../dry-run';
import { CliError, EXIT, type ExitCode } from '../exit';
import { fileProgress } from '../file-progress';
import { Findings, noteLines, problemLines } from '../findings';
import { follow } from '../follow';
import { importPath, type ImportReceipt, type ImportStatus, type Rejection } from '../import-status';
import { interruptible } from '../interrupts';
import { commandLine } from '../invocation';
import { locate } from '../locate';
import { createProgress, type Progress } from '../progress';
import { send, type Sent } from '../send';
import type { Server } from '../server';
import { statusFacts } from '../status-text';
import { count } from '../words';

/** How long the server may take to answer a file that Ctrl-C has ended. */
const INTERRUPT_GRACE_MS = 5_000;
const MAX_REJECTIONS_READ = 1_000;

export interface ImportOptions {
  user?: string;
  conversation?: string;
  format?: Format;
  utcOffset?: string;
  dryRun: boolean;
  follow: boolean;
  onError: 'continue' | 'abort';
  json: boolean;
  progress: boolean;
}

/** `import FILE` */
export async function importFile(server: Server, file: string, options: ImportOptions): Promise<ExitCode> {
  const { user, conversation, format, utcOffset } = options;
  const sourceOptions: SourceOptions = { user, conversation, format, utcOffset };
  if (options.dryRun) return tryFile(file, options, sourceOptions);
  const findings = new Findings();
  const progress = createProgress(options.progress);
  try {
    const sent = await sendFile(server, file, options, sourceOptions, findings, progress);
    return await interruptible(async ({ first: detach }) => {
      const isCut = sent.endedEarly?.why === 'interrupted';
      const status =
        isCut || !options.follow ? undefined : await follow(server, sent.receipt.import_id, progress, detach);
      progress.stop();
      await addRejections(server, file, sourceOptions, sent.receipt, findings);
      const outcome: Outcome = { server, file, sent, status, findings, isDetached: detach.aborted };
      console.log(options.json ? JSON.stringify(asJson(outcome)) : asText(outcome));
      return exitCodeOf(outcome);
    });
  } finally {
    progress.stop();
  }
}

async function tryFile(
  file: string,
  options: ImportOptions,
  sourceOptions: SourceOptions,
): Promise<ExitCode> {
  const progress = createProgress(options.progress);
  try {
    return await interruptible(async ({ first: stop }) => {
      let bytesRead = 0;
      const source = await openSource(file, { ...sourceOptions, onRead: (bytes) => (bytesRead += bytes) });
      stop.addEventListener('abort', () => source.close());
      const run = await dryRun(
        source,
        fileProgress(progress, { doing: 'reading', file, bytesRead: () => bytesRead }),
      );
      progress.stop();
      if (stop.aborted) throw new CliError(EXIT.interrupted, 'interrupted; nothing was sent');
      console.log(options.json ? JSON.stringify(run) : dryRunText(file, run));
      return run.problem_count === 0 ? EXIT.done : EXIT.failed;
    });
  } finally {
    progress.stop();
  }
}

async function sendFile(
  server: Server,
  file: string,
  options: ImportOptions,
  sourceOptions: SourceOptions,
  findings: Findings,
  progress: Progress,
): Promise<Sent> {
  let bytesRead = 0;
  const source = await openSource(file, { ...sourceOptions, onRead: (bytes) => (bytesRead += bytes) });
  const again = 'What arrived is kept: the same command again completes the import.';
  return interruptible(async ({ first: stop, second }) => {
    const grace = new AbortController();
    const giveUp = AbortSignal.any([second, grace.signal]);
    stop.addEventListener('abort', () => {
      void sleep(INTERRUPT_GRACE_MS, undefined, { ref: false }).then(() => grace.abort());
    });
    try {
      return await send(server, {
        source,
        file,
        bytesRead: () => bytesRead,
        onError: options.onError,
        findings,
        progress,
        stop,
        giveUp,
      });
    } catch (thrown) {
      progress.stop();
      if (stop.aborted && !(thrown instanceof CliError && thrown.exitCode === EXIT.interrupted))
        throw new CliError(EXIT.interrupted, 'interrupted while sending', [again], { cause: thrown });
      if (!(thrown instanceof CliError) || thrown.exitCode !== EXIT.unreachable) throw thrown;
      const advice = bytesRead > 0 ? [...thrown.advice, again] : thrown.advice;
      throw new CliError(thrown.exitCode, thrown.message, advice, { cause: thrown });
    }
  });
}

async function addRejections(
  server: Server,
  file: string,
  sourceOptions: SourceOptions,
  receipt: ImportReceipt,
  findings: Findings,
): Promise<void> {
  if (receipt.rejected === 0) return;
  const rejections: Rejection[] = [];
  for await (const rejection of server.lines<Rejection>(importPath(receipt.import_id, '/rejections'))) {
    rejections.push(rejection);
    if (rejections.length >= MAX_REJECTIONS_READ) break;
  }
  for (const problem of await locate(file, sourceOptions, rejections)) findings.addProblem(problem);
  findings.problemCount += Math.max(0, receipt.rejected - rejections.length);
}

interface Outcome {
  server: Server;
  file: string;
  sent: Sent;
  /** Undefined: not followed to the end. */
  status: ImportStatus | undefined;
  findings: Findings;
  isDetached: boolean;
}

function exitCodeOf({ sent, status, findings, isDetached }: Outcome): ExitCode {
  if (sent.endedEarly?.why === 'interrupted' || isDetached) return EXIT.interrupted;
  if (findings.problemCount > 0 || sent.endedEarly) return EXIT.failed;
  return status === undefined || status.status === 'completed' ? EXIT.done : EXIT.failed;
}

function asJson({ file, sent, status, findings }: Outcome): object {
  return {
    file,
    ...sent.receipt,
    status: status?.status ?? null,
    totals: status?.totals ?? null,
    messages_sent: sent.messages,
    ended_early: sent.endedEarly ?? null,
    problem_count: findings.problemCount,
    problems: [...findings.problems].sort((a, b) => a.line - b.line),
    notes: findings.notes(),
  };
}

function asText({ server, file, sent, status, findings, isDetached }: Outcome): string {
  const { receipt, endedEarly } = sent;
  const id = receipt.import_id;
  const lines = [
    `${file}: import ${id} ${headline(status, isDetached || endedEarly?.why === 'interrupted')}`,
    '',
    statusFacts(status?.totals ?? receipt),
  ];
  const notes = noteLines(findings.notes());
  const problems = problemLines(findings.problems, findings.problemCount);
  for (const part of [notes, problems]) if (part.length > 0) lines.push('', ...part);
  if (endedEarly) {
    const why = endedEarly.why === 'interrupted' ? 'Interrupted' : 'Ended by --on-error abort';
    lines.push(
      '',
      `${why} at line ${count(endedEarly.line)}. What arrived is kept: the same command again completes the import.`,
    );
  }
  if (status === undefined)
    lines.push('', `To watch it: ${commandLine(['imports', 'show', id, '--follow'], server.address)}`);
  else if (status.totals.failed > 0)
    lines.push('', 'Failed messages are kept; POST /v1/conversations/{id}/retry runs them again.');
  return lines.join('\n');
}

function headline(status: ImportStatus | undefined, isCut: boolean): string {
  if (status) return status.status.replaceAll('_', ' ');
  return isCut ? 'goes on in the background' : 'is stored and being indexed in the background';
}
