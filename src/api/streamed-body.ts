import type { IncomingMessage as HttpRequest } from 'node:http';
import { createGunzip } from 'node:zlib';
import { DomainError, ensureError } from '../domain/errors';

/** A stream takes as long as it takes, but each part of it comes within this. */
const PART_DEADLINE_MS = 120_000;
const GUNZIP_CHUNK_BYTES = 64 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b];

const LINES_TYPE = /^application\/(x-ndjson|ndjson|jsonl|x-jsonl|jsonlines|x-jsonlines)\s*(?:;|$)/i;
const GZIP_TYPE = /^application\/(x-)?gzip\s*(?:;|$)/i;
const UTF8_CHARSET = /;\s*charset\s*=\s*"?(utf-?8|us-ascii)"?\s*(?:;|$)/i;

/**
 * The bytes of an NDJSON body, unpacked. Nothing is read ahead of who iterates.
 * @throws DomainError 415 at once; while iterating 400 for a cut connection or broken gzip, 408 for one that sleeps
 */
export function ndjsonBytes(request: HttpRequest, partDeadlineMs = PART_DEADLINE_MS): AsyncIterable<Buffer> {
  const type = request.headers['content-type'] ?? '';
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (!LINES_TYPE.test(type) && !GZIP_TYPE.test(type)) {
    throw unsupported('Send the lines as Content-Type: application/x-ndjson, or application/gzip if packed.');
  }
  if (/;\s*charset\s*=/i.test(type) && !UTF8_CHARSET.test(type))
    throw unsupported('JSON is UTF-8: leave the charset out, or say utf-8.');
  if (!['identity', 'gzip', 'x-gzip'].includes(encoding))
    throw unsupported('The only Content-Encoding taken is gzip.');
  return parts(request, GZIP_TYPE.test(type) ? 'look' : encoding !== 'identity', partDeadlineMs);
}

async function* parts(
  request: HttpRequest,
  packed: boolean | 'look',
  deadlineMs: number,
): AsyncGenerator<Buffer> {
  const raw = withDeadline(rawBytes(request), deadlineMs);
  if (packed === false) return yield* raw;
  const first = await raw.next();
  if (first.done) return;
  if (packed === 'look' && !GZIP_MAGIC.every((byte, place) => first.value[place] === byte)) {
    yield first.value;
    return yield* raw;
  }
  yield* unpacked(first.value, raw);
}

/** Iterating does not end the request when it is left: it still has to be answered. */
async function* rawBytes(request: HttpRequest): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (cause) {
    throw new DomainError(400, 'Body cut off', 'The connection ended before the body did.', { cause });
  }
}

async function* withDeadline(bytes: AsyncGenerator<Buffer>, deadlineMs: number): AsyncGenerator<Buffer> {
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow(deadlineMs)), deadlineMs);
    });
    try {
      const next = await Promise.race([bytes.next(), late]);
      if (next.done) return;
      yield next.value;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function* unpacked(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
  let failure: Error | null = null;
  const feed = async (): Promise<void> => {
    const write = (chunk: Buffer): Promise<void> =>
      new Promise((resolve, reject) => gunzip.write(chunk, (error) => (error ? reject(error) : resolve())));
    await write(first);
    for await (const chunk of rest) await write(chunk);
    gunzip.end();
  };
  const feeding = feed().catch((thrown: unknown) => {
    failure = ensureError(thrown);
    gunzip.destroy(failure);
  });
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
    await feeding;
  } catch (thrown) {
    if (failure !== null && (failure as Error) instanceof DomainError) throw failure as Error;
    throw new DomainError(400, 'Broken gzip', 'The gzip stream is broken or cut short.', { cause: thrown });
  } finally {
    gunzip.destroy();
  }
}

function unsupported(detail: string): DomainError {
  return new DomainError(415, 'Unsupported media type', detail);
}

function tooSlow(deadlineMs: number): DomainError {
  return new DomainError(
    408,
    'Request timeout',
    `Nothing came for ${deadlineMs / 1_000} seconds. What had come before is stored; send the same file again to complete it.`,
  );
}
