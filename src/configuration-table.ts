import { configSchema, loadConfig } from './config';

const HEADER = ['variable', 'default', 'meaning'];

/** The README's table of every environment variable, made from the schema that reads them; Markdown, as prettier has it. */
export function configurationTable(): string {
  const defaults = loadConfig({}) as Record<string, unknown>;
  const rows = Object.entries(configSchema.shape).map(([name, field]) => {
    const value = String(defaults[name]);
    return [`\`${name}\``, value === '' ? '' : `\`${value}\``, field.description ?? ''];
  });
  const widths = HEADER.map((title, column) =>
    Math.max(...[HEADER, ...rows].map((row) => [...row[column]!].length), title.length),
  );
  const line = (cells: string[], fill: string): string =>
    `| ${cells.map((cell, column) => cell + fill.repeat(widths[column]! - [...cell].length)).join(' | ')} |`;
  const rule = line(['', '', ''], '-');
  return [line(HEADER, ' '), rule, ...rows.map((row) => line(row, ' '))].join('\n');
}

/** Puts the table where a document has one with this header. @throws Error when it has none */
export function withConfigurationTable(document: string): string {
  const table = /^\| variable +\| default +\| meaning +\|\n(?:\|.*\n)+/m;
  if (!table.test(document)) throw new Error('the document has no table of variable, default and meaning');
  return document.replace(table, () => `${configurationTable()}\n`);
}
