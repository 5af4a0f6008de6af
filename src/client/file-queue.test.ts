import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QueueInUseError } from './errors';
import { FileQueue } from './file-queue';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'agentic-memories-queue-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const queued = (key: string) => ({
  key,
  message: { conversation_id: 'c', message_id: key, role: 'user' as const, content: 'line one\nline two' },
});
let last: FileQueue | null = null;
/** Opens the file as the next process would, after the one before has ended. */
const open = async (): Promise<{ queue: FileQueue; keys: string[] }> => {
  await last?.close();
  const queue = (last = new FileQueue(join(folder, 'deep', 'queue.ndjson')));
  return { queue, keys: (await queue.load()).map((one) => one.key) };
};
afterEach(async () => {
  await last?.close();
  last = null;
});

it('keeps what was not sent, in order, across processes', async () => {
  const { queue, keys } = await open();
  expect(keys).toEqual([]);
  for (const key of ['a', 'b', 'c', 'd']) await queue.add(queued(key));
  await queue.remove('b');
  expect((await open()).keys).toEqual(['a', 'c', 'd']);
});

it('reads over a last line that a crash has cut, and refuses a file that is damaged within', async () => {
  const { queue } = await open();
  await queue.add(queued('a'));
  const path = join(folder, 'deep', 'queue.ndjson');
  appendFileSync(path, '{"add":{"key":"b"');
  const again = await open();
  expect(again.keys).toEqual(['a']);
  await again.queue.add(queued('c'));
  expect((await open()).keys).toEqual(['a', 'c']);
  appendFileSync(path, 'garbage\n{"remove":"a"}\n');
  await expect(open()).rejects.toThrow(/line 3/);
  // Nobody holds it then.
  await expect(new FileQueue(path).load()).rejects.toThrow(/line 3/);
});

it('does not grow with what was sent', async () => {
  const { queue } = await open();
  for (let i = 0; i < 2_500; i += 1) {
    await queue.add(queued(`k${i}`));
    await queue.remove(`k${i}`);
  }
  expect(readFileSync(join(folder, 'deep', 'queue.ndjson'), 'utf8').split('\n').length).toBeLessThan(2_100);
});

it('begins a new line after one that could not be written whole', async () => {
  const { queue } = await open();
  await queue.add(queued('a'));
  const path = join(folder, 'deep', 'queue.ndjson');
  rmSync(path);
  mkdirSync(path);
  await expect(queue.add(queued('b'))).rejects.toThrow(/EISDIR/);
  rmSync(path, { recursive: true });
  // As a full disk leaves it.
  writeFileSync(path, '{"add":{"key":"b"');
  await queue.add(queued('c'));
  expect((await open()).keys).toEqual(['a', 'c']);
});

it('is used by one at a time', async () => {
  const { queue } = await open();
  const other = new FileQueue(join(folder, 'deep', 'queue.ndjson'));
  await expect(other.load()).rejects.toThrow(QueueInUseError);
  // What it has not taken it does not write down either.
  await other.remove('a');
  await expect(other.add(queued('a'))).rejects.toThrow(/not open/);
  await queue.add(queued('b'));
  expect((await open()).keys).toEqual(['b']);
});
