import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { brief, fixturePath, fixtureText } from '../../test/support/source-entries';
import { detectFormat } from './detect';
import { openSource, type SourceOptions } from './open-source';

const folder = mkdtempSync(path.join(tmpdir(), 'agentic-memories-sources-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

async function read(file: string, options: SourceOptions = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of (await openSource(file, options)).entries) found.push(brief(entry));
  return found;
}

test.each([
  ['messages.ndjson', 'ndjson'],
  ['transcripts.ndjson', 'transcript'],
  ['transcript.json', 'transcript'],
  ['chatgpt-conversations.json', 'chatgpt'],
  ['claude-conversations.json', 'claude'],
  ['chat-log.csv', 'csv'],
])('the format of %s is found by looking: %s', (name, format) => {
  const text = fixtureText(name);
  expect(detectFormat(Buffer.from(text))).toBe(format);
  // Also where only the beginning is there.
  expect(detectFormat(Buffer.from(text).subarray(0, 340))).toBe(format);
});

test.each([
  ['prose', 'Dear diary, it rained.'],
  ['other JSON', '{"name":"agentic-memories","version":1}'],
  ['an empty list', '[]'],
  ['another table', 'price,amount\n1,2'],
])('%s is no format', (_, text) => {
  expect(detectFormat(Buffer.from(text))).toBeNull();
});

test('what is within the content does not decide the format', () => {
  const line = JSON.stringify({
    metadata: { mapping: {}, history: [] },
    role: 'user',
    content: '"chat_messages":',
  });
  expect(detectFormat(Buffer.from(line))).toBe('ndjson');
});

test('gzip is unpacked whatever the name, also of several members', async () => {
  const lines = fixtureText('messages.ndjson').split(/(?<=\n)/);
  const members = [lines.slice(0, 3), lines.slice(3)].map((part) => gzipSync(part.join('')));
  const packed = written('packed', Buffer.concat(members));
  expect(await read(packed)).toEqual(await read(fixturePath('messages.ndjson')));
});

test('a cut-off gzip file: what came before, then that it is cut off', async () => {
  const line = (n: number): string =>
    `${JSON.stringify({ user_id: 'a', conversation_id: 'c', role: 'user', content: `${n} ${Math.sin(n)}` })}\n`;
  const text = Array.from({ length: 20_000 }, (_, n) => line(n)).join('');
  const packed = gzipSync(text);
  const found = await read(written('cut.gz', packed.subarray(0, packed.length / 2)));
  const messages = found.filter((one) => / user: /.test(one));
  expect(messages.length).toBeGreaterThan(8_000);
  expect(messages.length).toBeLessThan(12_000);
  expect(found.at(-1)).toMatch(/^\d+ ! the gzip data is broken or cut off here/);
});

test('a byte order mark is no content', async () => {
  const file = written(
    'bom.json',
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), readFileSync(fixturePath('claude-conversations.json'))]),
  );
  expect(await read(file, { user: 'ada' })).toEqual(
    await read(fixturePath('claude-conversations.json'), { user: 'ada' }),
  );
});

test.each([
  ['an empty file', '', /is empty/],
  ['a ZIP archive', Buffer.from('PK\x03\x04rest', 'latin1'), /unpack it/],
  ['UTF-16', Buffer.from('\uFEFFtext', 'utf16le'), /UTF-16/],
  ['a binary file', Buffer.from([1, 0, 2]), /not a text file/],
  ['an unknown format', 'Dear diary', /--format ndjson\|transcript\|chatgpt\|claude\|csv/],
])('refused with advice: %s', async (_, content, expected) => {
  await expect(read(written('refused', content))).rejects.toThrow(expected);
});

test('a file that is not there, and a folder', async () => {
  await expect(read(path.join(folder, 'nothing'))).rejects.toThrow(/there is no such file/);
  await expect(read(folder)).rejects.toThrow(/cannot be read: it is a folder; name the file in it/);
});
