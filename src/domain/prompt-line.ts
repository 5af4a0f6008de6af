import { oneLine } from './words';

/** Something said, as a language model is shown it. */
export interface PromptLine {
  /** What it is called there. */
  mark: string;
  saidAt: Date;
  /** Null: nobody in particular. */
  who: string | null;
  text: string;
}

/** One line of a prompt, its text cut at `maxTextChars` and to where it fits `roomChars`, its end of line included. */
export function promptLine(
  { mark, saidAt, who, text }: PromptLine,
  { roomChars, maxTextChars }: { roomChars: number; maxTextChars: number },
): string {
  const speaker = who === null ? '' : ` ${oneLine(who)}`;
  const before = `${mark} ${saidAt.toISOString().slice(0, 16)}Z${speaker}: `;
  return before + oneLine(text).slice(0, Math.max(0, Math.min(maxTextChars, roomChars - before.length - 1)));
}
