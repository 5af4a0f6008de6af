import { splitLines, type NumberedLine } from './json-lines';

const MAX_BYTES = 10;

async function split(text: string | Buffer, pieceBytes: number): Promise<NumberedLine[]> {
  const bytes = Buffer.from(text);
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let from = 0; from < bytes.length; from += pieceBytes) yield bytes.subarray(from, from + pieceBytes);
  }
  const lines: NumberedLine[] = [];
  for await (const group of splitLines(pieces(), MAX_BYTES)) lines.push(...group);
  return lines;
}

const shown = (lines: NumberedLine[]): [number, string][] =>
  lines.map((one) => [one.line, 'raw' in one ? one.raw.toString() : 'too long']);

describe('lines of a stream', () => {
  it.each([1, 2, 3, 7, 1_000])('are the same whatever pieces of %s bytes they come in', async (piece) => {
    const text = `\ufeffone\ntwo\r\n\n  \t\r\nfive\n${'x'.repeat(10)}\n${'y'.repeat(11)}\né\nlast`;
    expect(shown(await split(text, piece))).toEqual([
      [1, 'one'],
      [2, 'two\r'],
      [5, 'five'],
      [6, 'x'.repeat(10)],
      [7, 'too long'],
      [8, 'é'],
      [9, 'last'],
    ]);
  });

  it.each([
    ['nothing', '', []],
    ['blank lines', '\n\n \n', []],
    ['a line that never ends', 'z'.repeat(50), [[1, 'too long']]],
  ])('of %s', async (_, text, expected) => {
    expect(shown(await split(text, 4))).toEqual(expected);
  });
});
