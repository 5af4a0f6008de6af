import { sizeOfFile } from './file-size';
import { pace, RateMeter, type Progress } from './progress';
import { counted } from './words';

const SHOW_EVERY_MS = 100;

/**
 * Shows how far a file is while it is read: its bytes say how far, its messages how fast.
 * @returns to be called with the number of messages as often as one likes
 */
export function fileProgress(
  progress: Progress,
  { doing, file, bytesRead }: { doing: string; file: string; bytesRead: () => number },
): (messages: number) => void {
  const size = sizeOfFile(file);
  const [messageRate, byteRate] = [new RateMeter(), new RateMeter()];
  let nextAt = 0;
  return (messages) => {
    const now = performance.now();
    if (now < nextAt) return;
    nextAt = now + SHOW_EVERY_MS;
    const read = bytesRead();
    const bytesASecond = byteRate.add(read, now);
    const left = size === undefined || !bytesASecond ? undefined : (size - read) / bytesASecond;
    const detail = [counted(messages, 'message'), pace(messageRate.add(messages, now), left)];
    progress.show({ doing, done: read, total: size, detail: detail.filter(Boolean).join(', ') });
  };
}
