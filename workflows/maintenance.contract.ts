/** Jobs that keep the record tidy, each run by a schedule of its own and by hand. */
export const MAINTENANCE_JOBS = ['expire', 'compact', 'promote'] as const;
export type MaintenanceJob = (typeof MAINTENANCE_JOBS)[number];

export const MAINTENANCE_WORKFLOW = 'maintenance';

/**
 * What a job did, or in a dry run would do. expire: `expired` memories past their time and `purged` deleted ones, whose
 * texts are gone now. compact: `examined` memories, `merged` into `created` ones. promote: `promoted` memories.
 */
export type MaintenanceCounts = Record<string, number>;

/** What a maintenance run is started with; `carried` only by itself, when it continues as new. */
export interface MaintenanceInput {
  job: MaintenanceJob;
  dryRun: boolean;
  /** Null: of every namespace. */
  namespace: string | null;
  /** Null: of every user. */
  userId: string | null;
  carried?: MaintenancePage;
}

export interface MaintenancePage {
  counts: MaintenanceCounts;
  /** Where to go on: a hash, so that no user's id is in a history. Null: all is done. */
  next: string | null;
}

export interface MaintenanceActivities {
  /** Does a part of a job, some seconds' worth. */
  maintain(input: MaintenanceInput & { from: string | null }): Promise<MaintenancePage>;
}
