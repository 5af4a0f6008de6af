import type { FuseWeights } from '../../src/recall/scoring/fuse';
import type { GATE_WEIGHTS } from '../../src/recall/scoring/gate';
import type { Interval, ReliabilityBin } from './measures';
import type { RecallFigures } from './recall-figures';

/** What was measured, where and of what; shares are percentages. */
export interface Report {
  data: string;
  commit: string;
  node: string;
  url: string;
  configuration: {
    embedder: string;
    language_model: string;
    retrieve_limit: number;
    min_similarity: number;
    weights: FuseWeights;
    gate_weights: typeof GATE_WEIGHTS;
  };
  health: unknown;
  taken_at: string;
  import_seconds: number;
  retrieve_ms: Record<'p50' | 'p95' | 'p99', number | null>;
  recall: Record<string, RecallFigures>;
  recall_at_10_by_conversation: Record<string, number | null>;
  /** Evidence within a context block, by tokens; null where there is no such route. */
  context: Record<string, number | null> | null;
  injected: Record<string, { questions: number; injected: number | null }>;
  reliability: { of_memories: ReliabilityBin[]; of_questions: ReliabilityBin[] };
}

type Say = (line: string) => void;

/** The report as tables for a terminal. */
export function printReport(report: Report, say: Say): void {
  say(`commit ${report.commit}, Node ${report.node}, ${report.url}, imported in ${report.import_seconds} s`);
  const { embedder, language_model: model, retrieve_limit: limit, min_similarity } = report.configuration;
  say(
    `embedder ${embedder}, language model ${model}; ${limit} memories a question, injected from ${min_similarity}`,
  );
  const { p50, p95, p99 } = report.retrieve_ms;
  say(`/v1/retrieve: p50 ${inMs(p50)}, p95 ${inMs(p95)}, p99 ${inMs(p99)}\n`);

  const rows = Object.entries(report.recall).map(([name, figures]) => [
    name,
    String(figures.questions),
    ...Object.values(figures.recall_at).map(percent),
    interval(figures.recall_at_10_interval),
    ...Object.values(figures.recall_in_tokens).map(percent),
  ]);
  table(['', 'questions', 'R@5', 'R@10', 'R@20', '95 % of R@10', 'T500', 'T1000', 'T2000'], rows, say);
  const each = Object.entries(report.recall_at_10_by_conversation);
  say(`R@10 by conversation: ${each.map(([id, value]) => `${id} ${percent(value)}`).join(', ')}`);
  if (report.context) {
    const blocks = Object.entries(report.context);
    say(
      `evidence in a context block: ${blocks.map(([tokens, value]) => `${percent(value)} in ${tokens} tokens`).join(', ')}`,
    );
  }
  say('');
  table(
    ['asked', 'questions', 'something injected'],
    Object.entries(report.injected).map(([kind, { questions, injected }]) => [
      kind,
      String(questions),
      percent(injected),
    ]),
    say,
  );
  const bins = (title: string, of: readonly ReliabilityBin[]): void => {
    say('');
    table(
      [title, 'how many', 'mean', 'relevant'],
      of.map((bin) => [
        `${bin.from.toFixed(1)}–${bin.to.toFixed(1)}`,
        String(bin.count),
        bin.mean_score.toFixed(2),
        percent(bin.relevant),
      ]),
      say,
    );
  };
  bins('relevance of memories', report.reliability.of_memories);
  bins('best of a question', report.reliability.of_questions);
}

/** Columns padded to their widest cell; the first to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], say: Say): void {
  const widths = head.map((cell, c) => Math.max(cell.length, ...rows.map((row) => row[c]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  ');
  for (const row of [head, ...rows]) say(line(row));
}

function percent(value: number | null | undefined): string {
  return typeof value === 'number' ? value.toFixed(1) : '–';
}

function interval(value: Interval | null): string {
  return value ? `${value[0].toFixed(1)}–${value[1].toFixed(1)}` : '–';
}

function inMs(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} ms`;
}
