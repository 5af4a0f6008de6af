import type { ImportTotals } from '../domain/import';

/** What `POST /v1/imports` answers. */
export interface ImportReceipt {
  import_id: string;
  lines: number;
  messages: number;
  accepted: number;
  duplicates: number;
  rejected: number;
  workflow_id?: string;
  workflow_url?: string;
  status_url?: string;
}

/** What `GET /v1/imports/{id}` answers. */
export interface ImportStatus {
  import_id: string;
  status: string;
  totals: ImportTotals;
  rate_per_second?: number | null;
  seconds_left?: number | null;
  waiting_for?: string | null;
  created_at?: string;
  workflow_id?: string | null;
  workflow_url?: string;
}

/** A line of `GET /v1/imports/{id}/rejections`. */
export interface Rejection {
  line: number;
  reason: string;
}

const FINAL: readonly string[] = ['completed', 'completed_with_errors', 'cancelled'];

/** Whether nothing more will happen to it by itself. */
export function isOver(status: Pick<ImportStatus, 'status'>): boolean {
  return FINAL.includes(status.status);
}

/** The path of an import, or of something below it. */
export function importPath(id: string, below = ''): string {
  return `/v1/imports/${encodeURIComponent(id)}${below}`;
}
