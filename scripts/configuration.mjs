import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `npm run configuration`: writes the README's table of environment variables anew from the schema. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { withConfigurationTable } = require(join(root, 'dist/src/configuration-table.js'));
const readme = join(root, 'README.md');
writeFileSync(readme, withConfigurationTable(readFileSync(readme, 'utf8')));
