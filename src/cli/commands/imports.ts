import { EXIT, type ExitCode } from '../exit';
import { follow } from '../follow';
import { importPath, isOver, type ImportStatus, type Rejection } from '../import-status';
import { interruptible } from '../interrupts';
import { commandLine } from '../invocation';
import { createProgress } from '../progress';
import type { Server } from '../server';
import { statusFacts } from '../status-text';
import { clock, count, facts, perSecond, table } from '../words';

export interface OutputOptions {
  json: boolean;
}

/** `imports list` */
export async function listImports(
  server: Server,
  { json, limit }: OutputOptions & { limit: number },
): Promise<ExitCode> {
  const { imports, next_cursor: more } = await server.ask<{
    imports: ImportStatus[];
    next_cursor: string | null;
  }>('GET', `/v1/imports?limit=${limit}`);
  if (json) console.log(JSON.stringify(imports));
  else if (imports.length === 0)
    console.log(`No imports yet. To make one: ${commandLine(['import', 'FILE'], server.address)}`);
  else console.log(table([HEADER, ...imports.map(rowOf)]));
  if (more !== null && !json)
    console.log(
      `\nThere are older ones: ${commandLine(['imports', 'list', '--limit', 'N'], server.address)}`,
    );
  return EXIT.done;
}

const HEADER = [
  'IMPORT',
  'CREATED',
  'STATUS',
  'ACCEPTED',
  'DUPLICATES',
  'REJECTED',
  'SEARCHABLE',
  'FAILED',
  'PENDING',
];

function rowOf({ import_id: id, created_at: created, status, totals }: ImportStatus): string[] {
  const { accepted, duplicates, rejected, indexed, failed, pending } = totals;
  return [
    id,
    localTime(created),
    status,
    ...[accepted, duplicates, rejected, indexed, failed, pending].map(count),
  ];
}

/** `imports show ID` */
export async function showImport(
  server: Server,
  id: string,
  options: OutputOptions & { follow: boolean; progress: boolean },
): Promise<ExitCode> {
  if (!options.follow) {
    print(server, await server.ask<ImportStatus>('GET', importPath(id)), options);
    return EXIT.done;
  }
  const progress = createProgress(options.progress);
  try {
    const status = await interruptible(({ first: detach }) => follow(server, id, progress, detach));
    progress.stop();
    if (status === undefined) {
      console.error('No longer watching; the import goes on.');
      console.error(`To watch it: ${commandLine(['imports', 'show', id, '--follow'], server.address)}`);
      return EXIT.interrupted;
    }
    print(server, status, options);
    return status.status === 'completed' ? EXIT.done : EXIT.failed;
  } finally {
    progress.stop();
  }
}

/** `imports pause|resume|cancel ID` */
export async function steerImport(
  server: Server,
  verb: 'pause' | 'resume' | 'cancel',
  id: string,
  options: OutputOptions,
): Promise<ExitCode> {
  await server.ask<unknown>('POST', importPath(id, `/${verb}`));
  print(server, await server.ask<ImportStatus>('GET', importPath(id)), options);
  return EXIT.done;
}

/** `imports rejections ID` */
export async function listRejections(server: Server, id: string, { json }: OutputOptions): Promise<ExitCode> {
  let rejections = 0;
  for await (const rejection of server.lines<Rejection>(importPath(id, '/rejections'))) {
    rejections += 1;
    console.log(json ? JSON.stringify(rejection) : `line ${count(rejection.line)}: ${rejection.reason}`);
  }
  if (rejections === 0 && !json) console.log('No line was rejected.');
  return EXIT.done;
}

function print(server: Server, status: ImportStatus, { json }: OutputOptions): void {
  if (json) return console.log(JSON.stringify(status));
  const { import_id: id, rate_per_second: rate, seconds_left: left, waiting_for: waiting } = status;
  console.log(`import ${id}: ${status.status.replaceAll('_', ' ')}\n`);
  console.log(statusFacts(status.totals));
  const more = facts([
    ['rate', rate ? perSecond(rate) : undefined],
    ['left', left === undefined || left === null || isOver(status) ? undefined : clock(left)],
    ['waiting for', waiting ?? undefined],
    ['workflow', status.workflow_url ?? status.workflow_id ?? undefined],
  ]);
  if (more !== '') console.log(`\n${more}`);
  const hints = [
    status.totals.rejected > 0
      ? `Rejected lines: ${commandLine(['imports', 'rejections', id], server.address)}`
      : '',
    status.status === 'paused' ? `To go on: ${commandLine(['imports', 'resume', id], server.address)}` : '',
  ].filter((hint) => hint !== '');
  if (hints.length > 0) console.log(`\n${hints.join('\n')}`);
}

/** As the person's own clock has it, to the minute. */
function localTime(created: string | undefined): string {
  if (created === undefined) return '';
  const date = new Date(created);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
