/** Whose memories a job works on; null: everybody's. */
export interface Scope {
  namespace: string | null;
  userId: string | null;
}
