import { createProgress, pace, RateMeter } from './progress';

/** A terminal, or a pipe, that keeps what was written to it. */
function stream(isTTY: boolean): { stream: NodeJS.WriteStream; written(): string } {
  let written = '';
  const write = (text: string): boolean => {
    written += text;
    return true;
  };
  const kept = { isTTY, columns: 120, rows: 40, write };
  return { stream: kept as unknown as NodeJS.WriteStream, written: () => written };
}

describe('progress', () => {
  const half = { doing: 'sending', done: 50, total: 100, detail: '1,234 messages, 500/s, 0:02 left' };

  it('is a bar on a terminal, with what is beside it, and gives the cursor back', () => {
    const terminal = stream(true);
    const progress = createProgress(true, terminal.stream);
    progress.show(half);
    progress.stop();
    expect(terminal.written()).toMatch(/sending █{15}░{15} 50 % {2}1,234 messages, 500\/s, 0:02 left/);
    expect(terminal.written().lastIndexOf('\x1b[?25h')).toBeGreaterThan(
      terminal.written().indexOf('\x1b[?25l'),
    );
  });

  it('is no bar where nobody knows how much there is', () => {
    const terminal = stream(true);
    const progress = createProgress(true, terminal.stream);
    progress.show({ ...half, total: undefined });
    progress.stop();
    expect(terminal.written()).toContain('sending  1,234 messages');
    expect(terminal.written()).not.toMatch(/[█░%]/);
  });

  it('is a plain line now and then elsewhere, and one for each thing that is done', () => {
    const pipe = stream(false);
    const progress = createProgress(true, pipe.stream);
    progress.show(half);
    progress.show({ ...half, done: 60 });
    progress.show({ doing: 'indexing', done: 1, total: 3, detail: '1 of 3 messages searchable' });
    progress.stop();
    expect(pipe.written()).toBe(
      'sending: 50 %, 1,234 messages, 500/s, 0:02 left\nindexing: 33 %, 1 of 3 messages searchable\n',
    );
  });

  it('is nothing where it is not wanted', () => {
    const terminal = stream(true);
    createProgress(false, terminal.stream).show(half);
    expect(terminal.written()).toBe('');
  });
});

describe('the rate', () => {
  it('is that of the last ten seconds, once there is a second to go by', () => {
    const meter = new RateMeter();
    expect(meter.add(0, 0)).toBeUndefined();
    expect(meter.add(100, 500)).toBeUndefined();
    expect(meter.add(300, 1_000)).toBe(300);
    // What came before has left the window: ten seconds at a hundred.
    for (let second = 2; second <= 12; second += 1) meter.add(300 + 100 * (second - 1), second * 1_000);
    expect(meter.add(1_500, 13_000)).toBeCloseTo(100, 0);
  });

  it.each([
    [500, 123, '500/s, 2:03 left'],
    [2.34, null, '2.3/s'],
    [null, 5, '0:05 left'],
    [0, Infinity, ''],
  ])('%s a second and %s s left: %s', (rate, left, expected) => expect(pace(rate, left)).toBe(expected));
});
