import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** What `link` fails with where the file system has no hard links, such as FAT and some network drives. */
const WITHOUT_LINKS = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'];

type Link = (from: string, to: string) => void;

/**
 * Creates the file, for one of all who try. With hard links it has its whole content from the first; without them
 * (`link` fails) another may see it empty for a moment, and must not take it for left behind.
 * @returns whether it was not there before
 */
export function createOnce(path: string, content: string, link: Link = linkSync): boolean {
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, content);
  try {
    linkOrWrite(temporary, path, content, link);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Two that find the same stale lock must not remove each other's new one: it is moved aside, and looked at again. */
export function removeStale(path: string, staleText: string, link: Link = linkSync): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    const text = readFileSync(aside, 'utf8');
    if (text !== staleText) linkOrWrite(aside, path, text, link);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function linkOrWrite(from: string, path: string, content: string, link: Link): void {
  try {
    link(from, path);
  } catch (error) {
    if (!WITHOUT_LINKS.includes(codeOf(error) ?? '')) throw error;
    writeFileSync(path, content, { flag: 'wx' });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
