import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Bytes, Source, SourceDefaults, SourceEntry } from '../../src/sources/entry';

const FIXTURES = path.resolve(
  __dirname,
  /[\\/]dist[\\/]/.test(__dirname) ? '../../..' : '../..',
  'test/fixtures/sources',
);

/** Where a fixture of a source lies. */
export function fixturePath(name: string): string {
  return path.join(FIXTURES, name);
}

/** A fixture of a source as text, without its byte order mark, as sources get it. */
export function fixtureText(name: string): string {
  return readFileSync(fixturePath(name), 'utf8').replace(/^\uFEFF/, '');
}

/** Everything that a source finds in a text which comes in pieces of a few bytes. */
export async function entriesIn(
  source: Source,
  text: string | Buffer,
  defaults: SourceDefaults = {},
  pieceBytes = 7,
): Promise<SourceEntry[]> {
  const found: SourceEntry[] = [];
  for await (const entry of source(inPieces(Buffer.from(text), pieceBytes), defaults)) found.push(entry);
  return found;
}

/** An entry in one line, for tables: `1 user(Ada)@time#id: text`, `2 ! problem`, `3 ~ note`. */
export function brief(entry: SourceEntry): string {
  if ('problem' in entry) return `${entry.line} ! ${entry.problem}`;
  if ('note' in entry) return `${entry.line} ~ ${entry.note}`;
  const { role, name, timestamp, message_id: id, content } = entry.message;
  const said = [
    String(role),
    name && `(${String(name)})`,
    timestamp && `@${String(timestamp)}`,
    id && `#${String(id)}`,
  ];
  return `${entry.line} ${said.filter(Boolean).join('')}: ${String(content)}`;
}

/** Bytes in pieces, as files and networks bring them. */
export async function* inPieces(buffer: Buffer, pieceBytes: number): Bytes {
  for (let from = 0; from < buffer.length; from += pieceBytes) yield buffer.subarray(from, from + pieceBytes);
}
