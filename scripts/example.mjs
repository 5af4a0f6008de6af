import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist', 'examples');
const SHARED = ['model.js', 'model-service.js', 'setting.js'];

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.js') && !SHARED.includes(file))
  .map((file) => file.slice(0, -'.js'.length));
const [name] = process.argv.slice(2);
if (names.includes(name)) await import(join(FOLDER, `${name}.js`));
else {
  console.error(`npm run example -- NAME, where NAME is one of: ${names.join(', ')}`);
  process.exitCode = 2;
}
