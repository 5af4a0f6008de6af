import { ensureError } from '../domain/errors';
import type { Bytes } from './entry';
import { jsonElements, type JsonElement } from './json-elements';
import { textLines } from './text-lines';

/** How much of a first line is looked at. */
const FIRST_LINE_BYTES = 64 * 1024;

/** JSON records: one a line, or the elements of an array, or one document written over several lines. */
export async function* jsonRecords(bytes: Bytes, noun: string): AsyncGenerator<JsonElement> {
  const iterator = bytes[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  let head = '';
  while (head.length < FIRST_LINE_BYTES && !/\S[^\n]*\n/.test(head)) {
    const next = await iterator.next();
    if (next.done) break;
    read.push(next.value);
    head += Buffer.from(next.value).toString('latin1');
  }
  const all = (async function* (): Bytes {
    yield* read;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  })();
  yield* isDocument(head) ? jsonElements(all, noun) : recordLines(all);
}

async function* recordLines(bytes: Bytes): AsyncGenerator<JsonElement> {
  for await (const found of textLines(bytes)) {
    if ('problem' in found) yield found;
    else if (found.text.trim() !== '') yield parsed(found.line, found.text, found.cutOff);
  }
}

function parsed(line: number, text: string, cutOff: boolean): JsonElement {
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch (thrown) {
    const end = cutOff ? 'the file is cut off within this line: ' : '';
    return { line, problem: `${end}not JSON (${ensureError(thrown).message})` };
  }
}

/** An array, or an object whose first line goes on in the next. */
function isDocument(head: string): boolean {
  const text = head.trimStart();
  if (text.startsWith('[')) return true;
  const [first = '', ...more] = text.split('\n');
  return more.length > 0 && first.startsWith('{') && /[{[,:]\s*$/.test(first);
}
