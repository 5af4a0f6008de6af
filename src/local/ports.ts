import { createServer } from 'node:net';

const MAX_PORT = 65_535;
const STEPS_ASIDE = 200;
/** Below the range that Linux and macOS hand to outgoing connections, so that none of those takes it meanwhile. */
const RANDOM_FIRST_PORT = 20_000;
const RANDOM_LAST_PORT = 32_000;

/** A port that somebody named is taken by another program. */
export class PortTakenError extends Error {
  override name = 'PortTakenError';

  constructor(
    readonly port: number,
    what: string,
    howOut: string,
  ) {
    super(`port ${port} (${what}) is taken by another program. ${howOut}`);
  }
}

/** Chooses ports for one stack; never hands out the same one twice. */
export class PortChooser {
  private readonly chosen = new Set<number>();

  constructor(private readonly random = false) {}

  /** The port that somebody asked for by name. @throws PortTakenError */
  async exactly(port: number, what: string, howOut: string): Promise<number> {
    if (this.chosen.has(port) || !(await isPortFree(port))) throw new PortTakenError(port, what, howOut);
    this.chosen.add(port);
    return port;
  }

  /**
   * The preferred port, or the nearest free one above it, with `count - 1` free ones right behind it. A chooser made
   * `random` disregards the preference.
   */
  async near(preferred: number, count = 1): Promise<number> {
    const first = this.random ? randomPort() : preferred;
    for (let port = first; port < Math.min(first + STEPS_ASIDE, MAX_PORT); port += 1) {
      const run = Array.from({ length: count }, (_, offset) => port + offset);
      if (!(await this.allFree(run))) continue;
      for (const one of run) this.chosen.add(one);
      return port;
    }
    throw new Error(
      `no free port from ${first} to ${first + STEPS_ASIDE}: end some programs, or name a free one`,
    );
  }

  private async allFree(run: number[]): Promise<boolean> {
    for (const port of run) if (this.chosen.has(port) || !(await isPortFree(port))) return false;
    return true;
  }
}

/** Whether a server could listen on this port, on loopback and on every address. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '0.0.0.0'));
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function randomPort(): number {
  return RANDOM_FIRST_PORT + Math.floor(Math.random() * (RANDOM_LAST_PORT - RANDOM_FIRST_PORT));
}
