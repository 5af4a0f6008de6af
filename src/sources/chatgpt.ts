import { ROLES, type Role } from '../domain/message';
import { branchTo } from './branch';
import { asObject, asText, userOf, type Bytes, type SourceDefaults, type SourceEntry } from './entry';
import { jsonElements } from './json-elements';
import { fromEpochSeconds } from './times';

type Json = Record<string, unknown>;

/**
 * ChatGPT's export, `conversations.json`: an array of conversations, each a tree of messages. Edited and regenerated
 * messages are branches of it; the one that the user last saw is imported.
 */
export async function* chatgptSource(bytes: Bytes, defaults: SourceDefaults): AsyncGenerator<SourceEntry> {
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
  const mapping = asObject(whole?.['mapping']);
  if (!whole || !mapping) return yield { line, problem: 'not a ChatGPT conversation: it has no `mapping`' };
  const messages = currentBranch(mapping, whole['current_node']);
  if (messages.length === 0) return yield { line, note: 'a conversation without messages' };
  const id = asText(whole['conversation_id']) ?? asText(whole['id']) ?? fallbackId;
  const title = asText(whole['title']);
  const called = title === undefined ? 'a conversation' : `conversation "${title}"`;
  if (id === undefined)
    return yield { line, problem: `${called} has no conversation_id: name one with --conversation` };

  // Some messages carry no time; they were said after the one before.
  let lastTime = fromEpochSeconds(whole['create_time']);
  for (const [key, message] of messages) {
    lastTime = fromEpochSeconds(message['create_time']) ?? lastTime;
    if (isHidden(message)) continue;
    const { text, notes } = textOf(message);
    for (const note of notes) yield { line, note };
    if (text === '') continue;
    const author = asObject(message['author']);
    const role = author?.['role'];
    if (!isRole(role)) {
      yield { line, problem: `${called}, message ${key}: unknown role ${JSON.stringify(role)}` };
      continue;
    }
    const name = asText(author?.['name']);
    yield {
      line,
      message: {
        user_id: user,
        conversation_id: id,
        message_id: asText(message['id']) ?? key,
        role,
        content: text,
        ...(lastTime === undefined ? {} : { timestamp: lastTime }),
        ...(name === undefined ? {} : { name }),
        metadata: { source: 'chatgpt', ...(title === undefined ? {} : { title }) },
      },
    };
  }
}

/** The messages from the root to the current node; the root and deleted nodes hold none. */
function currentBranch(mapping: Json, currentNode: unknown): Array<[key: string, message: Json]> {
  const nodeOf = (key: string): Json | null => (Object.hasOwn(mapping, key) ? asObject(mapping[key]) : null);
  const current = asText(currentNode);
  const leaf = current !== undefined && nodeOf(current) ? current : newestLeaf(mapping);
  if (leaf === undefined) return [];
  const path = branchTo(leaf, (key) => {
    const node = nodeOf(key);
    return node ? (asText(node['parent']) ?? null) : undefined;
  });
  return path.flatMap((key) => {
    const message = asObject(nodeOf(key)?.['message']);
    return message ? [[key, message]] : [];
  });
}

/** Where the export does not say which branch was open: the one that ends last. */
function newestLeaf(mapping: Json): string | undefined {
  const nodes = Object.entries(mapping).map(([key, node]) => ({ key, node: asObject(node) }));
  const parents = new Set(nodes.map(({ node }) => node?.['parent']));
  const timeOf = (node: Json | null): number => Number(asObject(node?.['message'])?.['create_time'] ?? 0);
  const leaves = nodes.filter(({ key, node }) => node && !parents.has(key));
  return leaves.sort((a, b) => timeOf(a.node) - timeOf(b.node)).at(-1)?.key;
}

function isHidden(message: Json): boolean {
  return asObject(message['metadata'])?.['is_visually_hidden_from_conversation'] === true;
}

function textOf(message: Json): { text: string; notes: string[] } {
  const content = asObject(message['content']);
  if (!content) return { text: '', notes: [] };
  const type = String(content['content_type']);
  if (type !== 'text' && type !== 'multimodal_text')
    return { text: '', notes: [`a message that is no text (${type})`] };
  const parts = Array.isArray(content['parts']) ? (content['parts'] as unknown[]) : [];
  const texts: string[] = [];
  const notes: string[] = [];
  for (const part of parts) {
    const object = asObject(part);
    const spoken = object?.['content_type'] === 'audio_transcription' ? object['text'] : part;
    if (typeof spoken === 'string') texts.push(spoken);
    else if (object) notes.push(`a part that is no text (${String(object['content_type'])})`);
  }
  return { text: asText(texts.join('\n')) ?? '', notes };
}

function isRole(role: unknown): role is Role {
  return ROLES.includes(role as Role);
}
