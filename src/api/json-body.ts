import { isUtf8 } from 'node:buffer';
import type { IncomingMessage as HttpRequest } from 'node:http';
import { DomainError, type FieldError } from '../domain/errors';
import { fieldErrors } from './problem';

/** For a body to arrive. Streams (imports) have none: each of their chunks is progress. */
const BODY_DEADLINE_MS = 30_000;
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** A body somewhat too large is read to its end, so that the caller gets our answer rather than a broken connection. */
const MAX_DRAIN_BYTES = 16 * 1024 * 1024;

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
const UTF8_CHARSET = /;\s*charset\s*=\s*"?(utf-?8|us-ascii)"?\s*(?:;|$)/i;
/** What could make a NUL or a lone surrogate: neither can stand unescaped in valid UTF-8 JSON. */
const SUSPICIOUS_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/;
const NUL_OR_LONE_SURROGATE = /\0|\p{Cs}/u;

export interface JsonBody {
  value: unknown;
  /** The bytes as they came: idempotency compares them. */
  raw: Buffer;
}

/**
 * Reads a JSON body.
 * @param optional a missing body is `{}`, whatever the content type says
 * @throws DomainError 400, 408, 413, 415, or 422 for a NUL or a lone surrogate
 */
export async function readJsonBody(
  request: HttpRequest,
  optional: boolean,
  deadlineMs = BODY_DEADLINE_MS,
): Promise<JsonBody> {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody) {
    if (optional) return { value: {}, raw: Buffer.alloc(0) };
    if (request.headers['content-type'] !== undefined) checkMediaType(request);
    throw new DomainError(400, 'Broken JSON', 'The body is missing: send a JSON object.');
  }
  const raw = await readBytes(request, deadlineMs);
  if (optional && raw.length === 0) return { value: {}, raw };
  checkMediaType(request);
  return { value: parseJson(raw), raw };
}

function checkMediaType(request: HttpRequest): void {
  const type = request.headers['content-type'] ?? '';
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (!JSON_TYPE.test(type)) {
    throw new DomainError(415, 'Unsupported media type', 'Send the body as Content-Type: application/json.');
  }
  if (/;\s*charset\s*=/i.test(type) && !UTF8_CHARSET.test(type)) {
    throw new DomainError(
      415,
      'Unsupported media type',
      'JSON is UTF-8: leave the charset out, or say utf-8.',
    );
  }
  if (encoding.toLowerCase() !== 'identity') {
    throw new DomainError(415, 'Unsupported media type', 'Send the body without Content-Encoding.');
  }
}

function readBytes(request: HttpRequest, deadlineMs: number): Promise<Buffer> {
  let timer: NodeJS.Timeout | undefined;
  const read = new Promise<Buffer>((resolve, reject) => {
    timer = setTimeout(() => reject(tooSlow(deadlineMs)), deadlineMs);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > MAX_DRAIN_BYTES) return reject(tooLarge());
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) return void chunks.push(chunk);
      chunks.length = 0;
      if (bytes > MAX_DRAIN_BYTES) {
        request.pause();
        reject(tooLarge());
      }
    });
    request.on('end', () => {
      if (bytes > MAX_BODY_BYTES) reject(tooLarge());
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    request.on('error', (cause) => reject(cutOff(cause)));
    // Asked first, since an error is dear to make and each request closes.
    request.on('close', () => {
      if (!request.readableEnded) reject(cutOff());
    });
  });
  return read.finally(() => clearTimeout(timer));
}

function tooSlow(deadlineMs: number): DomainError {
  return new DomainError(
    408,
    'Request timeout',
    `The body did not arrive within ${deadlineMs / 1_000} seconds.`,
  );
}

function tooLarge(): DomainError {
  return new DomainError(
    413,
    'Body too large',
    `A JSON body may have at most ${MAX_BODY_BYTES} bytes. Send the messages in several requests.`,
  );
}

function cutOff(cause?: unknown): DomainError {
  return new DomainError(400, 'Body cut off', 'The connection ended before the body did.', { cause });
}

/** Parses a JSON text. @throws DomainError 400, or 422 for a NUL or a lone surrogate */
export function parseJson(raw: Buffer): unknown {
  if (!isUtf8(raw)) throw new DomainError(400, 'Broken JSON', 'The JSON is not valid UTF-8.');
  const text = raw.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch {
    // The parser's own message quotes the text, which is the caller's.
    throw new DomainError(400, 'Broken JSON', 'The body is not valid JSON.');
  }
  if (SUSPICIOUS_ESCAPE.test(text)) refuseUnstorable(value);
  return value;
}

/** Postgres cannot store NUL, and a lone surrogate has no UTF-8: walked without recursion, since depth is the caller's. */
function refuseUnstorable(root: unknown): void {
  const errors: FieldError[] = [];
  const stack: { value: unknown; path: string }[] = [{ value: root, path: '' }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, path } = next;
    if (typeof value === 'string' && NUL_OR_LONE_SURROGATE.test(value))
      errors.push({ path, message: UNSTORABLE });
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, member] of Object.entries(value)) {
      const broken = NUL_OR_LONE_SURROGATE.test(key);
      if (broken) errors.push({ path, message: `has a key that ${UNSTORABLE}` });
      const shown = broken ? '?' : key.slice(0, MAX_PATH_KEY_CHARS);
      stack.push({ value: member, path: path === '' ? shown : `${path}.${shown}` });
    }
  }
  if (errors.length > 0) throw fieldErrors(errors);
}

const UNSTORABLE = 'must not contain NUL or lone surrogates';
const MAX_PATH_KEY_CHARS = 100;
