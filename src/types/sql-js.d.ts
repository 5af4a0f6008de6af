declare module 'sql.js' {
  interface Database {
    exec(sql: string): { columns: string[]; values: (string | number | Uint8Array | null)[][] }[];
    close(): void;
  }
  /** Starts SQLite, compiled to WebAssembly; its databases are in memory. */
  export default function initSqlJs(): Promise<{ Database: new (bytes: Uint8Array) => Database }>;
}
