/** Origins whose web pages may call the API; `*`: all. */
export type PageOrigins = '*' | ReadonlySet<string>;

/** What is said of a text that names other things. */
export const ORIGINS_FORM =
  'must be origins such as https://app.example, or *, with commas between: no path, no slash at the end';

/** Whether a text names origins as browsers send them, to the letter. */
export function namesOrigins(text: string): boolean {
  return namedIn(text).every(isOrigin);
}

export function pageOriginsIn(text: string): PageOrigins {
  const named = new Set(namedIn(text));
  return named.has('*') ? '*' : named;
}

function namedIn(text: string): string[] {
  return text.split(',').flatMap((one) => one.trim() || []);
}

/** The schemes of browsers' extensions have no rules; `null` is what pages of nowhere send, whoever made them. */
function isOrigin(text: string): boolean {
  if (text === '*') return true;
  if (!/^[a-z][a-z\d+.-]*:\/\/[^/\s]+$/.test(text)) return false;
  return !/^https?:/.test(text) || (URL.canParse(text) && new URL(text).origin === text);
}
