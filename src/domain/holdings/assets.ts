/** What is held: a ticker if it has a known one, and what people call it. */
export interface Asset {
  ticker?: string;
  asset?: string;
}

/** Names that people say, with the tickers of their main listings. */
const COMPANIES: Readonly<Record<string, string>> = {
  Adobe: 'ADBE',
  Airbnb: 'ABNB',
  Alibaba: 'BABA',
  Alphabet: 'GOOGL',
  Amazon: 'AMZN',
  'American Express': 'AXP',
  Apple: 'AAPL',
  'AT&T': 'T',
  'Bank of America': 'BAC',
  'Berkshire Hathaway': 'BRK.B',
  Berkshire: 'BRK.B',
  Boeing: 'BA',
  Chevron: 'CVX',
  Cisco: 'CSCO',
  'Coca-Cola': 'KO',
  'Coca Cola': 'KO',
  Coinbase: 'COIN',
  Costco: 'COST',
  Disney: 'DIS',
  ExxonMobil: 'XOM',
  Exxon: 'XOM',
  Facebook: 'META',
  Ford: 'F',
  GameStop: 'GME',
  'General Electric': 'GE',
  'General Motors': 'GM',
  'Goldman Sachs': 'GS',
  Google: 'GOOGL',
  'Home Depot': 'HD',
  Intel: 'INTC',
  'Johnson & Johnson': 'JNJ',
  JPMorgan: 'JPM',
  'JP Morgan': 'JPM',
  Mastercard: 'MA',
  "McDonald's": 'MCD',
  Meta: 'META',
  Microsoft: 'MSFT',
  Moderna: 'MRNA',
  Netflix: 'NFLX',
  Nike: 'NKE',
  Novartis: 'NVS',
  'Novo Nordisk': 'NVO',
  Nvidia: 'NVDA',
  Oracle: 'ORCL',
  Palantir: 'PLTR',
  PayPal: 'PYPL',
  Pepsi: 'PEP',
  PepsiCo: 'PEP',
  Pfizer: 'PFE',
  'Procter & Gamble': 'PG',
  Qualcomm: 'QCOM',
  Rivian: 'RIVN',
  Salesforce: 'CRM',
  SAP: 'SAP',
  Shell: 'SHEL',
  Shopify: 'SHOP',
  Siemens: 'SIE',
  Snowflake: 'SNOW',
  Sony: 'SONY',
  Spotify: 'SPOT',
  Starbucks: 'SBUX',
  Tesla: 'TSLA',
  Toyota: 'TM',
  Uber: 'UBER',
  Visa: 'V',
  Volkswagen: 'VOW3',
  Walmart: 'WMT',
};
const COINS: Readonly<Record<string, string>> = {
  bitcoin: 'BTC',
  bitcoins: 'BTC',
  cardano: 'ADA',
  dogecoin: 'DOGE',
  ether: 'ETH',
  ethereum: 'ETH',
  litecoin: 'LTC',
  ripple: 'XRP',
  solana: 'SOL',
};
/** Held without a ticker. */
const THINGS =
  'gold|silver|platinum|crypto|(?:(?!(?:an?|the|my|our|some|in|into|of|and|own)\\b)[a-z]+ )?(?:index|mutual) funds?|money market funds?|target date funds?|(?:world |global |bond |dividend |tech |clean energy )?etfs?|(?:treasury |government |corporate |municipal )bonds?|bonds|treasur(?:y bills|ies)|reits?|index|nasdaq|s&p 500(?: index)?(?: funds?| etfs?)?';
/** Upper-case words that are no tickers, or hardly ever: what people work with, learn, drive and fall ill with. */
const NO_TICKERS = new Set(
  'A ADD ADHD ADL AI AM AND API ASAP ATM ATV AUD BBC BBQ BMI BMW BP BPM BS BSC CAD CBD CBT CEO CFO CHF COPD COVID CPAP CPI CPR CT CTO CV DCA DIY DJ DNA DVD ECG EKG EP ER ETF ETFS EU EUR FAQ FBI FOMO FTSE FYI GAD GBP GDP GERD GI GLP GP GPA GPS GPU HDL HIIT HIV HOA HPV HR HRT HSA I IBS ICU ID IEP IPO IQ IRA IRS ISA IT IUD IVF JPY KPI KPIS LDL LED LGBT LLC LOL MBA MD MMR MRI MSC NASA NFT NFTS NHS NICU NO NOT NOW NYC OCD OK OKR OKRS OMG PC PCOS PCP PCR PDF PE PHD PIN PM PMDD PMS PR PSA PTA PTO PTSD QA REIT RN ROI ROTH RSI RSVP RV SAT SATS SEC SIP SQL SSN STD STI SUV TAX TB TED THE TMJ TSA TV UI UK UN URL US USA USB USD UTI UX VA VAT VHS VIP VR WFH WIFI WOW XL YES YOLO YTD'.split(
    ' ',
  ),
);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const longestFirst = (names: string[]): string[] => names.sort((a, b) => b.length - a.length);
const COMPANY_BY_NAME = new Map(
  Object.entries(COMPANIES).map(([name, ticker]) => [name.toLowerCase(), { name, ticker }]),
);
const NAMES = longestFirst([...Object.keys(COMPANIES), ...Object.keys(COINS)])
  .map(escaped)
  .join('|');
const KNOWN = new RegExp(`(?<![\\p{L}\\p{N}])(?:${NAMES})(?![\\p{L}\\p{N}])`, 'giu');
const THING = new RegExp(`\\b(?:${THINGS})(?![\\p{L}])`, 'giu');
const TICKER = /\$([A-Za-z]{1,5}(?:\.[A-Z])?)\b|(?<![\p{L}\p{N}])([A-Z]{2,5}(?:\.[A-Z])?)(?![\p{L}\p{N}])/gu;
/** "shares of Acme Corp", "10 Acme shares", "Acme stock". */
const NAMED_BESIDE =
  /\b(?:shares?|stocks?|stake)\s+(?:of|in)\s+(?:the\s+)?(\p{Lu}[\p{L}\p{N}&.'’-]*(?:\s+\p{Lu}[\p{L}\p{N}&.'’-]*){0,2})|(?<![\p{L}\p{N}])(\p{Lu}[\p{L}\p{N}&'’-]+(?:\s+\p{Lu}[\p{L}\p{N}&'’-]+)?)\s+(?:shares?|stocks?)\b/gu;
const SHARES_AS_VERB = /^\s+(?:my|his|her|their|our|your|its|the|an?|it|with|everything|stories|photos)\b/i;
const NO_NAMES =
  /^(?:I|My|The|We|Our|These|Those|His|Her|Their|Some|All|Half|Should|Bought|Sold|Today|Yesterday)$/i;

/** How an asset is named: what its name may mean besides. */
export type AssetKind = 'company' | 'coin' | 'cashtag' | 'symbol' | 'beside shares' | 'thing';

/** A mention of an asset in a text, by its place. */
export interface AssetMention extends Asset {
  kind: AssetKind;
  index: number;
  length: number;
}

/** The assets that a text mentions, in order, each place once. */
export function assetsIn(text: string): AssetMention[] {
  const found: AssetMention[] = [];
  const add = (kind: AssetKind, index: number, length: number, asset: Asset): void => {
    const overlaps = found.some((one) => index < one.index + one.length && one.index < index + length);
    if (!overlaps) found.push({ kind, index, length, ...asset });
  };
  for (const match of text.matchAll(KNOWN)) {
    const name = match[0].toLowerCase();
    const company = COMPANY_BY_NAME.get(name);
    if (company) {
      // "apple" and "target" are words as well: a company is written as one, or has shares beside it.
      if (/^\p{Lu}/u.test(match[0]) || sharesBeside(text, match.index, match[0].length))
        add('company', match.index, match[0].length, { ticker: company.ticker, asset: company.name });
    } else
      add('coin', match.index, match[0].length, {
        ticker: COINS[name]!,
        asset: capitalised(name.replace(/s$/, '')),
      });
  }
  for (const match of text.matchAll(TICKER)) {
    const symbol = (match[1] ?? match[2])!.toUpperCase();
    if (match[1] !== undefined || !NO_TICKERS.has(symbol))
      add(match[1] === undefined ? 'symbol' : 'cashtag', match.index, match[0].length, { ticker: symbol });
  }
  for (const match of text.matchAll(NAMED_BESIDE)) {
    // "Anna shares my view"
    if (match[1] === undefined && SHARES_AS_VERB.test(text.slice(match.index + match[0].length))) continue;
    const name = (match[1] ?? match[2])!.replace(/['’]s$/, '').replace(/[.,]+$/, '');
    const at = match.index + match[0].indexOf(name);
    if (!NO_NAMES.test(name)) add('beside shares', at, name.length, { asset: name });
  }
  for (const match of text.matchAll(THING))
    add('thing', match.index, match[0].length, { asset: match[0].toLowerCase() });
  return found.sort((a, b) => a.index - b.index);
}

function sharesBeside(text: string, index: number, length: number): boolean {
  return (
    /^(?:['’]s)?\s+(?:shares?|stocks?)\b/i.test(text.slice(index + length)) ||
    /\b(?:shares?|stocks?)\s+(?:of|in)\s+$/i.test(text.slice(0, index))
  );
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
