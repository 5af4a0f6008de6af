/** What the command line ends with. */
export const EXIT = {
  done: 0,
  /** The work failed, or some of it did: rejections, problems in the file. */
  failed: 1,
  usage: 2,
  /** The server could not be reached. */
  unreachable: 3,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error for the person at the terminal: what went wrong, and what to do next. */
export class CliError extends Error {
  override name = 'CliError';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    /** What to do next, a line each. */
    readonly advice: string[] = [],
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
  }
}
