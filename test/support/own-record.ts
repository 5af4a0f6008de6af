import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** A database of its own on the tests' Postgres, for what would be seen by every process on the shared one. */
export interface OwnRecord {
  url: string;
  drop(): Promise<void>;
}

/** Makes an empty database. */
export async function createOwnRecord(): Promise<OwnRecord> {
  const shared = process.env['DATABASE_URL']!;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = async (statement: string): Promise<void> => {
    const client = new Client({ connectionString: shared });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await admin(`CREATE DATABASE ${name}`);
  const url = new URL(shared);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => admin(`DROP DATABASE ${name} WITH (FORCE)`) };
}
