import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOnce, removeStale } from './lock-file';

const folder = mkdtempSync(join(tmpdir(), 'agentic-memories-lock-file-'));
const path = join(folder, 'queue.lock');
afterEach(() => rmSync(path, { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failing = (code: string) => (): never => {
  throw Object.assign(new Error(code), { code });
};

/** With hard links, and as a file system answers that has none. */
describe.each([
  ['with hard links', undefined],
  ['without hard links', failing('EPERM')],
  ['on a network drive', failing('ENOTSUP')],
])('%s', (_, link) => {
  it('a lock is created once', () => {
    expect(createOnce(path, 'first', link)).toBe(true);
    expect(createOnce(path, 'second', link)).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('first');
    expect(readdirSync(folder)).toEqual(['queue.lock']);
  });

  it('a stale one is removed, a new one in its place is not', () => {
    writeFileSync(path, 'stale');
    removeStale(path, 'stale', link);
    expect(readdirSync(folder)).toEqual([]);
    removeStale(path, 'stale', link);
    writeFileSync(path, 'new');
    removeStale(path, 'stale', link);
    expect(readdirSync(folder)).toEqual(['queue.lock']);
    expect(readFileSync(path, 'utf8')).toBe('new');
  });
});

it('a disk that cannot be written is told', () => {
  expect(() => createOnce(path, 'x', failing('EIO'))).toThrow('EIO');
  expect(readdirSync(folder)).toEqual([]);
});
