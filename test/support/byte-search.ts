import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import initSqlJs from 'sql.js';

const EXCERPT_BEFORE_BYTES = 400;
const EXCERPT_BEHIND_BYTES = 60;
/** Where SQLite's header says which journal is read and written: 2 is a write-ahead log. */
const SQLITE_JOURNAL_BYTES = [18, 19];
const SQLITE_NO_WAL = 1;

/** Every file beneath a place. */
export function filesIn(place: string): string[] {
  const found = statSync(place, { throwIfNoEntry: false });
  if (!found) return [];
  if (!found.isDirectory()) return [place];
  return readdirSync(place).flatMap((name) => filesIn(join(place, name)));
}

/** Where in a file these are, each once, with what stands around it. */
export function marksIn(file: string, marks: readonly string[]): string[] {
  const bytes = readFileSync(file);
  return marks.flatMap((mark) => {
    const at = bytes.indexOf(mark);
    if (at === -1) return [];
    const around = bytes.subarray(Math.max(0, at - EXCERPT_BEFORE_BYTES), at + EXCERPT_BEHIND_BYTES);
    return [`${file}: …${around.toString('latin1')}…`];
  });
}

/**
 * Looks through what a dump of the database would hold: the bytes of every column of every table, as COPY writes them
 * (`pg_dump` is not among the binaries that the product brings).
 * @returns where the marks are
 */
export async function marksInTables(pool: Pool, marks: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'agentic-memories-copy-'));
  try {
    // The server writes there, under a user of its own.
    chmodSync(folder, 0o777);
    const { rows } = await pool.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`,
    );
    if (rows.length === 0) throw new Error('there is no table to look through');
    const found: string[] = [];
    for (const [place, { name }] of rows.entries()) {
      const file = join(folder, String(place));
      await pool.query(`COPY ${name} TO '${file}' (FORMAT binary)`);
      found.push(...marksIn(file, marks).map((hit) => `${name}: ${hit}`));
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Which marks are in which table of an SQLite file that no process has open. */
export async function marksInSqlite(
  file: string,
  marks: readonly string[],
): Promise<Record<string, string[]>> {
  const bytes = withLog(readFileSync(file), `${file}-wal`);
  // There is no such log where it is read, in memory.
  for (const place of SQLITE_JOURNAL_BYTES) bytes[place] = SQLITE_NO_WAL;
  const database = new (await initSqlJs()).Database(bytes);
  try {
    // What a virtual one shows is in tables beside it.
    const real = `SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`;
    const tables = database.exec(real)[0]?.values ?? [];
    if (tables.length === 0) throw new Error(`${file} has no table`);
    const found: Record<string, string[]> = {};
    for (const [name] of tables) {
      const rows = database.exec(`SELECT * FROM "${String(name)}"`)[0]?.values ?? [];
      const values = rows
        .flat()
        .map((value) => Buffer.from(value instanceof Uint8Array ? value : String(value)));
      const hits = marks.filter((mark) => values.some((value) => value.includes(mark)));
      if (hits.length > 0) found[String(name)] = hits;
    }
    return found;
  } finally {
    database.close();
  }
}

const WAL_HEADER_BYTES = 32;
const WAL_PAGE_SIZE_AT = 8;
const WAL_SALTS_AT = 16;
const FRAME_HEADER_BYTES = 24;
const FRAME_PAGES_AT = 4;
const FRAME_SALTS_AT = 8;
const SALTS_BYTES = 8;

/**
 * A database with what its write-ahead log has committed: a server that is told to stop leaves it behind. Frames with
 * other salts than the log's are of an earlier turn.
 */
function withLog(database: Buffer, file: string): Buffer {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= WAL_HEADER_BYTES) return database;
  const log = readFileSync(file);
  const pageBytes = log.readUInt32BE(WAL_PAGE_SIZE_AT);
  const salts = log.subarray(WAL_SALTS_AT, WAL_SALTS_AT + SALTS_BYTES);
  const committed = new Map<number, Buffer>();
  let open = new Map<number, Buffer>();
  let pages = database.length / pageBytes;
  for (let at = WAL_HEADER_BYTES; at + FRAME_HEADER_BYTES + pageBytes <= log.length;) {
    const head = log.subarray(at, at + FRAME_HEADER_BYTES);
    if (!head.subarray(FRAME_SALTS_AT, FRAME_SALTS_AT + SALTS_BYTES).equals(salts)) break;
    at += FRAME_HEADER_BYTES + pageBytes;
    open.set(head.readUInt32BE(0), log.subarray(at - pageBytes, at));
    const pagesAfterCommit = head.readUInt32BE(FRAME_PAGES_AT);
    if (pagesAfterCommit === 0) continue;
    for (const [page, content] of open) committed.set(page, content);
    open = new Map();
    pages = pagesAfterCommit;
  }
  const whole = Buffer.alloc(pages * pageBytes);
  database.copy(whole);
  for (const [page, content] of committed) if (page <= pages) content.copy(whole, (page - 1) * pageBytes);
  return whole;
}
