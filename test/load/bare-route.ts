import express from 'express';
import { createPool } from '../../src/record/pool';

/**
 * What the accept path is measured against: an Express route that parses JSON and makes the same rows with one prepared
 * INSERT, with the same indexes, pool and answer, but no lock, no gapless seqs, no duplicates, no validation, no workflow.
 * Started as a process of its own with DATABASE_URL, PORT and DB_POOL_SIZE.
 */
const TABLE = `
  CREATE TABLE IF NOT EXISTS bench_messages (LIKE messages INCLUDING ALL);
  CREATE SEQUENCE IF NOT EXISTS bench_seq;`;
const INSERT = {
  name: 'bare-insert',
  text: `INSERT INTO bench_messages (namespace, user_id, conversation_id, seq, message_id, role, name, content, said_at,
                                     stored_at, metadata)
         SELECT $1, $2, $3, nextval('bench_seq'), gen_random_uuid()::text, m.role, NULL, m.content, NULL, clock_timestamp(), '{}'
           FROM jsonb_to_recordset($4) AS m (role text, content text) RETURNING seq`,
};

async function main(): Promise<void> {
  const pool = createPool({
    url: process.env['DATABASE_URL']!,
    size: Number(process.env['DB_POOL_SIZE'] ?? 20),
  });
  await pool.query(TABLE);
  const app = express();
  app.use(express.json());
  app.post('/insert', async (req, res) => {
    const { user_id: userId, conversation_id: conversationId, messages } = req.body;
    const values = ['bench', userId, conversationId, JSON.stringify(messages)];
    const result = await pool.query({ ...INSERT, values });
    res.json({ conversation_id: conversationId, seqs: result.rows.map((row) => row.seq) });
  });
  app.listen(Number(process.env['PORT']), '127.0.0.1');
}

void main();
