import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema, loadConfig } from './config';

describe('the configuration', () => {
  it('is in the README, each variable with its default', () => {
    const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
    const defaults = loadConfig({}) as Record<string, unknown>;
    for (const name of Object.keys(configSchema.shape)) {
      const row = new RegExp(`^\\| \`${name}\`\\s+\\| (.*?)\\s*\\|`, 'm').exec(readme);
      const shown = row?.[1]?.replace(/`/g, '');
      expect([name, shown]).toEqual([name, String(defaults[name])]);
    }
  });

  it('names each variable that is wrong', () => {
    expect(() => loadConfig({ PORT: 'x', EMBEDDER: 'magic' })).toThrow(/PORT: .*; EMBEDDER: /);
  });
});
