import { createReadStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ensureError } from '../domain/errors';
import { SourceError, type Bytes } from './entry';

/** How much of a file is looked at to find its format. */
export const HEAD_BYTES = 64 * 1024;
/** Unpacked in pieces of this size, so that a file of zeros cannot fill the memory at once. */
const GUNZIP_INPUT_BYTES = 16 * 1024;
/** The path that stands for standard input. */
export const STDIN = '-';

/** The bytes of a file, read as they are asked for. */
export interface FileBytes {
  /** The first bytes, unpacked; fewer than HEAD_BYTES when there are no more. */
  head: Buffer;
  /** All of them, once. Ends early, without an error, where the file cannot be read on: `failure` says why. */
  bytes: Bytes;
  failure(): Error | undefined;
  /** Reads no further. */
  close: () => void;
}

/**
 * Opens a file, `-` being standard input, and unpacks it if it is gzip.
 * @param onRead is told how many bytes of the file itself were read
 * @throws SourceError when there is no such file, or it is none that can be read as UTF-8
 */
export async function openFileBytes(path: string, onRead: (bytes: number) => void): Promise<FileBytes> {
  let failure: Error | undefined;
  const file = path === STDIN ? process.stdin : createReadStream(path);
  const raw = counted(file, onRead);
  const packed = await peek(raw, 2);
  const isGzip = packed.head[0] === 0x1f && packed.head[1] === 0x8b;
  const unpacked = await peek(isGzip ? gunzipped(packed.bytes, keepFailure) : packed.bytes, HEAD_BYTES);
  refuseForeign(unpacked.head, path);
  const bom = unpacked.head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  return {
    head: unpacked.head.subarray(bom),
    bytes: guarded(without(unpacked.bytes, bom), keepFailure),
    failure: () => failure,
    close: () => void file.destroy(),
  };

  function keepFailure(error: Error): void {
    failure ??= error;
  }
}

async function* counted(chunks: Bytes, onRead: (bytes: number) => void): Bytes {
  for await (const chunk of chunks) {
    onRead(chunk.length);
    yield chunk;
  }
}

/** Reads ahead at least `size` bytes, if there are as many. */
async function peek(chunks: Bytes, size: number): Promise<{ head: Buffer; bytes: Bytes }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  for (let length = 0; length < size;) {
    const { value, done } = await iterator.next();
    if (done) break;
    read.push(value);
    length += value.length;
  }
  const head = Buffer.concat(read);
  return { head: head.subarray(0, size), bytes: joined(head, iterator) };
}

async function* joined(head: Buffer, rest: AsyncIterator<Uint8Array>): Bytes {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Not a pipe: what came before a broken or cut-off place has to come out in full. */
async function* gunzipped(packed: Bytes, onFailure: (error: Error) => void): Bytes {
  const gunzip = createGunzip();
  const out: Uint8Array[] = [];
  let broken: Error | undefined;
  gunzip.on('data', (chunk: Buffer) => out.push(chunk));
  gunzip.on('error', (error) => (broken = error));
  for await (const chunk of packed) {
    for (let from = 0; from < chunk.length && !broken; from += GUNZIP_INPUT_BYTES) {
      const piece = chunk.subarray(from, from + GUNZIP_INPUT_BYTES);
      await new Promise<void>((done) => gunzip.write(piece, () => done()));
      yield* out.splice(0);
    }
    if (broken) break;
  }
  if (!broken) {
    gunzip.end();
    await finished(gunzip).catch((error: unknown) => (broken = ensureError(error)));
    yield* out.splice(0);
  }
  if (broken) onFailure(new Error(`the gzip data is broken or cut off here (${broken.message})`));
}

async function* guarded(bytes: Bytes, onFailure: (error: Error) => void): Bytes {
  try {
    yield* bytes;
  } catch (thrown) {
    const error = ensureError(thrown);
    onFailure(new Error(`the file could not be read on from here (${error.message})`, { cause: error }));
  }
}

async function* without(bytes: Bytes, first: number): Bytes {
  let left = first;
  for await (const chunk of bytes) {
    yield left > 0 ? chunk.subarray(left) : chunk;
    left = 0;
  }
}

function refuseForeign(head: Buffer, path: string): void {
  if (head.length === 0) throw new SourceError(`${path} is empty`);
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1')))
    throw new SourceError(`${path} is a ZIP archive: unpack it and import the conversations.json within`);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff))
    throw new SourceError(`${path} is written in UTF-16: save it as UTF-8`);
  if (head.includes(0)) throw new SourceError(`${path} is not a text file`);
}
