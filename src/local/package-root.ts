import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

let root: string | undefined;

/** The checkout's root: the same from the sources and from what is built of them. */
export function packageRoot(): string {
  if (root !== undefined) return root;
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${__dirname}`);
    folder = parent;
  }
  root = folder;
  return root;
}
