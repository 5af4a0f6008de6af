/** Names of columns, most telling first. */
const NAMES = {
  text: ['text', 'message', 'content', 'body', 'message_text', 'msg'],
  time: ['timestamp', 'time', 'date', 'datetime', 'date_time', 'created_at', 'sent_at'],
  role: ['role'],
  name: ['speaker', 'name', 'author', 'sender', 'from', 'username'],
  conversation: [
    'conversation_id',
    'conversation',
    'channel',
    'channel_id',
    'thread',
    'thread_id',
    'chat_id',
  ],
  user: ['user_id'],
  id: ['message_id', 'id'],
} as const;
const DELIMITERS = [',', ';', '\t', '|'];

/** Where each thing stands in a row. */
export type Columns = Partial<Record<keyof typeof NAMES, number>>;

/** Finds the columns by the names in the header, whatever their case and however they write blanks. */
export function columnsOf(header: string[]): Columns {
  const names = header.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const columns: Columns = {};
  for (const [thing, known] of Object.entries(NAMES)) {
    const place = known.map((name) => names.indexOf(name)).find((at) => at !== -1);
    if (place !== undefined) columns[thing as keyof typeof NAMES] = place;
  }
  return columns;
}

/** The character between the columns: the one that cuts the header into the most names. */
export function delimiterOf(head: string): string {
  const header = firstLine(head);
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

/** Whether the first line of a file names the columns of a chat log. */
export function looksLikeChatLog(head: string): boolean {
  const names = firstLine(head)
    .split(delimiterOf(head))
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  const columns = columnsOf(names);
  return columns.text !== undefined && Object.keys(columns).length > 1;
}

function firstLine(head: string): string {
  return head.trimStart().split(/\r|\n/, 1)[0] ?? '';
}
