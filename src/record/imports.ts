import { importStatusOf, type ImportRef, type ImportStatus, type ImportTotals } from '../domain/import';
import { run, type Queryable } from './pool';

/** The receiver of a body renews its lease; when it runs out the body is taken for cut. */
export const RECEIVING_LEASE_SECONDS = 30;

/** An import as it stands in the record. */
export interface ImportView {
  importId: string;
  status: ImportStatus;
  totals: ImportTotals;
  /** Messages indexed or failed a second, lately; of a finished one over its whole time. Null: not known. */
  ratePerSecond: number | null;
  /** Null: not known. */
  secondsLeft: number | null;
  /** What the indexing of one of its conversations has last waited for, if nothing has moved since. */
  obstacle: string | null;
  /** How long ago any of its messages last became terminal, or it began. */
  stillForMs: number;
  ended: boolean;
  /** Null: made where no key was needed. */
  createdByKey: string | null;
  createdAt: Date;
  /** Postgres' own text of it, for page cursors. */
  createdAtText: string;
  finishedAt: Date | null;
}

const CREATE = {
  name: 'create-import',
  text: `INSERT INTO imports (namespace, import_id, receiving_until, created_by_key)
         VALUES ($1, $2, clock_timestamp() + $3 * interval '1 second', $4)`,
};

/** Begins an import: its body is being received. @param createdByKey the caller's key, if one was needed */
export async function createImport(
  on: Queryable,
  ref: ImportRef,
  createdByKey: string | null = null,
): Promise<void> {
  await run(on, CREATE, [...key(ref), RECEIVING_LEASE_SECONDS, createdByKey]);
}

const RENEW = {
  name: 'renew-import',
  text: `UPDATE imports SET receiving_until = clock_timestamp() + $3 * interval '1 second'
          WHERE namespace = $1 AND import_id = $2 AND ended_at IS NULL`,
};

/** Says that the body is still being received, although no chunk has come for a while. */
export async function renewImport(on: Queryable, ref: ImportRef): Promise<void> {
  await run(on, RENEW, [...key(ref), RECEIVING_LEASE_SECONDS]);
}

const END = {
  name: 'end-import',
  text: `UPDATE imports SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE namespace = $1 AND import_id = $2`,
};
const END_LOST = {
  name: 'end-lost-import',
  text: `UPDATE imports SET ended_at = clock_timestamp()
          WHERE namespace = $1 AND import_id = $2 AND ended_at IS NULL AND receiving_until < clock_timestamp()`,
};
const FORGET_OCCURRENCES = {
  name: 'forget-occurrences',
  text: 'DELETE FROM import_occurrences WHERE namespace = $1 AND import_id = $2',
};

/** Notes that the body has ended, whole or cut: no line is taken after it. */
export async function endImportBody(on: Queryable, ref: ImportRef): Promise<void> {
  await run(on, END, key(ref));
  await run(on, FORGET_OCCURRENCES, key(ref));
}

/** Ends a body whose receiver has died with it. */
export async function endLostImportBody(on: Queryable, ref: ImportRef): Promise<void> {
  const ended = await run(on, END_LOST, key(ref));
  if (ended.rowCount === 1) await run(on, FORGET_OCCURRENCES, key(ref));
}

const PAUSE = {
  name: 'pause-import',
  text: `UPDATE imports SET paused_at = coalesce(paused_at, clock_timestamp())
          WHERE namespace = $1 AND import_id = $2 AND finished_at IS NULL AND cancelled_at IS NULL`,
};
const RESUME = {
  name: 'resume-import',
  text: `UPDATE imports SET paused_at = NULL, mark_at = NULL, next_mark_at = NULL
          WHERE namespace = $1 AND import_id = $2 AND finished_at IS NULL AND cancelled_at IS NULL`,
};
const CANCEL = {
  name: 'cancel-import',
  text: `UPDATE imports SET cancelled_at = coalesce(cancelled_at, clock_timestamp()),
                            ended_at = coalesce(ended_at, clock_timestamp())
          WHERE namespace = $1 AND import_id = $2 AND finished_at IS NULL`,
};

/** Holds, lets go on or gives up what is not indexed yet. @returns whether it could: a finished or cancelled one cannot */
export async function commandImport(
  on: Queryable,
  ref: ImportRef,
  command: 'pause' | 'resume' | 'cancel',
): Promise<boolean> {
  const statement = { pause: PAUSE, resume: RESUME, cancel: CANCEL }[command];
  return (await run(on, statement, key(ref))).rowCount === 1;
}

const COLUMNS = `import_id, lines, accepted, duplicates, rejected, indexed, failed, created_at, created_at::text AS created_at_text,
    finished_at, created_by_key, ended_at IS NOT NULL AS ended, paused_at IS NOT NULL AS paused, cancelled_at IS NOT NULL AS cancelled,
    (extract(epoch FROM clock_timestamp() - coalesce(progressed_at, created_at)) * 1000)::double precision AS still_for_ms,
    CASE WHEN obstacle_at > coalesce(progressed_at, '-infinity') THEN obstacle END AS obstacle,
    CASE WHEN finished_at IS NOT NULL
         THEN (indexed + failed) / greatest(extract(epoch FROM finished_at - created_at), 0.001)
         WHEN mark_at IS NOT NULL
         THEN (indexed + failed - mark_done) / greatest(extract(epoch FROM clock_timestamp() - mark_at), 0.001)
    END::double precision AS rate`;

const VIEW = {
  name: 'view-import',
  text: `SELECT ${COLUMNS} FROM imports WHERE namespace = $1 AND import_id = $2`,
};

/** Null for an unknown import. Reads one row, however large the import. */
export async function viewImport(on: Queryable, ref: ImportRef): Promise<ImportView | null> {
  const row = (await run<ViewRow>(on, VIEW, key(ref))).rows[0];
  return row ? viewOf(row) : null;
}

const LIST = {
  name: 'list-imports',
  text: `SELECT ${COLUMNS} FROM imports
          WHERE namespace = $1 AND ($3::timestamptz IS NULL OR (created_at, import_id) < ($3, $4::uuid))
            AND ($5::text IS NULL OR created_by_key = $5)
          ORDER BY created_at DESC, import_id DESC LIMIT $2`,
};

/** Imports, the newest first, after `after` (the last one of the page before); `createdByKey`: only those of this key. */
export async function listImports(
  on: Queryable,
  namespace: string,
  limit: number,
  after: { createdAtText: string; importId: string } | null,
  createdByKey: string | null = null,
): Promise<ImportView[]> {
  const values = [namespace, limit, after?.createdAtText ?? null, after?.importId ?? null, createdByKey];
  return (await run<ViewRow>(on, LIST, values)).rows.map(viewOf);
}

const REJECTIONS = {
  name: 'import-rejections',
  text: `SELECT line, reason FROM import_rejections
          WHERE namespace = $1 AND import_id = $2 AND line > $3 ORDER BY line LIMIT $4`,
};

export interface Rejection {
  /** Counted from 1, as in the file. */
  line: number;
  reason: string;
}

/** A page of the lines that were rejected, in order. */
export async function importRejections(
  on: Queryable,
  ref: ImportRef,
  afterLine: number,
  limit: number,
): Promise<Rejection[]> {
  return (await run<{ line: number; reason: string }>(on, REJECTIONS, [...key(ref), afterLine, limit])).rows;
}

interface ViewRow {
  import_id: string;
  lines: number;
  accepted: number;
  duplicates: number;
  rejected: number;
  indexed: number;
  failed: number;
  created_at: Date;
  created_at_text: string;
  finished_at: Date | null;
  created_by_key: string | null;
  ended: boolean;
  paused: boolean;
  cancelled: boolean;
  obstacle: string | null;
  rate: number | null;
  still_for_ms: number;
}

function viewOf(row: ViewRow): ImportView {
  const totals = {
    lines: row.lines,
    messages: row.accepted + row.duplicates + row.rejected,
    accepted: row.accepted,
    duplicates: row.duplicates,
    rejected: row.rejected,
    indexed: row.indexed,
    failed: row.failed,
    pending: row.accepted - row.indexed - row.failed,
  };
  const finished = row.finished_at !== null;
  const status = importStatusOf(
    { ended: row.ended, paused: row.paused, cancelled: row.cancelled, finished },
    totals,
  );
  const moving = row.rate !== null && row.rate > 0 && (status === 'running' || status === 'cancelled');
  return {
    importId: row.import_id,
    status,
    totals,
    ratePerSecond: row.rate,
    secondsLeft: totals.pending === 0 && finished ? 0 : moving ? Math.ceil(totals.pending / row.rate!) : null,
    obstacle: finished ? null : row.obstacle,
    stillForMs: row.still_for_ms,
    ended: row.ended,
    createdByKey: row.created_by_key,
    createdAt: row.created_at,
    createdAtText: row.created_at_text,
    finishedAt: row.finished_at,
  };
}

function key(ref: ImportRef): [string, string] {
  return [ref.namespace, ref.importId];
}
