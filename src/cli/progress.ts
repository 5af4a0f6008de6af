import { SingleBar } from 'cli-progress';
import { clock, perSecond } from './words';

const LINE_EVERY_MS = 5_000;
const RATE_WINDOW_MS = 10_000;
const MS_A_SECOND = 1_000;
const BAR_CHARS = 30;

/** How far something is. */
export interface Step {
  /** `sending`, `indexing` */
  doing: string;
  done: number;
  /** Undefined where nobody knows. */
  total: number | undefined;
  /** What to say beside it. */
  detail: string;
}

/** Shows how far something is; `stop` leaves the terminal as it was. */
export interface Progress {
  show(step: Step): void;
  stop(): void;
}

/** A bar on a terminal, a plain line now and then elsewhere. Always on standard error: standard output is for results. */
export function createProgress(isWanted: boolean, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!isWanted) return { show: () => undefined, stop: () => undefined };
  return stream.isTTY ? new TerminalBar(stream) : new PlainLines(stream);
}

class TerminalBar implements Progress {
  private bar: SingleBar | undefined;
  private doing = '';

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show({ doing, done, total, detail }: Step): void {
    if (doing !== this.doing) {
      this.stop();
      this.doing = doing;
      const bar = total === undefined ? '' : ' {bar} {percentage} %';
      this.bar = new SingleBar({
        format: `${doing}${bar}  {detail}`,
        stream: this.stream,
        barsize: BAR_CHARS,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        hideCursor: true,
        // Otherwise it ends the process at Ctrl-C by itself.
        gracefulExit: false,
      });
      this.bar.start(total ?? 1, 0, { detail });
    }
    if (total !== undefined) this.bar?.setTotal(Math.max(total, 1));
    this.bar?.update(total === undefined ? 0 : total === 0 ? 1 : done, { detail });
  }

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
    this.doing = '';
  }
}

class PlainLines implements Progress {
  private nextAt = 0;
  private doing = '';

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show({ doing, done, total, detail }: Step): void {
    const now = performance.now();
    if (doing === this.doing && now < this.nextAt) return;
    this.doing = doing;
    this.nextAt = now + LINE_EVERY_MS;
    const share = total ? ` ${Math.floor((100 * done) / total)} %,` : '';
    this.stream.write(`${doing}:${share} ${detail}\n`);
  }

  stop(): void {
    this.doing = '';
  }
}

/** The rate of the last seconds. */
export class RateMeter {
  private readonly samples: Array<{ at: number; value: number }> = [];

  /** @returns how much a second; undefined before there is anything to go by */
  add(value: number, at = performance.now()): number | undefined {
    this.samples.push({ at, value });
    while (this.samples.length > 2 && at - this.samples[0]!.at > RATE_WINDOW_MS) this.samples.shift();
    const first = this.samples[0]!;
    return at - first.at < MS_A_SECOND ? undefined : ((value - first.value) * MS_A_SECOND) / (at - first.at);
  }
}

/** `1,234/s, 2:03 left`, as far as it is known. */
export function pace(rate: number | null | undefined, secondsLeft: number | null | undefined): string {
  const words = [
    rate ? perSecond(rate) : undefined,
    typeof secondsLeft !== 'number' || !Number.isFinite(secondsLeft)
      ? undefined
      : `${clock(secondsLeft)} left`,
  ];
  return words.filter((word) => word !== undefined).join(', ');
}
