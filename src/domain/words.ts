/** A text on one line, its runs of white space as single spaces. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** How many words a text has: what stands between white space. */
export function wordCount(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}
