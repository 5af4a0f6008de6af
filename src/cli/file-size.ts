import { statSync } from 'node:fs';
import { STDIN } from '../sources/file-bytes';

/** The size of a file that can be read as often as one likes; undefined for standard input, a pipe, and what is not there. */
export function sizeOfFile(path: string): number | undefined {
  const found = path === STDIN ? undefined : statSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}
