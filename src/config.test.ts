import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema, loadConfig } from './config';
import { withConfigurationTable } from './configuration-table';

describe('the configuration', () => {
  it('is in the README, each variable with its default: `npm run configuration` writes it', () => {
    const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
    expect(readme).toBe(withConfigurationTable(readme));
  });

  it('says what each variable means', () => {
    const unsaid = Object.entries(configSchema.shape).filter(([, field]) => !field.description);
    expect(unsaid.map(([name]) => name)).toEqual([]);
  });

  it('names each variable that is wrong', () => {
    expect(() => loadConfig({ PORT: 'x', EMBEDDER: 'magic' })).toThrow(/PORT: .*; EMBEDDER: /);
  });
});
