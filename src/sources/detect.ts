import { Tokenizer, TokenType } from '@streamparser/json';
import { looksLikeChatLog } from './csv-columns';

/** The formats, as `--format` has them. */
export const FORMATS = ['ndjson', 'transcript', 'chatgpt', 'claude', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** What only records of a format have, the most telling first. */
const TELLING_KEYS: ReadonlyArray<[key: string, format: Format]> = [
  ['mapping', 'chatgpt'],
  ['chat_messages', 'claude'],
  ['history', 'transcript'],
  ['content', 'ndjson'],
  // The first line of an export of ours.
  ['exported_at', 'ndjson'],
];

/** Finds the format of a file by its first bytes; null when they look like none. */
export function detectFormat(head: Buffer): Format | null {
  const text = head.toString('utf8').trimStart();
  if (!/^[[{]/.test(text)) return looksLikeChatLog(text) ? 'csv' : null;
  const keys = keysOfFirstRecord(text);
  return TELLING_KEYS.find(([key]) => keys.has(key))?.[1] ?? null;
}

/** The keys of the first object, also when the text ends within it. */
function keysOfFirstRecord(text: string): Set<string> {
  const keys = new Set<string>();
  const tokenizer = new Tokenizer({ separator: '' });
  let depth = text.startsWith('[') ? -1 : 0;
  let isOver = false;
  let lastString: string | undefined;
  tokenizer.onToken = ({ token, value }) => {
    const kind: number = token;
    if (isOver) return;
    if (kind === TokenType.COLON && depth === 1 && lastString !== undefined) keys.add(lastString);
    lastString = kind === TokenType.STRING ? String(value) : undefined;
    if (kind === TokenType.LEFT_BRACE || kind === TokenType.LEFT_BRACKET) depth += 1;
    if (kind === TokenType.RIGHT_BRACE || kind === TokenType.RIGHT_BRACKET) depth -= 1;
    isOver = depth === 0 && kind === TokenType.RIGHT_BRACE;
  };
  // Broken JSON is for the source to tell, with its line.
  tokenizer.onError = () => undefined;
  tokenizer.write(text);
  return keys;
}
