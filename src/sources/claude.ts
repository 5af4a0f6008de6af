import type { Role } from '../domain/message';
import { branchTo } from './branch';
import { asObject, asText, userOf, type Bytes, type SourceDefaults, type SourceEntry } from './entry';
import { jsonElements } from './json-elements';
import { asRfc3339 } from './times';

type Json = Record<string, unknown>;
const ROLE_OF_SENDER = new Map<unknown, Role>([
  ['human', 'user'],
  ['assistant', 'assistant'],
]);

/** Claude's export, `conversations.json`: an array of conversations, each with its `chat_messages`. */
export async function* claudeSource(bytes: Bytes, defaults: SourceDefaults): AsyncGenerator<SourceEntry> {
  const user = userOf(defaults);
  for await (const element of jsonElements(bytes, 'conversation')) {
    if ('problem' in element) yield element;
    else yield* conversation(element.line, element.value, user, defaults.conversation);
  }
}

function* conversation(
  line: number,
  value: unknown,
  user: string,
  fallbackId: string | undefined,
): Generator<SourceEntry> {
  const whole = asObject(value);
  const all = whole?.['chat_messages'];
  if (!whole || !Array.isArray(all))
    return yield { line, problem: 'not a Claude conversation: it has no `chat_messages`' };
  const messages = currentBranch(all.map(asObject), whole['current_leaf_message_uuid']);
  if (messages.length === 0) return yield { line, note: 'a conversation without messages' };
  const id = asText(whole['uuid']) ?? fallbackId;
  const title = asText(whole['name']);
  const called = title === undefined ? 'a conversation' : `conversation "${title}"`;
  if (id === undefined) return yield { line, problem: `${called} has no uuid: name one with --conversation` };

  let lastTime = asRfc3339(whole['created_at']);
  for (const [place, message] of messages.entries()) {
    if (!message) {
      yield { line, problem: `${called}, chat_messages.${place}: not a JSON object` };
      continue;
    }
    lastTime = asRfc3339(message['created_at']) ?? lastTime;
    const { text, notes } = textOf(message);
    for (const note of notes) yield { line, note };
    if (text === '') continue;
    const role = ROLE_OF_SENDER.get(message['sender']);
    const messageId = asText(message['uuid']);
    if (role === undefined) {
      const sender = JSON.stringify(message['sender']);
      yield { line, problem: `${called}, message ${messageId ?? place}: unknown sender ${sender}` };
      continue;
    }
    yield {
      line,
      message: {
        user_id: user,
        conversation_id: id,
        ...(messageId === undefined ? {} : { message_id: messageId }),
        role,
        content: text,
        ...(lastTime === undefined ? {} : { timestamp: lastTime }),
        metadata: { source: 'claude', ...(title === undefined ? {} : { title }) },
      },
    };
  }
}

/** Exports that say which message follows which hold edited messages too; older ones are one line of messages. */
function currentBranch(messages: Array<Json | null>, currentLeaf: unknown): Array<Json | null> {
  if (!messages.some((message) => asText(message?.['parent_message_uuid']))) return messages;
  const byId = new Map(messages.map((message) => [asText(message?.['uuid']), message]));
  const last = asText(messages.at(-1)?.['uuid']);
  const current = asText(currentLeaf);
  const leaf = current !== undefined && byId.has(current) ? current : last;
  if (leaf === undefined) return messages;
  // The first message's parent is an id that no message has.
  const path = branchTo(leaf, (id) => {
    const message = byId.get(id);
    return message ? (asText(message['parent_message_uuid']) ?? null) : undefined;
  });
  return path.map((id) => byId.get(id) ?? null);
}

/** `content` is the whole of it; `text`, where it stands alone, is what older exports have. */
function textOf(message: Json): { text: string; notes: string[] } {
  const blocks = Array.isArray(message['content']) ? message['content'].map(asObject) : [];
  const notes = blocks
    .filter((block) => block && block['type'] !== 'text')
    .map((block) => `a part that is no text (${String(block?.['type'])})`);
  for (const [list, what] of [
    ['attachments', 'an attachment'],
    ['files', 'a file'],
  ] as const) {
    const held = message[list];
    if (Array.isArray(held)) notes.push(...held.map(() => what));
  }
  const texts = blocks.flatMap((block) =>
    block?.['type'] === 'text' && typeof block['text'] === 'string' ? [block['text']] : [],
  );
  const text = blocks.length > 0 ? texts.join('\n') : message['text'];
  return { text: asText(text) ?? '', notes };
}
