import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const DISK_BYTES = 1_200 * 1024 * 1024;
const FILL_PIECE_BYTES = 1024 * 1024;

/** A small disk of its own for the servers' data, if this user may mount one. */
export interface SmallDisk {
  fill(): void;
  free(): void;
  unmount(): void;
}

/** @returns null where nothing may be mounted */
export function mountSmallDisk(folder: string): SmallDisk | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=755`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch {
    return null;
  }
  const filler = join(folder, 'filler');
  return {
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      const file = openSync(filler, 'w');
      try {
        // Piece by piece, and to the last byte: the servers take some meanwhile.
        for (let left = bavail * bsize + FILL_PIECE_BYTES; left > 0; left -= FILL_PIECE_BYTES)
          writeSync(file, Buffer.alloc(FILL_PIECE_BYTES));
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    unmount: () => void execFileSync('umount', [folder], { stdio: 'ignore' }),
  };
}
