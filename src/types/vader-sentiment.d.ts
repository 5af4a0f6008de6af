declare module 'vader-sentiment' {
  /** A text and its words. */
  export interface VaderText {
    text: string;
    get_words_and_emoticons(): string[];
  }

  export const SentimentIntensityAnalyzer: {
    /** `compound` is between −1 and 1. */
    polarity_scores(text: string): { neg: number; neu: number; pos: number; compound: number };
    sentiment_valence(
      valence: number,
      text: VaderText,
      item: string,
      index: number,
      sentiments: number[],
    ): number[];
  };
}
