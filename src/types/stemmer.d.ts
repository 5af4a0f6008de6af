declare module 'stemmer' {
  /** The Porter stem of one English word. */
  function stemmer(word: string): string;
  export = stemmer;
}
