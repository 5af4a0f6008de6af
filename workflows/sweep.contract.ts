/** Looks for announcements that were missed (a crash between commit and signal) and for conversations that stand still, and signals them. */
export const SWEEP_WORKFLOW = 'sweep';
export const SWEEP_SCHEDULE_ID = 'sweep';

export interface SweepResult {
  /** Conversations announced again. */
  announced: number;
  /** More are waiting than one sweep takes. */
  more: boolean;
}

export interface SweepActivities {
  announceMissed(): Promise<SweepResult>;
}
