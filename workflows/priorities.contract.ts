/** Live conversations go before imports (1 is first, 5 last); servers that know no priorities ignore it. */
export const LIVE_PRIORITY_KEY = 2;
export const IMPORT_PRIORITY_KEY = 4;
